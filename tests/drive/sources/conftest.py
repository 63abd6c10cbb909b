"""What tests of live sources share: somebody who listens, and packets."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from splatavatar.drive.signal import FaceSignal
from support.shared import shared

PATIENCE = 10.0
"""seconds until a test gives up waiting"""


class Heard:
    """Takes signals from the thread of a source."""

    def __init__(self) -> None:
        self.signals: list[FaceSignal] = []
        self._lock = threading.Condition()

    def __call__(self, signal: FaceSignal) -> None:
        with self._lock:
            self.signals.append(signal)
            self._lock.notify_all()

    def wait(self, count: int) -> list[FaceSignal]:
        """The first ``count`` signals; fails when they do not come."""
        with self._lock:
            there = self._lock.wait_for(lambda: len(self.signals) >= count, PATIENCE)
            assert there, f"{len(self.signals)} signals came, expected {count}"
            return self.signals[:count]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def send() -> Iterator[Callable[[int, bytes], None]]:
    """``send(port, packet)`` sends a datagram to this computer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield lambda port, packet: sender.sendto(packet, ("127.0.0.1", port)) and None


def livelink_packet(
    values: Sequence[float] | None,
    subject: str = "phone",
    device: str = "5A7B9C1D-0000-4000-8000-0123456789AB",
    version: int = 6,
    frame_time: bool = True,
    number: int = 1234,
) -> bytes:
    """A packet as the app sends it; without ``values`` it shows no face."""
    packet = struct.pack(">B", version)
    for text in (device, subject):
        packet += struct.pack(">i", len(text.encode())) + text.encode()
    if frame_time:
        packet += struct.pack(">ifii", number, 0.25, 60, 1)
    if values is not None:
        packet += struct.pack(">B61f", 61, *values)
    return packet


def recorded_packets(name: str) -> list[bytes]:
    """Real packets of Live Link Face."""
    content = gzip.decompress(shared(f"livelink/{name}.gesichter").read_bytes())
    (count,) = struct.unpack_from(">I", content, 1)
    packets, at = [], 5
    for _ in range(count):
        (size,) = struct.unpack_from(">I", content, at)
        packets.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    return packets


@pytest.fixture
def packet() -> Callable[..., bytes]:
    """``packet(values, ...)`` is a packet of Live Link Face."""
    return livelink_packet


@pytest.fixture
def recorded() -> Callable[[str], list[bytes]]:
    """``recorded(name)`` are the packets of a shared recording."""
    return recorded_packets
