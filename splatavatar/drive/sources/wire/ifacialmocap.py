"""Text packets of iFacialMocap and FaceMotion3D.

``name-value|...|=head#rx,ry,rz,px,py,pz|rightEye#x,y,z|leftEye#x,y,z|`` with values in 0 to 100 and angles in
degrees; version 2 writes ``name&value``, where values may be negative. Over TCP ``___iFacialMocap`` follows.

The angles are those of Apple's face anchor, right-handed about +X (to the subject's left), +Y up and +Z ahead, the
rig's axes: in the packets that the makers publish a face below its phone has a negative rx of the head (nose up), and
the eyes turn with their eyeLook coefficients. The place of the head is relative to the phone, wherever that stands, and
is left out.
"""

from __future__ import annotations

import math

import numpy as np

from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.recorded.spelling import arkit_index
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

END = "___iFacialMocap"
FEWEST = 10
"""coefficients, below which a text is something else"""
MOST = 200.0
"""percent, beyond which a packet is damaged"""
PARTS = {"=head": 6, "rightEye": 3, "leftEye": 3}
"""numbers after each name"""


class NotMocap(ValueError):
    """Bytes that are no packet of iFacialMocap."""


class DamagedMocap(NotMocap):
    """A packet of iFacialMocap with something that cannot be, which is said."""


def parse(packet: bytes, time: float) -> FaceSignal:
    """The face of one packet, with the confidence 0 where ``trackingStatus`` is 0. Raises NotMocap or DamagedMocap."""
    try:
        text = packet.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotMocap from error
    arkit, angles, known, tracked = np.zeros(len(NAMES), np.float32), dict[str, list[float]](), 0, True
    for part in text.removesuffix(END).strip("\r\n\0 ").split("|"):
        name, mark, numbers = part.partition("#")
        if mark:
            if name in PARTS:
                angles[name] = _numbers(name, numbers, PARTS[name])
            continue
        name, value = _pair(part)
        if name == "trackingStatus":
            tracked = _number(name, value) != 0
        index = arkit_index(name)
        if index is not None:
            known += 1
            arkit[index] = min(max(_percent(name, value) / 100.0, 0.0), 1.0)
    if 0 < known < FEWEST:
        raise DamagedMocap(f"{known} coefficients, expected 52")
    if not known:
        raise NotMocap
    if not tracked:
        return nobody(time)
    pitch, yaw, roll = np.radians(angles.get("=head", [0.0] * 6)[:3])
    gaze = np.zeros((2, 2), np.float32)
    for eye, name in enumerate(("leftEye", "rightEye")):
        down, left, _ = angles.get(name, [0.0] * 3)
        gaze[eye] = np.radians(left), -np.radians(down)
    head = axis_angle_from_yaw_pitch_roll(yaw, pitch, roll).astype(np.float32)
    return FaceSignal(time, arkit, head, np.zeros(3, np.float32), gaze + np.float32(0.0), 1.0)


def _pair(part: str) -> tuple[str, str]:
    """A name and its value; what has no value is no name."""
    name, mark, value = part.partition("&")
    if not mark:
        name, mark, value = part.partition("-")
    return (name, value) if mark else ("", "")


def _percent(name: str, text: str) -> float:
    number = _number(name, text)
    if abs(number) > MOST:
        raise DamagedMocap(f"{name} at {number:g}, expected 0 to 100")
    return number


def _numbers(name: str, text: str, count: int) -> list[float]:
    numbers = [_number(name, number) for number in text.split(",")]
    if len(numbers) < count:
        raise DamagedMocap(f"{len(numbers)} numbers for {name.lstrip('=')}, expected {count}")
    if any(abs(number) > 360.0 for number in numbers[:3]):
        raise DamagedMocap(f"angles of {name.lstrip('=')} beyond 360 degrees")
    return numbers[:count]


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise DamagedMocap(f"no number for {name.lstrip('=')}") from error
    if not math.isfinite(number):
        raise DamagedMocap(f"no number for {name.lstrip('=')}")
    return number
