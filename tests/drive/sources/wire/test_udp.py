from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from splatavatar.drive.signal import nobody
from splatavatar.drive.sources.source import Emit
from splatavatar.drive.sources.wire import udp
from splatavatar.drive.sources.wire.followed import Sender
from splatavatar.drive.sources.wire.udp import UdpSource

Send = Callable[[int, bytes], None]


class Echo(UdpSource):
    """Understands "face" and counts."""

    kind = "echo"
    what = "somebody"

    def __init__(self) -> None:
        super().__init__(0)
        self.sizes: list[int] = []
        self.senders: set[Sender | None] = set()

    def receive(self, packet: bytes, emit: Emit, now: float, sender: Sender | None = None) -> None:
        self.sizes.append(len(packet))
        self.senders.add(sender)
        if packet == b"face":
            emit(nobody(now))
        else:
            self.leave_out_stranger(packet)


@pytest.fixture
def source(heard: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    monkeypatch.setattr(udp, "SILENCE", 0.3)
    echo = Echo()
    echo.start(heard, time.perf_counter)
    yield echo
    echo.stop()


def said(caplog: pytest.LogCaptureFixture, text: str, seconds: float = 10.0) -> None:
    """Waits until it is."""
    end = time.monotonic() + seconds
    while text not in caplog.text:
        assert time.monotonic() < end, caplog.text
        time.sleep(0.01)


def test_the_largest_datagram_there_is(source: Echo, send: Send) -> None:
    send(source.port, bytes(65_507))
    end = time.monotonic() + 10
    while not source.sizes and time.monotonic() < end:
        time.sleep(0.01)
    assert source.sizes == [65_507]
    ((address, port),) = [sender for sender in source.senders if sender is not None]
    assert address == "127.0.0.1" and port > 0


def test_nothing(source: Echo, caplog: pytest.LogCaptureFixture) -> None:
    said(caplog, f"nothing from somebody at 127.0.0.1:{source.port} yet")


def test_what_is_not_understood_is_not_heard(source: Echo, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        send(source.port, b"GET /")
    said(caplog, "left out: text that begins with 'GET /'")
    said(caplog, f"5 datagrams at 127.0.0.1:{source.port} and no face yet; the last that was left out: text")
    assert len(caplog.records) == 2


def test_a_sender_that_stops(source: Echo, send: Send, heard: Any, caplog: pytest.LogCaptureFixture) -> None:
    send(source.port, b"face")
    heard.wait(1)
    said(caplog, "nothing more from somebody")
    send(source.port, b"face")
    heard.wait(2)
    send(source.port, b"x")
    said(caplog, "1 datagrams at")
    said(caplog, "no face any more")
