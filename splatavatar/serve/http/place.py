"""Where the service listens, and whom it may be open to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import SettingsError
from splatavatar.viewer.certificate import Certificate, check_certificate
from splatavatar.viewer.server import HOST, listen, not_here
from splatavatar.viewer.share import addresses


@dataclass(frozen=True)
class ServicePlace:
    """A socket that listens."""

    listening: socket.socket
    host: str
    certificate: Certificate | None

    @property
    def address(self) -> str:
        """How it is reached from this machine."""
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{self.host}:{self.listening.getsockname()[1]}"


@contextmanager
def service_place(
    host: str, port: int, has_keys: bool, certificate: Path | None, key: Path | None
) -> Iterator[ServicePlace]:
    """Listen on ``host``, an address of this machine.

    Raises SettingsError for a port that is taken, for files that are no certificate and key, and for an address that
    others reach where ``has_keys`` is false.
    """
    here = _is_loopback(host)
    if not here and not has_keys:
        raise SettingsError(
            f"--host {host} lets the network in, and there are no API keys; name their file by --keys "
            "(splatavatar key api add NAME makes one), or listen on 127.0.0.1."
        )
    if (certificate is None) != (key is None):
        raise SettingsError("a certificate and its key go together; name both files.")
    files = None if certificate is None or key is None else check_certificate(certificate, key)
    shown = host if here else next(iter(addresses()), HOST)
    with listen(port, host) as listening:
        yield ServicePlace(listening, shown, files)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        raise not_here(host) from None
