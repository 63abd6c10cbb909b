"""How many sockets this process holds."""

from __future__ import annotations

import os


def open_sockets() -> int:
    """The number of them now; Linux alone lists them."""
    names = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
    return sum(os.readlink(name).startswith("socket:") for name in names if os.path.lexists(name))
