"""Whether a name is that of this machine."""

from __future__ import annotations

import ipaddress


def is_here(host: str) -> bool:
    """Whether what is sent to ``host`` does not leave this machine, so that a key may go there as it is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
