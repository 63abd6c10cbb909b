"""Epic's Live Link Face app over UDP, packets of version 6.

Big-endian: u8 version, i32 length and UTF-8 device id, i32 length and UTF-8 subject name, frame time (i32 frame,
f32 sub-frame, i32 rate numerator, i32 rate denominator), u8 count = 61, 61 x f32. A packet that ends before the count
shows no face. The layout is that of Unreal Engine's reader; recorded packets of think-biq/LLV decode byte for byte.
The last nine values are radians with the signs that ``livelink_csv`` describes. In the packets *left comes before
right* for jawLeft and mouthLeft, other than in the CSV takes of the same app.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.rotation import axis_angle_from_yaw_pitch_roll
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import Emit, nobody
from splatavatar.drive.sources.udp import LOOPBACK, UdpSource
from splatavatar.rig.arkit import NAMES

PORT = 11111
VERSION = 6
LIKELY = (1, 2, 3, 4, 5, 7, 8, 9)
"""versions that are believed even where what follows has another layout"""
LARGEST = 774
"""bytes, as Unreal Engine accepts"""
ANGLES = 9
"""head yaw, pitch, roll, then of the left and the right eye"""
LONGEST = 256
"""bytes of a device id or a subject name"""
MOST = 1.5
"""a coefficient beyond which a packet is damaged; the app itself stays in [0, 1]"""
TURN = 2 * np.pi
"""radians beyond which a packet is damaged"""
DESERTED = 3.0
"""seconds of silence, after which another subject may be followed"""

# fmt: off
ORDER: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)
# fmt: on
"""of the first 52 values of a packet"""
COLUMNS = np.array([ORDER.index(name) for name in NAMES])


@dataclass(frozen=True)
class Packet:
    """What a packet says."""

    device: str
    subject: str
    values: NDArray[np.float32] | None
    """(61), None where there is no face"""


class Damaged(ValueError):
    """Bytes that are not a packet."""


class OtherVersion(ValueError):
    """A packet of a version that is not understood."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


def parse(packet: bytes) -> Packet:
    """Raises Damaged or OtherVersion."""
    if not packet or len(packet) > LARGEST:
        raise Damaged
    try:
        device, at = _text(packet, 1)
        subject, at = _text(packet, at)
    except Damaged:
        if packet[0] in LIKELY:
            raise OtherVersion(packet[0]) from None
        raise
    if packet[0] != VERSION:
        raise OtherVersion(packet[0])
    rest = packet[at:]
    if not rest or (len(rest) == 16 or rest[16:] == b"\0"):
        return Packet(device, subject, None)
    if len(rest) < 17 or rest[16] != len(ORDER) + ANGLES or len(rest) != 17 + 4 * rest[16]:
        raise Damaged
    values = np.frombuffer(rest, ">f4", offset=17).astype(np.float32)
    # Comparisons with NaN are false.
    if not ((np.abs(values[:52]) <= MOST).all() and (np.abs(values[52:]) <= TURN).all()):
        raise Damaged
    return Packet(device, subject, values)


def to_signal(values: NDArray[np.float32] | None, time: float) -> FaceSignal:
    """The face of ``values`` (61) in the order of the packets; None is nobody."""
    if values is None:
        return nobody(time)
    yaw, pitch, roll = (float(angle) for angle in values[52:55])
    return FaceSignal(
        time,
        np.clip(values[COLUMNS], 0.0, 1.0),
        axis_angle_from_yaw_pitch_roll(yaw, pitch, roll).astype(np.float32),
        np.zeros(3, np.float32),
        -values[[[55, 56], [58, 59]]] + np.float32(0.0),  # no negative zeros
        1.0,
    )


class LiveLinkSource(UdpSource):
    """An iPhone or iPad that runs Live Link Face. The first subject heard is followed."""

    kind = "livelink"
    what = "Live Link Face"
    largest = LARGEST

    def __init__(self, port: int = PORT, listen: str = LOOPBACK) -> None:
        super().__init__(port, listen)
        self._followed: tuple[str, str] | None = None
        self._heard = 0.0

    def receive(self, packet: bytes, emit: Emit, now: float) -> None:
        """See ``UdpSource``."""
        try:
            parsed = parse(packet)
        except OtherVersion as error:
            self.notices.once(
                "version",
                f"packets of version {error.version} are not understood, expected version {VERSION} "
                "(Live Link Face in its ARKit mode).",
            )
            return
        except Damaged:
            return
        who = (parsed.device, parsed.subject)
        if self._followed is None or (who != self._followed and now - self._heard > DESERTED):
            self._followed = who
        if who != self._followed:
            ours, other = self._followed[1], parsed.subject
            if ours == other:
                ours, other = self._followed[0], parsed.device
            self.notices.once("subjects", f"several subjects are sent; {ours!r} is followed and {other!r} is left out.")
            return
        self._heard = now
        emit(to_signal(parsed.values, now))


def _text(packet: bytes, at: int) -> tuple[str, int]:
    """A length and that much UTF-8 at ``at``, and where it ends."""
    if at + 4 > len(packet):
        raise Damaged
    (length,) = struct.unpack_from(">i", packet, at)
    end = at + 4 + length
    if not 0 <= length <= LONGEST or end > len(packet):
        raise Damaged
    try:
        return packet[at + 4 : end].decode("utf-8"), end
    except UnicodeDecodeError as error:
        raise Damaged from error
