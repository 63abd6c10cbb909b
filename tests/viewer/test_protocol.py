"""The bytes of a face."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES
from splatavatar.viewer.protocol import ANGLE, LENGTH, SIZE, decode, encode, is_newer


def face(seed: int, confidence: float = 1.0) -> FaceSignal:
    rng = np.random.default_rng(seed)
    return FaceSignal(
        float(rng.uniform(0, 1000)),
        rng.random(52).astype(np.float32),
        rng.uniform(-1, 1, 3).astype(np.float32),
        rng.uniform(-2, 2, 3).astype(np.float32),
        rng.uniform(-0.6, 0.6, (2, 2)).astype(np.float32),
        confidence,
    )


def test_the_bytes_are_those_of_the_table() -> None:
    arkit = np.zeros(52, np.float32)
    arkit[NAMES.index("jawOpen")] = 0.5
    signal = FaceSignal(
        1.234,
        arkit,
        np.array([0, math.pi / 2, 0], np.float32),
        np.array([0.1, 0, -4], np.float32),
        np.array([[0.25, 0], [0, -0.25]], np.float32),
        0.7,
    )
    coefficients = bytearray(52)
    coefficients[NAMES.index("jawOpen")] = 128
    quarter = round(0.25 / ANGLE)
    assert encode(signal, 65536 + 258) == (
        bytes([1, 1])
        + struct.pack("<HI", 258, 1234)
        + coefficients
        + struct.pack("<3h3h4h", 0, 16384, 0, round(0.1 / LENGTH), 0, -32767, quarter, 0, 0, -quarter)
    )
    assert len(encode(signal, 0)) == SIZE == 80


@given(st.integers(0, 2**32), st.integers(0, 65535), st.booleans())
def test_round_trip(seed: int, sequence: int, seen: bool) -> None:
    signal = face(seed, float(seen))
    found, number = decode(encode(signal, sequence))
    assert number == sequence
    assert found.time == pytest.approx(signal.time, abs=0.6e-3)
    np.testing.assert_allclose(found.arkit, signal.arkit, atol=1 / 510 + 1e-6)
    np.testing.assert_allclose(found.head_rotation, signal.head_rotation, atol=ANGLE)
    np.testing.assert_allclose(found.head_translation, signal.head_translation, atol=LENGTH)
    np.testing.assert_allclose(found.gaze, signal.gaze, atol=ANGLE)
    assert found.confidence == float(seen)


def test_more_than_half_a_turn_is_the_same_rotation() -> None:
    signal = face(1)
    turned = FaceSignal(
        0, signal.arkit, np.array([0, 4.0, 1.0], np.float32), signal.gaze[0].repeat(2)[:3], signal.gaze, 1
    )
    found, _ = decode(encode(turned, 0))
    np.testing.assert_allclose(
        Rotation.from_rotvec(found.head_rotation).as_matrix(),
        Rotation.from_rotvec(turned.head_rotation).as_matrix(),
        atol=3e-4,
    )


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e30])
def test_what_is_out_of_range_is_sent_as_the_nearest(value: float) -> None:
    signal = FaceSignal(
        0.0,
        np.full(52, value, np.float32),
        np.zeros(3, np.float32),
        np.full(3, value, np.float32),
        np.zeros((2, 2), np.float32),
        1.0,
    )
    found, _ = decode(encode(signal, 0))
    assert found.arkit.max() == (1.0 if value > 0 else 0.0)
    np.testing.assert_allclose(np.abs(found.head_translation), 4.0, rtol=1e-6)


@settings(max_examples=300)
@given(st.binary(max_size=100) | st.binary(min_size=78, max_size=78).map(lambda rest: b"\x01\x01" + rest))
def test_any_bytes_are_a_face_or_refused(content: bytes) -> None:
    try:
        signal, sequence = decode(content)
    except SignalError as error:
        assert str(error).startswith("a message")
        return
    assert 0 <= sequence < 65536
    assert ((signal.arkit >= 0) & (signal.arkit <= 1)).all()
    assert np.abs(signal.head_rotation).max() <= 3.1416 and np.abs(signal.head_translation).max() <= 4.0001
    again = encode(signal, sequence)
    # A rotation of more than half a turn is written as the shorter one.
    assert (again[:60], again[66:]) == (content[:60], content[66:])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a message of 0 bytes, expected 80"),
        (bytes(79), "a message of 79 bytes, expected 80"),
        (bytes([2, 1]) + bytes(78), "a message of version 2, expected 1"),
        (bytes([1, 9]) + bytes(78), "a message of kind 9, expected 1 or 129"),
        (bytes([1, 1]) + bytes(58) + b"\x00\x80" + bytes(18), "a message with a number that no driver sends"),
    ],
)
def test_refusals(content: bytes, reason: str) -> None:
    with pytest.raises(SignalError, match=reason):
        decode(content)


def test_order_survives_the_wrap() -> None:
    assert is_newer(1, 0) and is_newer(0, 65535) and is_newer(100, 65000)
    assert not is_newer(0, 0) and not is_newer(65535, 0) and not is_newer(0, 1)
