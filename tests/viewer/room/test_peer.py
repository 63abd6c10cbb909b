"""Connections that end while they are being agreed."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from splatavatar.viewer.room.peer import Peer
from support.open_sockets import open_sockets

pytest.importorskip("aiortc")
pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list sockets")
STEPS = 24
"""turns of the event loop in which an offer is made, and some"""


def test_who_leaves_while_sockets_are_opened_leaves_none_open() -> None:
    async def run() -> None:
        before = open_sockets()
        told: list[dict[str, Any]] = []
        for steps in range(STEPS):
            peer = Peer(True, (), told.append, lambda face: None, lambda sound: None)
            for _ in range(steps):
                await asyncio.sleep(0)
            await peer.close()
            await peer.close()
        assert told
        for _ in range(100):
            if open_sockets() <= before:
                break
            await asyncio.sleep(0.02)
        assert open_sockets() <= before

    asyncio.run(run())


def test_nothing_is_agreed_after_the_end() -> None:
    async def run() -> None:
        told: list[dict[str, Any]] = []
        peer = Peer(True, (), told.append, lambda face: None, lambda sound: None)
        await peer.close()
        peer.take({"description": {"type": "offer", "sdp": "v=0"}})
        await asyncio.sleep(0.05)
        assert told == [] and not peer.connected

    asyncio.run(run())
