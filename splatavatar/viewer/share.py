"""What lets somebody else open the page: addresses of this machine, a token in the link, the link as a QR code."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, Protocol
from urllib.parse import quote

COOKIE = "splatavatar-token"
PARAMETER = "token"
_NOWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""addresses that are nobody's (RFC 5737, RFC 3849): asking how one would get there sends nothing"""


class Admission(Protocol):
    """Says who is answered."""

    @property
    def refusal(self) -> str:
        """One sentence for whoever is not."""

    def admits(self, given: str | None) -> bool:
        """Whether who comes with the token ``given``, None without one, is answered."""


@dataclass(frozen=True)
class Token:
    """The secret that a link carries; who has none is not answered."""

    refusal: ClassVar[str] = "This link lacks its token: ask for the whole link, or for a new one."
    text: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    def admits(self, given: str | None) -> bool:
        """Whether ``given`` is it, told in a time that says nothing about how near it is."""
        return given is not None and hmac.compare_digest(given.encode(), self.text.encode())


def addresses() -> list[str]:
    """The addresses by which other machines of the network reach this one, the usual one first; loopback is none."""
    found = []
    for nowhere, family in _NOWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((nowhere, 9))
            found.append(probe.getsockname()[0].partition("%")[0])
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def link(address: str, port: int, token: Token | None, secure: bool, page: str = "") -> str:
    """The address of ``page``, of the first one where it is '', for a browser."""
    host = f"[{address}]" if ":" in address and not address.startswith("[") else address
    query = "" if token is None else f"?{PARAMETER}={quote(token.text)}"
    return f"{'https' if secure else 'http'}://{host}:{port}/{page}{query}"


def qr_code(text: str) -> str:
    """Draws ``text`` as a QR code for a terminal, two modules a character; '' without the package segno.

    It can be read before a dark background and a light one.
    """
    try:
        import segno
    except ImportError:
        return ""
    rows = [list(row) for row in segno.make_qr(text, error="l").matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    # White on black by codes of the terminal: a camera needs dark modules on a light ground, whatever the theme.
    blocks = {(0, 0): " ", (0, 1): "\u2584", (1, 0): "\u2580", (1, 1): "\u2588"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(blocks[bool(a), bool(b)] for a, b in zip(*pair, strict=True)) for pair in pairs)
    return "\n".join(f"\x1b[30;107m{line}\x1b[0m" for line in lines)
