"""Offers whose answer nobody waits for any more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.errors import SignalError
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from splatavatar.serve.session.session import Wanted
from support.open_sockets import open_sockets
from support.service import LoudMouth, avatar_folder

STEPS = 32
"""turns of the event loop in which an answer is made, and some"""


class Silent:
    """Takes messages and does nothing with them."""

    async def take(self, message: bytes | str, since: int) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""


async def offer() -> str:
    import aiortc

    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio", direction="recvonly")
    connection.createDataChannel("events", negotiated=True, id=1)
    await connection.setLocalDescription(await connection.createOffer())
    sdp = str(connection.localDescription.sdp)
    await connection.close()
    return sdp


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list sockets")
@pytest.mark.parametrize("ends", ["request", "session"])
def test_an_end_while_sockets_are_opened_leaves_none_open(ends: str, tmp_path: Path) -> None:
    library = Library.of(str(avatar_folder(tmp_path / "avatars")), False, "cpu", True, None)

    async def run() -> None:
        admission = Admission(8, 20, memory=lambda: None)
        registry = Registry(library, admission, Metrics(process=False), model=LoudMouth)
        sdp = await offer()
        await registry.end(await registry.open(Wanted("ann", "client", 64, 64, 25.0), None), "deleted")
        await asyncio.sleep(0.1)
        before = open_sockets()
        for steps in range(STEPS):
            session = await registry.open(Wanted("ann", "client", 64, 64, 25.0), None)
            answering = asyncio.ensure_future(session.answer(sdp, Silent))
            for _ in range(steps):
                await asyncio.sleep(0)
            if ends == "request":
                answering.cancel()
            else:
                await registry.end(session, "deleted")
            try:
                await answering
            except SignalError as error:
                assert str(error) == "the session has ended."
            except asyncio.CancelledError:
                assert ends == "request"
            await registry.end(session, "deleted")
        for _ in range(100):
            if open_sockets() <= before:
                break
            await asyncio.sleep(0.02)
        assert open_sockets() <= before
        assert admission.load == 0
        await registry.close()

    asyncio.run(run())
