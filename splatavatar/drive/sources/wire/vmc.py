"""The face in messages of the VMC protocol.

``/VMC/Ext/Blend/Val`` name value sets a blendshape, ``/VMC/Ext/Blend/Apply`` makes all that were set hold; those not
sent keep their value. ``/VMC/Ext/Bone/Pos`` name p.xyz q.xyzw turns a bone relative to its parent: Neck and Head
together are the head, LeftEye and RightEye the gaze where no eyeLook coefficients are sent. ``/VMC/Ext/OK`` says by a
first argument of 0 that nothing is there to be sent, by a fourth of 0 that the tracking is lost. Some senders never
send Apply: a value that comes again, ``/VMC/Ext/T`` and ``/VMC/Ext/OK`` then end a frame.

Blendshapes must have the names of ARKit ("PerfectSync"). Bones are in Unity's axes (left-handed, +Y up, the face
along +Z, +X to its right): the mirror image of the rig's axes in X. Positions of bones are lengths of bones, and the
place of the head stays at rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.recorded.spelling import arkit_index
from splatavatar.drive.sources.wire.osc_packet import Argument, Message
from splatavatar.drive.sources.wire.repetition import Repetition
from splatavatar.printable import printable
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import axis_angles_of_quaternions, quaternion_product

Quaternion = NDArray[np.float64]
"""(4) wxyz"""

PREFIX, BLEND, BONE = "/VMC/", "/VMC/Ext/Blend/Val", "/VMC/Ext/Bone/Pos"
LOOK = frozenset(index for index, name in enumerate(NAMES) if name.startswith("eyeLook"))
BONES = ("Neck", "Head", "LeftEye", "RightEye")
MOST = 2.0
"""of a blendshape, beyond which a message is damaged"""
PATIENCE = 0.5
"""seconds without Apply, after which values and bones alone make a signal"""
REST = 0.05
"""seconds after the last value, by which a frame without Apply is complete in any case"""
ALONE = 4.0
"""seconds of bones without any blendshape, after which that is said"""
FROZEN = 3.0
"""seconds of the same values and bones, after which the face is gone. Long: a puppet may hold a face for a while, and
the protocol has a message for a lost one"""
SHOWN = 40
"""characters of a name that are shown"""


class VmcFace:
    """What was heard so far."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._arkit = np.zeros(len(NAMES), np.float32)
        self._waiting: dict[int, float] = {}
        """values since the last frame"""
        self._frame: frozenset[int] = frozenset()
        """what the last frame held"""
        self._begin: int | None = None
        """the first value that was ever heard: senders keep to an order"""
        self._known: set[int] = set()
        self._others: set[str] = set()
        self._bones: dict[str, Quaternion] = {}
        self._tracked = True
        self._first: float | None = None
        self._first_bone: float | None = None
        self._applied = self._valued = -np.inf
        self._frozen = Repetition(FROZEN)

    def hear(self, messages: Sequence[Message], now: float) -> FaceSignal | None:
        """The face after the messages of one packet; None while the frame is not complete. Skips what is damaged."""
        complete, turned = False, False
        for message in messages:
            match message.address:
                case "/VMC/Ext/Blend/Val":
                    complete = self._blend(message.arguments, now) or complete
                case "/VMC/Ext/Blend/Apply":
                    self._applied = now
                    complete = self._take() or bool(self._known) or bool(self._bones) or complete
                case "/VMC/Ext/Bone/Pos":
                    turned = self._bone(message.arguments, now) or turned
                case "/VMC/Ext/OK":
                    complete = self._ok(message.arguments) or complete
                    complete = (self._alone(now) and self._take()) or complete
                case "/VMC/Ext/T":
                    complete = (self._alone(now) and self._take()) or complete
        if complete or (turned and now - max(self._applied, self._valued) > PATIENCE):
            return self._signal(now)
        return None

    def flush(self, now: float) -> FaceSignal | None:
        """The face after a while in which nothing was heard, where it was left incomplete."""
        if self._alone(now) and now - self._valued > REST and self._take():
            return self._signal(now)
        return None

    def _alone(self, now: float) -> bool:
        """Whether nobody applies the values."""
        return self._first is not None and now - max(self._first, self._applied) > PATIENCE

    def _take(self) -> bool:
        """Make the values hold that were set; whether there were any."""
        if not self._waiting:
            return False
        for index, value in self._waiting.items():
            self._arkit[index] = value
        self._frame = frozenset(self._waiting)
        self._waiting.clear()
        return True

    def _blend(self, arguments: tuple[Argument, ...], now: float) -> bool:
        """Whether this completes a frame that nobody applies."""
        match arguments:
            case (str(name), float(value) | int(value)):
                index = arkit_index(name)
                if index is None:
                    self._other(name)
                    return False
                if not abs(value) <= MOST:  # so for NaN
                    shown = f"{printable(name[:SHOWN])} of {float(value):g}"
                    self._notices.once("range", f"left out: the blendshape {shown}; expected 0 to 1.")
                    return False
            case _:
                return False
        if self._first is None:
            self._first, self._begin = now, index
        self._valued = now
        self._known.add(index)
        alone = self._alone(now)
        complete = alone and (index == self._begin or index in self._waiting) and self._take()
        self._waiting[index] = min(max(float(value), 0.0), 1.0)
        return complete or (alone and self._waiting.keys() == self._frame and self._take())

    def _other(self, name: str) -> None:
        """Take note of a name that is not ARKit's: where one comes again before any other, there are no others."""
        if not self._known and name in self._others:
            shown = ", ".join(sorted(f"'{printable(other[:SHOWN])}'" for other in self._others)[:6])
            self._notices.once(
                "names",
                f"the blendshapes ({shown}) are not among ARKit's 52; let the sender use PerfectSync "
                "(also called 52 or ARKit blendshapes) and an avatar that has them.",
            )
        if len(self._others) < len(NAMES):
            self._others.add(name)

    def _bone(self, arguments: tuple[Argument, ...], now: float) -> bool:
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
        if self._first_bone is None:
            self._first_bone = now
        if not self._known and not self._others and now - self._first_bone > ALONE:
            self._notices.once(
                "bones", "bones come and no blendshapes, so only the head moves; let the sender use PerfectSync."
            )
        return True

    def _ok(self, arguments: tuple[Argument, ...]) -> bool:
        """Whether the face was lost just now."""
        said = [argument for argument in arguments[:1] + arguments[3:4] if isinstance(argument, int | float)]
        if not said:
            return False
        before, self._tracked = self._tracked, all(said)
        return before and not self._tracked

    def _signal(self, now: float) -> FaceSignal:
        if not self._tracked:
            return nobody(now)
        bones = tuple((name, bone.tobytes()) for name, bone in self._bones.items())
        if self._frozen((self._arkit.tobytes(), bones), now):
            self._notices.once("frozen", f"nothing has moved for {FROZEN:g} seconds: nobody is there.")
            return nobody(now)
        head = quaternion_product(self._bones.get("Neck", ONE), self._bones.get("Head", ONE))
        gaze = np.zeros((2, 2), np.float32)
        if not LOOK & self._known:
            for eye, bone in enumerate(("LeftEye", "RightEye")):
                gaze[eye] = _direction(self._bones.get(bone, ONE))
        return FaceSignal(
            now,
            self._arkit.copy(),
            axis_angles_of_quaternions(head).astype(np.float32),
            np.zeros(3, np.float32),
            gaze,
            1.0,
        )


ONE: Quaternion = np.array([1.0, 0.0, 0.0, 0.0])


def _direction(q: Quaternion) -> tuple[float, float]:
    """Yaw to the left and pitch up of +Z turned by ``q``."""
    w, x, y, z = q
    right, up, ahead = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
    return float(np.arctan2(right, ahead)), float(np.arcsin(np.clip(up, -1.0, 1.0)))
