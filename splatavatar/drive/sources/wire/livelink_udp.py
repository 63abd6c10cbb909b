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

from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.source import Emit
from splatavatar.drive.sources.wire.followed import Sender
from splatavatar.drive.sources.wire.repetition import Repetition
from splatavatar.drive.sources.wire.strangers import stranger
from splatavatar.drive.sources.wire.udp import LOOPBACK, UdpSource
from splatavatar.printable import printable
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

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
FROZEN = 1.0
"""seconds of one packet over and over, frame number and all, after which its face is gone"""
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
    """A packet with something that cannot be, which is said."""


class NotLiveLink(Damaged):
    """Bytes that need not be a packet of Live Link Face at all."""


class OtherVersion(ValueError):
    """A packet of a version that is not understood."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


def parse(packet: bytes) -> Packet:
    """Raises Damaged (NotLiveLink is one) or OtherVersion."""
    if not packet:
        raise NotLiveLink
    try:
        device, at = _text(packet, 1)
        subject, at = _text(packet, at)
    except NotLiveLink:
        # Text and Open Sound Control begin with larger bytes.
        if packet[0] in LIKELY:
            raise OtherVersion(packet[0]) from None
        raise
    if packet[0] != VERSION:
        raise OtherVersion(packet[0])
    if len(packet) > LARGEST:
        raise Damaged(f"{len(packet)} bytes, expected at most {LARGEST}")
    rest = packet[at:]
    if not rest or len(rest) == 16 or rest[16:] == b"\0":
        return Packet(device, subject, None)
    if len(rest) < 17:
        raise Damaged("a time that is cut off")
    if rest[16] != len(ORDER) + ANGLES:
        raise Damaged(f"{rest[16]} values, expected {len(ORDER) + ANGLES}")
    if len(rest) != 17 + 4 * rest[16]:
        raise Damaged(f"{len(rest) - 17} bytes of values, expected {4 * rest[16]}")
    values = np.frombuffer(rest, ">f4", offset=17).astype(np.float32)
    # Comparisons with NaN are false.
    if not (np.abs(values[:52]) <= MOST).all():
        raise Damaged("coefficients beyond 0 to 1")
    if not (np.abs(values[52:]) <= TURN).all():
        raise Damaged("angles beyond a whole turn")
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

    def __init__(self, port: int = PORT, listen: str = LOOPBACK) -> None:
        super().__init__(port, listen)
        self._followed: tuple[str, str] | None = None
        self._heard = 0.0
        self._frozen = Repetition(FROZEN)

    def receive(self, packet: bytes, emit: Emit, now: float, sender: Sender | None = None) -> None:
        """See ``UdpSource``."""
        try:
            parsed = parse(packet)
        except OtherVersion as error:
            self.leave_out(
                "version",
                f"packets of version {error.version}, which are not understood, expected version {VERSION} "
                "(Live Link Face in its ARKit mode)",
            )
            return
        except NotLiveLink:
            self._leave_out_other(packet)
            return
        except Damaged as error:
            self.leave_out("damaged", f"a packet of Live Link Face with {error}")
            return
        who = (parsed.device, parsed.subject)
        if self._followed is None or (who != self._followed and not 0 <= now - self._heard <= DESERTED):
            self._followed = who
        if who != self._followed:
            ours, other = self._followed[1], parsed.subject
            if ours == other:
                ours, other = self._followed[0], parsed.device
            ours, other = printable(ours), printable(other)
            self.notices.once("subjects", f"several subjects are sent; '{ours}' is followed and '{other}' is left out.")
            return
        self._heard = now
        values = parsed.values
        if values is not None and self._frozen(packet, now):
            self.notices.once("frozen", "one packet comes over and over: nobody is there.")
            values = None
        emit(to_signal(values, now))

    def _leave_out_other(self, packet: bytes) -> None:
        if stranger(packet).kind == "livelink":
            self.leave_out("damaged", f"a packet of Live Link Face that is cut off, {len(packet)} bytes")
        else:
            self.leave_out_stranger(packet)


def _text(packet: bytes, at: int) -> tuple[str, int]:
    """A length and that much UTF-8 at ``at``, and where it ends."""
    if at + 4 > len(packet):
        raise NotLiveLink
    (length,) = struct.unpack_from(">i", packet, at)
    end = at + 4 + length
    if not 0 <= length <= LONGEST or end > len(packet):
        raise NotLiveLink
    try:
        return packet[at + 4 : end].decode("utf-8"), end
    except UnicodeDecodeError as error:
        raise NotLiveLink from error
