"""What aiortc's data channels send, between two real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from splatavatar.drive.signal import FaceSignal
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room.lean import LATEST
from splatavatar.viewer.room.peer import Peer

pytest.importorskip("aiortc")
FACES = 60


class Pair:
    """Two people who are connected directly, and the faces that have come to each."""

    def __init__(self) -> None:
        self.came: tuple[list[bytes], list[bytes]] = [], []
        self.peers: list[Peer] = []
        for mine, other in ((0, 1), (1, 0)):

            def introduce(data: dict[str, Any], other: int = other) -> None:
                self.peers[other].take(data)

            self.peers.append(Peer(mine == 0, (), introduce, self.came[mine].append, lambda samples: None))

    def transport(self, number: int) -> Any:
        """The SCTP of one of them."""
        return self.peers[number]._connection.sctp

    def sent(self, number: int) -> tuple[int, int]:
        """Packets and bytes that one of them has sent, IP and UDP not counted."""
        stats = next(iter(self.transport(number).transport._get_stats().values()))
        return stats.packetsSent, stats.bytesSent


async def _connected(both: Pair) -> None:
    while not all(peer.connected for peer in both.peers):
        await asyncio.sleep(0.02)


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    both = Pair()
    try:
        await asyncio.wait_for(_connected(both), 30)
        yield both
    finally:
        for peer in both.peers:
            await peer.close()


async def talk(both: Pair, *numbers: int) -> None:
    for sequence in range(FACES):
        for number in numbers:
            both.peers[number].send_face(encode(FaceSignal.neutral(), sequence))
        await asyncio.sleep(1 / 60)
    await asyncio.sleep(3 * LATEST)


def test_faces_of_both_carry_the_acknowledgements_of_each_other() -> None:
    async def run() -> None:
        async with pair() as both:
            before = [both.sent(number) for number in (0, 1)]
            await talk(both, 0, 1)
            for number in (0, 1):
                packets = both.sent(number)[0] - before[number][0]
                assert FACES <= packets < 1.3 * FACES, packets
                assert len(both.came[number]) == FACES
                # Everything is acknowledged in the end.
                assert both.transport(number)._flight_size == 0 and not both.transport(number)._sent_queue

    asyncio.run(run())


def test_who_only_listens_acknowledges_seldom() -> None:
    async def run() -> None:
        async with pair() as both:
            before = both.sent(1)[0]
            await talk(both, 0)
            assert 0 < both.sent(1)[0] - before < 0.5 * FACES
            assert len(both.came[1]) == FACES and both.transport(0)._flight_size == 0

    asyncio.run(run())


def test_a_face_takes_165_bytes_with_all_headers() -> None:
    async def run() -> None:
        async with pair() as both:
            dtls = both.transport(0).transport
            assert "CHACHA20-POLY1305" in dtls._ssl.get_cipher_name()
            sizes: list[int] = []
            send = dtls.transport._send

            async def counted(data: bytes) -> None:
                sizes.append(len(data) + 28)  # of IP and UDP
                await send(data)

            dtls.transport._send = counted
            both.peers[0].send_face(encode(FaceSignal.neutral(), 0))
            await asyncio.sleep(0.1)
            assert sizes[0] == 165

    asyncio.run(run())


def test_lost_packets_hold_nothing_up() -> None:
    async def run() -> None:
        async with pair() as both:
            ice = both.transport(0).transport.transport
            send, count = ice._send, 0

            async def lossy(data: bytes) -> None:
                nonlocal count
                count += 1
                if count % 5:
                    await send(data)

            ice._send = lossy
            await talk(both, 0, 1)
            came = len(both.came[1])
            assert 0.3 * FACES < came < FACES and len(both.came[0]) > 0.8 * FACES
            ice._send = send
            await talk(both, 0)
            assert len(both.came[1]) > came + 0.8 * FACES

    asyncio.run(run())
