from __future__ import annotations

import logging
import random
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.wire.livelink_udp import (
    LARGEST,
    ORDER,
    Damaged,
    LiveLinkSource,
    OtherVersion,
    parse,
    to_signal,
)
from splatavatar.errors import SourceError
from splatavatar.rig.arkit import INDEX, NAMES

Packet = Callable[..., bytes]
Recorded = Callable[[str], list[bytes]]
Send = Callable[[int, bytes], None]

VALUES = [0.01 * (index + 1) for index in range(52)] + [0.1, -0.2, 0.3, 0.4, -0.5, 0.0, -0.1, 0.2, 0.0]


def test_it_knows_every_name_once() -> None:
    assert sorted(ORDER) == sorted(NAMES)


def test_left_comes_before_right(packet: Packet) -> None:
    signal = to_signal(parse(packet(VALUES)).values, 3.0)
    # 0-based places in Unreal Engine's list: jawLeft 15, jawRight 16, mouthLeft 21, mouthRight 22, tongueOut 51.
    for name, place in (("eyeBlinkLeft", 0), ("jawLeft", 15), ("jawRight", 16), ("mouthLeft", 21), ("tongueOut", 51)):
        assert signal.arkit[INDEX[name]] == pytest.approx(0.01 * (place + 1))
    assert signal.time == 3.0
    assert signal.confidence == 1.0


def test_angles(packet: Packet) -> None:
    yawed = to_signal(parse(packet([0.0] * 52 + [0.3] + [0.0] * 8)).values, 0.0)
    np.testing.assert_allclose(yawed.head_rotation, [0, 0.3, 0], atol=1e-6)
    nodded = to_signal(parse(packet([0.0] * 52 + [0.0, 0.3] + [0.0] * 7)).values, 0.0)
    np.testing.assert_allclose(nodded.head_rotation, [0.3, 0, 0], atol=1e-6)
    looking = to_signal(parse(packet(VALUES)).values, 0.0)
    np.testing.assert_allclose(looking.gaze, [[-0.4, 0.5], [0.1, -0.2]], atol=1e-6)


@pytest.mark.shared
def test_recorded_packets_all_show_a_face(recorded: Recorded) -> None:
    signals = [to_signal(parse(packet).values, 0.0) for packet in recorded("dao")]
    assert len(signals) == 180
    assert all(signal.confidence == 1 for signal in signals)
    arkit = np.array([signal.arkit for signal in signals])
    assert arkit.max() == pytest.approx(0.9368, abs=1e-3)
    # The eyes turn as the eyeLook coefficients say: up is positive in the gaze.
    down = arkit[:, [INDEX["eyeLookDownLeft"], INDEX["eyeLookDownRight"]]].mean(1)
    pitch = np.array([signal.gaze[:, 1].mean() for signal in signals])
    assert np.corrcoef(down, pitch)[0, 1] < -0.8


@pytest.mark.shared
@pytest.mark.parametrize("name", ["eyeBlinkLeft", "jawOpen", "mouthLeft"])
def test_recorded_movements_have_their_names(recorded: Recorded, name: str) -> None:
    arkit = np.array([to_signal(parse(p).values, 0.0).arkit for p in recorded(f"debug-{name.lower()}")])
    moving = {NAMES[index] for index in np.flatnonzero(np.ptp(arkit, axis=0) > 0.5)}
    assert moving == {name}


@pytest.mark.parametrize("shape", [{"frame_time": True}, {"frame_time": False}])
def test_a_short_packet_shows_no_face(packet: Packet, shape: dict[str, Any]) -> None:
    parsed = parse(packet(None, subject="Grüße", **shape))
    assert parsed.subject == "Grüße"
    assert to_signal(parsed.values, 1.0).confidence == 0


def test_a_count_of_zero_shows_no_face(packet: Packet) -> None:
    assert parse(packet(None) + b"\0").values is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -3.0, 1e30])
def test_damaged_values(packet: Packet, value: float) -> None:
    with pytest.raises(Damaged):
        parse(packet([*VALUES[:5], value, *VALUES[6:]]))
    with pytest.raises(Damaged):
        parse(packet([*VALUES[:54], 20.0 * value, *VALUES[55:]]))


def test_damaged_packets(packet: Packet) -> None:
    whole = packet(VALUES)
    short = len(packet(None))
    ends = {len(packet(None, frame_time=False)), short, len(whole)}
    for end in range(len(whole) + 1):
        if end not in ends:
            with pytest.raises(Damaged):
                parse(whole[:end])
    with pytest.raises(Damaged):
        parse(whole + b"\0")
    with pytest.raises(Damaged):
        parse(packet(VALUES, subject="x" * 600))
    with pytest.raises(OtherVersion):
        parse(packet(VALUES, version=5))


def test_signals_come_with_the_time_of_arrival(heard: Any, send: Send, packet: Packet) -> None:
    source = LiveLinkSource(0)
    source.start(heard, lambda: 42.0)
    try:
        assert source.name == f"livelink {source.port}"
        assert source.listen == "127.0.0.1"
        send(source.port, packet(VALUES))
        send(source.port, packet(None))
        face, nobody = heard.wait(2)
    finally:
        source.stop()
        source.stop()
    assert (face.time, face.confidence) == (42.0, 1.0)
    assert nobody.confidence == 0
    assert not source.ended


def test_the_first_subject_is_followed(heard: Any, packet: Packet, caplog: pytest.LogCaptureFixture) -> None:
    source = LiveLinkSource(0)
    for number in range(5):
        source.receive(packet(VALUES, subject="one"), heard, 0.1 * number)
        source.receive(packet(VALUES, subject="two"), heard, 0.1 * number + 0.05)
    assert [signal.time for signal in heard.signals] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert len(caplog.records) == 1
    assert "'one' is followed" in caplog.text
    assert "'two' is left out" in caplog.text
    source.receive(packet(VALUES, subject="two"), heard, 60.0)
    assert heard.signals[-1].time == 60.0


def test_another_version_is_said_once(heard: Any, packet: Packet, caplog: pytest.LogCaptureFixture) -> None:
    source = LiveLinkSource(0)
    for _ in range(50):
        source.receive(packet(VALUES, version=5), heard, 0.0)
    assert not heard.signals
    assert len(caplog.records) == 1
    assert "version 5," in caplog.text
    assert "version 6" in caplog.text


def test_noise_is_no_version(heard: Any, packet: Packet, caplog: pytest.LogCaptureFixture) -> None:
    source = LiveLinkSource(0)
    for _ in range(3):
        source.receive(b"GET / HTTP/1.1\r\n\r\n", heard, 0.0)
        source.receive(b"", heard, 0.0)
    assert len(caplog.records) == 2
    assert "'GET / HTTP/1.1'" in caplog.text
    assert "version" not in caplog.text
    # The app of the MetaHuman plug-in starts with another layout.
    source.receive(b"\x01\x00" + bytes([255]) * 40, heard, 0.0)
    assert "version 1," in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:47], "cut off"),
        (lambda p: p + b"\0" * 600, "expected at most 774"),
        (lambda p: p[:-8], "236 bytes of values"),
        (lambda p: p[:-245] + b"\x34" + p[-244:], "52 values, expected 61"),
        (lambda p: p[:-4] + struct.pack(">f", 9.0), "angles"),
        (lambda p: p[:-244] + struct.pack(">f", 9.0) + p[-240:], "coefficients"),
        (lambda p: b"#bundle\0" + p, "--osc"),
        (lambda p: b"/VMC/Ext/OK\0,i\0\0\0\0\0\1", "--osc"),
        (lambda p: b"jawOpen-12|eyeBlink_L-3|", "--osc"),
    ],
)
def test_why_a_packet_is_dropped_is_said_once(
    change: Callable[[bytes], bytes], message: str, heard: Any, packet: Packet, caplog: pytest.LogCaptureFixture
) -> None:
    source = LiveLinkSource(0)
    for _ in range(4):
        source.receive(change(packet(VALUES)), heard, 0.0)
    assert not heard.signals
    assert len(caplog.records) == 1
    assert message in caplog.text


def test_a_packet_that_comes_over_and_over_shows_nobody(heard: Any, packet: Packet) -> None:
    source = LiveLinkSource(0)
    for number in range(90):
        source.receive(packet(VALUES, number=min(number, 30)), heard, number / 60)
    lost = [signal.confidence == 0 for signal in heard.signals]
    assert not any(lost[:90]) and not lost[-1]  # one second is not over yet
    for number in range(90, 120):
        source.receive(packet(VALUES, number=30), heard, number / 60)
    assert heard.signals[-1].confidence == 0
    source.receive(packet(VALUES, number=31), heard, 2.0)
    assert heard.signals[-1].confidence == 1


def test_a_face_that_holds_still_is_there(heard: Any, packet: Packet) -> None:
    source = LiveLinkSource(0)
    for number in range(600):
        source.receive(packet(VALUES, number=number), heard, number / 60)
    assert all(signal.confidence == 1 for signal in heard.signals)


def test_a_port_in_use() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(SourceError, match=f"port {port} of 127.0.0.1 is in use"):
            LiveLinkSource(port).start(lambda signal: None, time.perf_counter)


@pytest.mark.parametrize(
    ("port", "listen", "message"),
    [(70000, "127.0.0.1", "port 70000"), (0, "not an address", "no address"), (0, "192.0.2.1", "not an address of")],
)
def test_addresses_that_make_no_sense(port: int, listen: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        LiveLinkSource(port, listen).start(lambda signal: None, time.perf_counter)


def landed(heard: Any) -> int:
    """How many good packets arrived."""
    return sum(signal.arkit[0] == 0.5 and signal.arkit[1] == 0.5 for signal in heard.signals)


def bombard(count: int, heard: Any, send: Send, packet: Packet) -> int:
    """Damaged packets, and a good one after every hundred; how many good ones were sent."""
    rng = random.Random(7)
    whole = packet(VALUES)
    source = LiveLinkSource(0)
    source.start(heard, time.perf_counter)
    good = 0
    try:
        send(source.port, whole)
        heard.wait(1)
        heard.signals.clear()
        for number in range(count):
            kind = number % 3
            if kind == 0:
                bad = rng.randbytes(rng.randrange(LARGEST + 300))
            elif kind == 1:
                bad = bytearray(whole)
                for _ in range(rng.randrange(1, 9)):
                    bad[rng.randrange(len(bad))] = rng.randrange(256)
                bad[rng.randrange(5, 60)] ^= 0x80  # no longer the subject that is followed
            else:
                bad = whole[: rng.randrange(len(whole))] + rng.randbytes(rng.randrange(LARGEST))
            send(source.port, bytes(bad))
            if number % 100 == 99:
                send(source.port, packet([0.5] * 52 + [0.0] * 9, number=number))
                good += 1
                deadline = time.monotonic() + 10
                while landed(heard) < good and time.monotonic() < deadline:
                    time.sleep(0.0005)
    finally:
        source.stop()
    return good


def test_random_and_mutated_packets(heard: Any, send: Send, packet: Packet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good = bombard(3000, heard, send, packet)
    assert landed(heard) == good == 30
    assert len(caplog.records) < 10
    for signal in heard.signals:
        assert np.isfinite(signal.arkit).all()
        assert np.isfinite(signal.head_rotation).all()


@pytest.mark.slow
def test_a_hundred_thousand_packets(heard: Any, send: Send, packet: Packet, caplog: pytest.LogCaptureFixture) -> None:
    good = bombard(100_000, heard, send, packet)
    assert landed(heard) == good == 1000
    assert len(caplog.records) < 10
