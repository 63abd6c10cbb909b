"""Addresses of LiveKit servers."""

from __future__ import annotations

from urllib.parse import urlsplit

from splatavatar.errors import SettingsError
from splatavatar.printable import printable

SCHEMES = ("ws", "wss", "http", "https")


def is_server(url: str) -> bool:
    """Whether ``url`` can be that of a server: no others than LiveKit's schemes, and no password in it."""
    if not (url.isascii() and url.isprintable()):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname) and not parts.username and not parts.password


def check_server(url: str) -> None:
    """Raises SettingsError unless ``url`` can be that of a server."""
    if not is_server(url):
        raise SettingsError(
            f"{printable(url)} is no address of a LiveKit server, expected one such as wss://livekit.example.org"
        )
