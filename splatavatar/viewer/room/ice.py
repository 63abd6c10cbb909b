"""Servers that help people to reach each other directly. None is asked unless the host names one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from splatavatar.errors import SettingsError

_PORT = r"(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
_HOST = rf"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::{_PORT})?"
_STUN = re.compile(rf"(?:stun:)?({_HOST})")
_TURN = re.compile(rf"(?:(turns?):)?([^:@\s]+):([^@\s]+)@({_HOST})(\?transport=(?:udp|tcp))?")


def ice_servers(stun: Sequence[str], turn: Sequence[str]) -> list[dict[str, str]]:
    """The servers as browsers take them (RTCIceServer).

    ``stun`` are ``HOST[:PORT]``, ``turn`` ``USER:PASSWORD@HOST[:PORT]``, of which the password is told to everybody who
    is invited. Raises SettingsError.
    """
    servers = []
    for text in stun:
        match = _STUN.fullmatch(text)
        if match is None:
            raise SettingsError(f"--stun takes HOST or HOST:PORT, not {text!r}")
        servers.append({"urls": f"stun:{match[1]}"})
    for text in turn:
        match = _TURN.fullmatch(text)
        if match is None:
            raise SettingsError("--turn takes USER:PASSWORD@HOST or USER:PASSWORD@HOST:PORT")
        servers.append(
            {"urls": f"{match[1] or 'turn'}:{match[4]}{match[5] or ''}", "username": match[2], "credential": match[3]}
        )
    return servers
