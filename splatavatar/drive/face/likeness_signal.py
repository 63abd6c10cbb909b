"""From the landmarks of the person whom an avatar was baked of to their signal, by what the bake has learnt of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.likeness import Likeness
from splatavatar.capture.faces.face_shape import AlignedFaces, aligned, features
from splatavatar.drive.face.landmark_signal import AWAY, SIDEWAYS, LandmarkSignal
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.retarget import LOOK, look_angles, look_coefficients
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.rotations import axis_angles, rotation_matrices

WHO = ("auto", "me", "other")
"""whose face drives: found out, the person of the avatar, somebody else"""
LOOKING = 1.0
"""seconds of a face that is looked at before it is said whose it is"""
FEWEST = 10
"""frames of them"""
STRANGE = 0.4
"""of ``Likeness.strangeness``: from there on it is somebody else. Over any second, the held-out end of the own clip has
0.19 to 0.35, six other people have 0.43 to 2.4 before three avatars"""
TAKEN_UP = 0.5
"""seconds in which the likeness takes over once the person is known"""
MINE = "the face is the avatar's own and is followed as such"
STRANGER = "the face is not the avatar's own and is followed as any face"

Sight = tuple[Seen | None, float]
"""a face, or None, and the seconds of its frame"""
FaceReader = Callable[[Seen | None, float], FaceSignal]
"""makes the signals of one face, frame by frame"""
Reading = Callable[[Sequence[Sight]], FaceReader]
"""makes a reader; where a whole recording is read, its faces are known beforehand, and so whose they are"""


def any_face(known: Sequence[Sight] = ()) -> FaceReader:
    """A reader that knows nobody."""
    return LandmarkSignal()


def reading_of(avatar: Avatar, who: str = "auto") -> Reading:
    """How the faces that drive ``avatar`` are read; ``who`` is one of ``WHO``.

    Raises:
        SettingsError: ``who`` is another, or ``me`` where the avatar has no likeness.
        AvatarFileError: its likeness is none; loading an avatar has checked it.
    """
    if who not in WHO:
        raise SettingsError(f"--as {who!r}: expected one of {', '.join(WHO)}")
    if "likeness" not in avatar.metadata:
        if who == "me":
            raise SettingsError("--as me: the avatar does not know its person's face; bake it of a video of one camera")
        return any_face
    if who == "other":
        return any_face
    try:
        likeness = Likeness.from_json(avatar.metadata["likeness"])
    except Defect as defect:
        raise AvatarFileError(f"the person of the avatar cannot be known: {defect}") from defect
    return lambda known: LikenessSignal(likeness, True if who == "me" else None, known)


class LikenessSignal:
    """Turns what is seen of a face into signals: those of ``LandmarkSignal``, and for the person of the avatar better
    ones, as far as they look as they did in the bake."""

    def __init__(self, likeness: Likeness, mine: bool | None = None, known: Sequence[Sight] = ()) -> None:
        """``mine`` says whether the face is that person's; None: found out, from ``known`` where that is enough."""
        self._likeness = likeness
        self._plain = LandmarkSignal()
        self._asked = mine
        self._mine = mine
        self._last = -np.inf
        self._said: bool | None = None
        self._clear()
        for face, time in known if mine is None else ():
            if self._mine is None and face is not None and np.isfinite(face.points).all():
                self._look(self._aligned(face), time)
        if self._mine is None and len(self._bones) >= FEWEST:
            self._decide()  # a recording shorter than what is looked at
        self._share = float(self._mine is True)
        self._clear()

    def __call__(self, face: Seen | None, time: float) -> FaceSignal:
        """The signal of a frame of ``time`` seconds; None and a face that is no number are nobody. Raises nothing."""
        signal = self._plain(face, time)
        if face is None or signal.confidence == 0:
            return signal
        since, self._last = time - self._last, time
        if self._asked is None and np.isfinite(since) and not 0 <= since <= AWAY:
            # Somebody else may have sat down.
            self._mine, self._share = None, 0.0
            self._clear()
        if self._mine is False:
            return signal
        seen = self._aligned(face)
        if self._mine is None:
            self._look(seen, time)
            return signal
        if self._share < 1:
            self._share = min(self._share + max(since, 0.0) / TAKEN_UP, 1.0)
        likeness = self._likeness
        inputs = features(seen, face.scores[None].astype(np.float64), likeness.shape)[0]
        weight = self._share * likeness.familiar(inputs) if np.isfinite(inputs).all() else 0.0
        return self._shown(signal, seen.rotation[0], inputs, weight) if weight > 0 else signal

    def _aligned(self, face: Seen) -> AlignedFaces:
        return aligned(face.points[None].astype(np.float64), self._likeness.shape)

    def _clear(self) -> None:
        self._bones: list[Doubles] = []
        self._since = np.nan

    def _look(self, seen: AlignedFaces, time: float) -> None:
        """Take a frame in which nobody knows yet who it is; a head that is turned away says little of its shape."""
        if seen.rotation[0, 2, 2] < SIDEWAYS[0]:
            return
        if not np.isfinite(self._since):
            self._since = time
        self._bones.append(seen.bones(self._likeness.shape)[0])
        if time - self._since >= LOOKING and len(self._bones) >= FEWEST:
            self._decide()

    def _decide(self) -> None:
        strangeness = self._likeness.strangeness(np.mean(self._bones, 0))
        self._mine = bool(strangeness < STRANGE)
        self._clear()
        if self._mine is not self._said:
            self._said = self._mine
            logging.getLogger("splatavatar").warning("%s", MINE if self._mine else STRANGER)

    def _shown(self, signal: FaceSignal, rotation: Doubles, inputs: Doubles, weight: float) -> FaceSignal:
        """``signal`` on its way, by ``weight``, to what the likeness says of the features ``inputs``."""
        likeness = self._likeness
        coefficients, right = likeness.shown(inputs)
        plain = signal.arkit.astype(np.float64)
        # What goes beyond all that the bake has seen, such as a first blink, comes on top.
        beyond = plain - np.clip(plain, likeness.usual_low, likeness.usual_high)
        arkit = np.clip(plain + weight * (np.clip(coefficients + beyond, 0.0, 1.0) - plain), 0.0, 1.0)
        gaze = np.array([look_angles(arkit[LOOK[eye]], left=eye == 0) for eye in range(2)])
        for eye in range(2):
            arkit[LOOK[eye]] = look_coefficients(float(gaze[eye, 0]), float(gaze[eye, 1]), left=eye == 0)
        before = rotation_matrices(signal.head_rotation.astype(np.float64))
        way = axis_angles(before.T @ rotation @ rotation_matrices(right))
        turned: Floats = axis_angles(before @ rotation_matrices(weight * way)).astype(np.float32)
        # All zero would say that nothing was measured.
        looks = np.where(gaze == 0, 1e-6, gaze).astype(np.float32)
        return replace(signal, arkit=arkit.astype(np.float32), head_rotation=turned, gaze=looks)
