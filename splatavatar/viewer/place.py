"""Where a page is served, and to whom."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import SettingsError
from splatavatar.viewer.certificate import Certificate, check_certificate, fingerprint, own_certificate
from splatavatar.viewer.guard import LOOPBACK
from splatavatar.viewer.server import HOST, listen
from splatavatar.viewer.share import Token, addresses, link

CERTIFICATE = "certificate"
"""what a link calls the fingerprint of the certificate, in the part that is sent to nobody"""
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True)
class Place:
    """A socket that listens, and the addresses that reach it."""

    listening: socket.socket
    names: tuple[str, ...]
    """hosts by which it answers, the one to give first"""
    token: Token | None = None
    certificate: Certificate | None = None

    def address(self, query: str = "") -> str:
        """The link of the page for a browser, ``query`` (name=value&...) at its end."""
        port = self.listening.getsockname()[1]
        plain = link(self.names[0], port, self.token, self.certificate is not None)
        return plain + (("&" if self.token else "?") + query if query else "")

    def room_link(self, token: Token) -> str:
        """The invitation of one person: with the token, and the certificate by which a program knows this machine."""
        port = self.listening.getsockname()[1]
        plain = link(self.names[0], port, token, self.certificate is not None, "room.html")
        return plain if self.certificate is None else f"{plain}#{CERTIFICATE}={fingerprint(self.certificate)}"


@contextmanager
def place(
    port: int | None, share: bool = False, certificate: Path | None = None, key: Path | None = None
) -> Iterator[Place]:
    """A place on this machine alone, or with ``share`` one for its network: encrypted, and for who has the token.

    ``certificate`` and ``key`` are files in PEM; where none are given this machine signs its own.

    Raises:
        SettingsError: a port that is taken, files that are no certificate and key, or that belong to nothing shared.
        DependencyError: no package to make a certificate with.
    """
    if (certificate is None) != (key is None):
        raise SettingsError("a certificate and its key go together; name both files.")
    if not share:
        if certificate is not None:
            raise SettingsError("a certificate is for a page that is shared with the network.")
        with listen(port) as listening:
            yield Place(listening, (HOST, *LOOPBACK))
        return
    own = addresses()
    hosts = [f"[{address}]" if ":" in address else address for address in own]
    machine = socket.gethostname()
    names = (*hosts, *(name for name in (machine, f"{machine}.local") if name), *LOOPBACK)
    if certificate is not None and key is not None:
        files = check_certificate(certificate, key)
    else:
        files = own_certificate([name.strip("[]") for name in dict.fromkeys(names)])
    with listen(port, EVERYWHERE) as listening:
        yield Place(listening, names, Token(), files)
