"""The messages between a driver and its viewers: one face in 80 bytes, and words in JSON.

The table of the bytes is in docs/viewer.md. Numbers are little-endian. Everything read here comes from strangers: a
message that is not exactly as described is refused with one sentence.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES

VERSION = 1
FACE = 1
"""the kind of message that holds a face"""
SIZE = 80
"""bytes of a face"""
SEQUENCES = 1 << 16
TICKS = 1 << 32
MILLISECOND = 1e-3
LEVELS = 255
"""of a coefficient and of the confidence"""
ANGLE = math.pi / 32767
"""radians of one step of the head's rotation and of the gaze"""
LENGTH = 4.0 / 32767
"""metres of one step of the head's translation"""

LAYOUT = np.dtype(
    {
        "names": ["version", "kind", "sequence", "time", "arkit", "rotation", "translation", "gaze"],
        "formats": ["u1", "u1", "<u2", "<u4", ("u1", len(NAMES)), ("<i2", 3), ("<i2", 3), ("<i2", 4)],
        "offsets": [0, 1, 2, 4, 8, 60, 66, 72],
        "itemsize": SIZE,
    }
)
_STEPS = struct.Struct("<10h")
"""rotation, translation and gaze"""
LOST = 1 << 7
"""set in ``kind`` where no face is seen: what is sent is the last one"""


def encode(signal: FaceSignal, sequence: int, time: float | None = None) -> bytes:
    """The message of a face, ``SIZE`` bytes; ``sequence`` counts the driver's messages and wraps at 65,536.

    ``time``: seconds since the driver's start; that of the signal where None.

    Coefficients lose less than 1/510, angles 0.003 degrees, lengths 0.07 mm. A confidence of 0 is sent as a lost face,
    any other as a seen one. Numbers out of range are sent as the nearest that are in it.
    """
    message = np.zeros((), LAYOUT)
    message["version"] = VERSION
    message["kind"] = FACE | (0 if signal.confidence > 0 else LOST)
    message["sequence"] = sequence % SEQUENCES
    message["time"] = round((signal.time if time is None else time) / MILLISECOND) % TICKS
    message["arkit"] = np.rint(np.clip(signal.arkit, 0, 1) * LEVELS)
    message["rotation"] = _steps(_shortest(signal.head_rotation), ANGLE)
    message["translation"] = _steps(signal.head_translation, LENGTH)
    message["gaze"] = _steps(signal.gaze.reshape(4), ANGLE)
    return message.tobytes()


def decode(content: bytes) -> tuple[FaceSignal, int]:
    """The face of a message and its sequence number.

    ``time`` is in seconds since the driver's start, and begins anew after 49 days. Raises SignalError.
    """
    check(content)
    message = np.frombuffer(content, LAYOUT)[0]
    signal = FaceSignal(
        float(message["time"]) * MILLISECOND,
        (message["arkit"] / np.float32(LEVELS)).astype(np.float32),
        (message["rotation"] * np.float32(ANGLE)).astype(np.float32),
        (message["translation"] * np.float32(LENGTH)).astype(np.float32),
        (message["gaze"] * np.float32(ANGLE)).astype(np.float32).reshape(2, 2),
        0.0 if message["kind"] & LOST else 1.0,
    )
    return signal, int(message["sequence"])


def check(content: bytes) -> None:
    """Raises SignalError unless ``content`` is the message of a face."""
    if len(content) != SIZE:
        raise SignalError(f"a message of {len(content)} bytes, expected {SIZE}.")
    version, kind = content[0], content[1]
    if version != VERSION:
        raise SignalError(f"a message of version {version}, expected {VERSION}.")
    if kind not in (FACE, FACE | LOST):
        raise SignalError(f"a message of kind {kind}, expected {FACE} or {FACE | LOST}.")
    if min(_STEPS.unpack_from(content, SIZE - _STEPS.size)) < -32767:
        raise SignalError("a message with a number that no driver sends.")


def is_newer(sequence: int, than: int) -> bool:
    """Whether a message comes after another, by their sequence numbers (serial number arithmetic, RFC 1982)."""
    return 0 < (sequence - than) % SEQUENCES < SEQUENCES // 2


def _shortest(rotation: np.ndarray) -> np.ndarray:
    """The same rotation by at most half a turn."""
    angle = float(np.linalg.norm(rotation))
    if angle <= math.pi or not math.isfinite(angle):
        return rotation
    return rotation * (math.remainder(angle, 2 * math.pi) / angle)


def _steps(values: np.ndarray, step: float) -> np.ndarray:
    return np.rint(np.clip(values / step, -32767, 32767))
