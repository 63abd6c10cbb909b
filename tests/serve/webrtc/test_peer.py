"""What of offers is answered."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("aiortc")
from splatavatar.errors import SignalError
from splatavatar.serve.webrtc.peer import MOST_CANDIDATES, MOST_SECTIONS, Peer

CANDIDATE = "a=candidate:{0} 1 udp 1 192.0.2.1 9 typ host"
"""of an address that nobody has"""


async def offer() -> str:
    """One that is answered."""
    import aiortc

    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    sdp = str(connection.localDescription.sdp)
    await connection.close()
    return sdp


async def answer(sdp: str) -> str:
    peer = Peer((), None, lambda *sound: None, lambda message: None, lambda peer: None)
    try:
        return await peer.answer(sdp)
    finally:
        await peer.close()


def test_an_offer_is_answered() -> None:
    async def run() -> str:
        return await answer(await offer())

    assert "m=audio" in asyncio.run(run())


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\v", "\x85", "\u2028"], ids=ascii)
@pytest.mark.parametrize("what", ["candidates", "sections"])
def test_there_are_bounds_however_lines_end(what: str, end: str) -> None:
    async def run() -> None:
        sdp = await offer()
        if what == "candidates":
            more = end.join(CANDIDATE.format(number) for number in range(MOST_CANDIDATES + 1))
        else:
            section = sdp[sdp.index("m=audio") :].splitlines()
            more = end.join(section * MOST_SECTIONS)
        with pytest.raises(SignalError, match="more than"):
            await answer(sdp.rstrip() + end + more + "\r\n")

    asyncio.run(run())
