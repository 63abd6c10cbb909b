"""The link of an invitation, as a program reads it."""

from __future__ import annotations

import hmac
import http.client
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from splatavatar.errors import RoomError, SettingsError
from splatavatar.viewer.certificate import of_certificate
from splatavatar.viewer.place import CERTIFICATE
from splatavatar.viewer.share import PARAMETER

EXPECTED = "expected the whole link of an invitation, as splatavatar room prints it"
PATIENCE = 20.0
"""seconds that the server may take to answer"""
LATER = (408, 429, 500, 502, 503, 504)
"""statuses of a server that may take later what it does not take now"""


class Absent(RoomError):
    """The server does not answer now; it may later."""


@dataclass(frozen=True)
class RoomLink:
    """The address of a room, who is invited, and how its server is known."""

    host: str
    port: int
    secure: bool
    token: str = field(repr=False)
    fingerprint: str | None = None
    """of the server's certificate; None: it must be one that this machine trusts"""

    @classmethod
    def parse(cls, text: str) -> RoomLink:
        """Raises SettingsError."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
            parts = urlsplit("")
        token = parse_qs(parts.query).get(PARAMETER, [""])[0]
        secure = parts.scheme == "https"
        if host is None or not token or parts.scheme not in ("http", "https"):
            raise SettingsError(f"this is no link of a room; {EXPECTED}")
        pinned = parse_qs(parts.fragment).get(CERTIFICATE, [None])[0]
        return cls(host, port or (443 if secure else 80), secure, token, pinned)

    def address(self, scheme: str, path: str) -> str:
        """The address of ``path``, with the token. ``scheme``: http or ws."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}{'s' if self.secure else ''}://{host}:{self.port}{self.query(path)}"

    def query(self, path: str) -> str:
        """The ``path`` with the token behind it."""
        return f"{path}?{PARAMETER}={quote(self.token)}"

    def context(self) -> ssl.SSLContext | None:
        """What the connections are encrypted by; None for a server of this machine that does not encrypt.

        Where the link names a fingerprint that certificate alone is trusted, and whatever it says of names: nothing,
        the token least of all, is sent to a server that has another one. Raises RoomError.
        """
        if not self.secure:
            return None
        if self.fingerprint is None:
            return ssl.create_default_context()
        try:
            shown = ssl.get_server_certificate((self.host, self.port), timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise absent(error) from error
        if not hmac.compare_digest(of_certificate(ssl.PEM_cert_to_DER_cert(shown)), self.fingerprint):
            raise RoomError(
                "the server has another certificate than the link says: somebody may be in between, or the host has a"
                " new one; ask for a new link"
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=shown)
        return context

    def put(self, path: str, content: bytes, context: ssl.SSLContext | None) -> bytes:
        """Hand ``content`` over; the answer. Raises RoomError with the server's sentence, Absent for one of now."""
        connection = (
            http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
            if context is None
            else http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=context)
        )
        try:
            connection.request("PUT", self.query(path), content)
            answer = connection.getresponse()
            said = answer.read(LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise absent(error) from error
        finally:
            connection.close()
        if answer.status != 200:
            sentence = " ".join(said.decode(errors="replace").split())
            refusal = Absent if answer.status in LATER else RoomError
            raise refusal(sentence if 0 < len(sentence) < 400 else f"the room refuses ({answer.status}).")
        return said


LONGEST_ANSWER = 4096


def absent(error: Exception) -> RoomError:
    """The sentence for a server that does not answer; an Absent unless it is one that must not be trusted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return RoomError(f"the server's certificate is not trusted; {EXPECTED}, to its end.")
    if isinstance(error, socket.gaierror):
        return Absent("the host of the link is unknown.")
    why = error.strerror if isinstance(error, OSError) else None
    return Absent(f"the server of the room does not answer{f' ({why.lower()})' if why else ''}.")
