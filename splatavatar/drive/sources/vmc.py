"""The face in messages of the VMC protocol.

``/VMC/Ext/Blend/Val`` name value sets a blendshape, ``/VMC/Ext/Blend/Apply`` makes all that were set hold; those not
sent keep their value. ``/VMC/Ext/Bone/Pos`` name p.xyz q.xyzw turns a bone relative to its parent: Neck and Head
together are the head, LeftEye and RightEye the gaze where no eyeLook coefficients are sent. A fourth argument of 0 in
``/VMC/Ext/OK`` says that the tracking is lost.

Blendshapes must have the names of ARKit ("PerfectSync"). Bones are in Unity's axes (left-handed, +Y up, the face
along +Z, +X to its right): the mirror image of the rig's axes in X. Positions of bones are lengths of bones, and the
place of the head stays at rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.osc_packet import Argument, Message
from splatavatar.drive.sources.source import nobody
from splatavatar.drive.sources.spelling import arkit_index
from splatavatar.rig.arkit import NAMES

Quaternion = NDArray[np.float64]
"""(4) wxyz"""

LOOK = frozenset(index for index, name in enumerate(NAMES) if name.startswith("eyeLook"))
BONES = ("Neck", "Head", "LeftEye", "RightEye")
MOST = 2.0
"""of a blendshape, beyond which a message is damaged"""
PATIENCE = 0.5
"""seconds without Apply, after which bones alone make a signal"""


class VmcFace:
    """What was heard so far."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._set: dict[int, float] = {}
        self._arkit = np.zeros(len(NAMES), np.float32)
        self._bones: dict[str, Quaternion] = {}
        self._tracked = True
        self._applied = -np.inf

    def hear(self, messages: Sequence[Message], now: float) -> FaceSignal | None:
        """The face after the messages of one packet; None while the frame is not complete. Skips what is damaged."""
        complete, turned = False, False
        for message in messages:
            match message.address:
                case "/VMC/Ext/Blend/Val":
                    self._blend(message.arguments)
                case "/VMC/Ext/Blend/Apply":
                    for index, value in self._set.items():
                        self._arkit[index] = value
                    self._applied = now
                    complete = complete or bool(self._set) or bool(self._bones)
                case "/VMC/Ext/Bone/Pos":
                    turned = self._bone(message.arguments) or turned
                case "/VMC/Ext/OK":
                    complete = self._ok(message.arguments) or complete
        if complete or (turned and now - self._applied > PATIENCE):
            return self._signal(now)
        return None

    def _blend(self, arguments: tuple[Argument, ...]) -> None:
        match arguments:
            case (str(name), float(value) | int(value)) if abs(value) <= MOST:  # not so for NaN
                index = arkit_index(name)
                if index is not None:
                    self._set[index] = min(max(float(value), 0.0), 1.0)
                elif not self._set:
                    self._notices.once(
                        "names", f"the blendshape {name!r} is not one of ARKit's 52; let the sender use PerfectSync."
                    )

    def _bone(self, arguments: tuple[Argument, ...]) -> bool:
        if len(arguments) < 8 or arguments[0] not in BONES:
            return False
        numbers = [float(value) for value in arguments[4:8] if isinstance(value, (int, float))]
        if len(numbers) != 4 or not all(abs(number) <= 2.0 for number in numbers):
            return False
        x, y, z, w = numbers
        quaternion = np.array([w, x, -y, -z])
        length = float(np.linalg.norm(quaternion))
        if not 0.5 < length < 2.0:
            return False
        self._bones[str(arguments[0])] = quaternion / length
        return True

    def _ok(self, arguments: tuple[Argument, ...]) -> bool:
        """Whether the face was lost just now."""
        if len(arguments) < 4:
            return False
        before, self._tracked = self._tracked, arguments[3] != 0
        return before and not self._tracked

    def _signal(self, now: float) -> FaceSignal:
        if not self._tracked:
            return nobody(now)
        head = _product(self._bones.get("Neck", ONE), self._bones.get("Head", ONE))
        gaze = np.zeros((2, 2), np.float32)
        if not LOOK & self._set.keys():
            for eye, bone in enumerate(("LeftEye", "RightEye")):
                gaze[eye] = _direction(self._bones.get(bone, ONE))
        return FaceSignal(now, self._arkit.copy(), _axis_angle(head), np.zeros(3, np.float32), gaze, 1.0)


ONE: Quaternion = np.array([1.0, 0.0, 0.0, 0.0])


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation that turns by ``b``, then by ``a``."""
    return np.concatenate([[a[0] * b[0] - a[1:] @ b[1:]], a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])])


def _axis_angle(q: Quaternion) -> NDArray[np.float32]:
    axis = q[1:] if q[0] >= 0 else -q[1:]
    length = float(np.linalg.norm(axis))
    scale = 2.0 * np.arctan2(length, abs(q[0])) / length if length > 1e-12 else 2.0
    return np.asarray(axis * scale, np.float32)


def _direction(q: Quaternion) -> tuple[float, float]:
    """Yaw to the left and pitch up of +Z turned by ``q``."""
    w, x, y, z = q
    right, up, ahead = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
    return float(np.arctan2(right, ahead)), float(np.arcsin(np.clip(up, -1.0, 1.0)))
