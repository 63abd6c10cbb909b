"""From the landmarks of one face in one frame to its signal.

MediaPipe's scores are taken where they follow the face. Where they are weak the landmarks say it: on five clips the
score jawOpen stays below 0.07 in a man who talks with lips 0.1 eye spans apart, a blink ends at 0.57 to 0.8, mouthClose
hardly ever rises, and there is no gaze.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.face.running_quantile import RunningQuantile
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import axis_angles, nearest_rotations

EYES = np.array([33, 263])
"""outer corners of the right and the left eye: the eye span, which lengths are measured in, lies between them"""
CORNERS = np.array([[362, 263], [133, 33]])
"""inner and outer corner of the left and the right eye"""
LIDS = np.array([[[385, 380], [386, 374], [387, 373]], [[158, 153], [159, 145], [160, 144]]])
"""upper and lower lid of the left and the right eye, three places each"""
IRISES = np.array([473, 468])
LIPS = np.array([[82, 13, 312], [87, 14, 317]])
"""inner edge of the upper and the lower lip about the middle"""
MOUTH = np.array([13, 14, 61, 291])
"""middle and corners: where the mouth is"""

JAW, CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]
MOUTH_LEFT, MOUTH_RIGHT = INDEX["mouthLeft"], INDEX["mouthRight"]
BLINKS = np.array([INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]])
WIDES = np.array([INDEX["eyeWideLeft"], INDEX["eyeWideRight"]])

GAPS = {
    **{"jawOpen": 0.39, "mouthClose": -0.39, "mouthFunnel": 0.165, "mouthShrugLower": -0.056, "mouthShrugUpper": 0.05},
    **{"mouthRollLower": -0.045, "mouthRollUpper": -0.04, "mouthUpperUpLeft": 0.027, "mouthUpperUpRight": 0.027},
    **{"mouthLowerDownLeft": 0.022, "mouthLowerDownRight": 0.022, "mouthSmileLeft": -0.018, "mouthSmileRight": -0.018},
}
"""eye spans by which each coefficient parts the inner lips (landmarks 13 and 14) of the rig `anny-head`"""
GAP_ROW = np.array([GAPS.get(name, 0.0) for name in INDEX])
PARTING = GAPS["jawOpen"]
GAP_SCALE, GAP_SHUT = 0.85, -0.027
"""what ``GAP_ROW`` says for a gap seen: 0.85 of it less 0.027, the mean over offline fits of four clips (0.82 to 1.05,
and -0.017 to -0.027). The lips of the rig at rest are that much apart, so a closed mouth needs some mouthClose"""
SIDE_REACH = 0.08
"""eye spans by which mouthLeft at 1 moves the mouth of `anny-head`"""
SIDE_DEAD = 0.02
"""eye spans that the mouth may be off its middle and be at rest"""

OPEN_LIDS = (0.28, 0.18, 0.40)
"""height of an open eye over its width: at first, least, most (medians on five clips: 0.26 to 0.32)"""
LID_DEAD = 0.1
"""share by which open lids may come together without a blink; they do with every small turn of the head"""
WIDE_FROM, WIDE_SPAN = 1.15, 0.3
"""of the height of an open eye: where wide eyes start, and how much more is 1"""

IRIS_YAW, IRIS_PITCH = 2.6, 3.6
"""sine of the angle over the way of the iris in widths of the eye. 2.6 is a fissure of 28 mm over 10.8 mm from the
centre of the eye to the iris; upwards the lids hide part of the way, 3.6 is what the scores eyeLookUp and eyeLookDown
of five clips agree on"""
IRIS_OUT, IRIS_UP = 0.025, 0.083
"""widths of the eye from the middle of its corners to the iris of an eye that looks straight ahead (same clips)"""
SEEING = (0.25, 0.5)
"""of the height of an open eye: below, the iris is not seen; above, it is"""
SIDEWAYS = (0.85, 0.6)
"""cosine of the turn of the head down to which landmarks are trusted, and from which on they are not"""

FOCAL = 1.3
"""focal length over the longer side of a frame that is assumed, as in ``capture.tracking.track``"""
DETECTOR_VIEW = np.radians(63.0)
"""vertical field of view that MediaPipe assumes"""
HEAD_SIZE = 0.95
"""of the canonical face of MediaPipe, to be as large as `anny-head`"""
ARM = np.array([0.0, 0.028, 0.060])
"""metres from where a head turns (the middle of the joints of ``Rig.head_chain``) to the origin of MediaPipe's face"""
SETTLING = 1.0
"""seconds in which the place of rest is found"""
AWAY = 2.0
"""seconds without a face after which the next one has its own place of rest"""
ADAPTING = 15.0
"""seconds in which the open eyes and the middle of the mouth are learnt, faster at first"""


class LandmarkSignal:
    """Turns what is seen of one face, frame by frame, into signals.

    Remembers what a face needs to be measured by: how high its open eyes are, where its mouth rests, and its place
    when it came, from which ``head_translation`` counts. All of it by running estimates that depend on the frames
    alone.
    """

    def __init__(self) -> None:
        self._lids = np.array([RunningQuantile(0.5, *OPEN_LIDS, ADAPTING) for _ in range(2)])
        self._side = RunningQuantile(0.5, 0.0, -0.1, 0.1, ADAPTING)
        self._look = np.zeros(2)
        self._place = np.zeros(3)
        self._weight = 0.0
        self._last = -np.inf

    def __call__(self, face: Seen | None, time: float) -> FaceSignal:
        """The signal of a frame of ``time`` seconds; None and a face that is no number are nobody.

        Raises nothing.
        """
        if face is None or not (np.isfinite(face.points).all() and np.isfinite(face.transform).all()):
            return nobody(time)
        turn = face.transform[:3, :3].astype(np.float64)
        if abs(np.linalg.det(turn)) < 1e-6:
            return nobody(time)
        rotation = nearest_rotations(turn)
        since = time - self._last
        if not 0 <= since <= AWAY:
            self._weight, since = 0.0, 0.0
        self._last = time
        # Head axes: the face as it would be seen from the front.
        points = (face.points.astype(np.float64) * (1.0, -1.0, -1.0)) @ rotation
        span = float(np.linalg.norm(points[EYES[0]] - points[EYES[1]]))
        if span < 1e-6:
            return nobody(time)
        points /= span
        front = float(rotation[2, 2])
        trust = float(np.clip((front - SIDEWAYS[1]) / (SIDEWAYS[0] - SIDEWAYS[1]), 0.0, 1.0))
        arkit = np.clip(np.nan_to_num(face.scores.astype(np.float64), posinf=0.0), 0.0, 1.0)
        self._lips(arkit, points, trust)
        self._mouth_side(arkit, points, trust, since)
        opened = self._eyelids(arkit, points, trust, since)
        gaze = self._gaze(points, opened, trust)
        for eye in range(2):
            arkit[LOOK[eye]] = look_coefficients(float(gaze[eye, 0]), float(gaze[eye, 1]), left=eye == 0)
        return FaceSignal(
            time,
            arkit.astype(np.float32),
            axis_angles(rotation).astype(np.float32),
            self._translation(face, rotation, since),
            gaze,
            1.0,
        )

    def _lips(self, arkit: Doubles, points: Doubles, trust: float) -> None:
        """Jaw and lips such that the rig's inner lips are as far apart as those seen, and touch where those do."""
        gap = float((points[LIPS[0], 1] - points[LIPS[1], 1]).mean())
        missing = trust * (GAP_SCALE * max(gap, 0.0) + GAP_SHUT - float(GAP_ROW @ arkit)) / PARTING
        if missing > 0:
            # Lips that part are no longer held closed; then the jaw opens.
            eased = min(missing, arkit[CLOSE])
            arkit[CLOSE] -= eased
            arkit[JAW] = min(arkit[JAW] + missing - eased, 1.0)
        else:
            raised = min(-missing, arkit[JAW])
            arkit[JAW] -= raised
            arkit[CLOSE] = min(arkit[CLOSE] - missing - raised, 1.0)

    def _mouth_side(self, arkit: Doubles, points: Doubles, trust: float, since: float) -> None:
        """mouthLeft and mouthRight, at least as much as the middle of the mouth is away from where it rests."""
        side = float(points[MOUTH, 0].mean() - points[EYES, 0].mean())
        away = side - self._side(side, since * trust)
        moved = trust * max(abs(away) - SIDE_DEAD, 0.0) / SIDE_REACH
        which, other = (MOUTH_LEFT, MOUTH_RIGHT) if away > 0 else (MOUTH_RIGHT, MOUTH_LEFT)
        arkit[which] = min(max(arkit[which], moved), 1.0)
        arkit[other] = max(arkit[other] - moved, 0.0)

    def _eyelids(self, arkit: Doubles, points: Doubles, trust: float, since: float) -> Doubles:
        """Blinks and wide eyes by the height of the eyes; returns (2) that height, of the open eye."""
        corners, lids = points[CORNERS], points[LIDS]
        width = np.maximum(np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1), 1e-6)
        height = (lids[:, :, 0, 1] - lids[:, :, 1, 1]).mean(1) / width
        opened = np.array([h / known(float(h), since * trust) for known, h in zip(self._lids, height, strict=True)])
        blink = np.clip((1 - opened - LID_DEAD) / (1 - LID_DEAD), 0.0, 1.0)
        arkit[BLINKS] += trust * (blink - arkit[BLINKS])
        wide = trust * np.clip((opened - WIDE_FROM) / WIDE_SPAN, 0.0, 1.0)
        arkit[WIDES] = np.maximum(arkit[WIDES], wide)
        return opened

    def _gaze(self, points: Doubles, opened: Doubles, trust: float) -> Floats:
        """(2, 2) both eyes look the same way, by the irises between the corners; lids that close leave it as it was."""
        corners = points[CORNERS]
        width = np.maximum(np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1), 1e-6)
        away = (points[IRISES] - corners.mean(1))[:, :2] / width[:, None]
        seen = np.clip((opened - SEEING[0]) / (SEEING[1] - SEEING[0]), 0.0, 1.0)
        weight = float(seen.max()) * trust
        if weight > 0:
            # Outwards is +x for the left eye and -x for the right one.
            sines = (away - [[IRIS_OUT, IRIS_UP], [-IRIS_OUT, IRIS_UP]]) * [IRIS_YAW, IRIS_PITCH]
            look = np.arcsin(np.clip(seen @ sines / seen.sum(), -0.8, 0.8))
            self._look += weight * (look - self._look)
        # All zero would say that nothing was measured.
        look = np.where(self._look == 0, 1e-6, self._look)
        return np.tile(look, (2, 1)).astype(np.float32)

    def _translation(self, face: Seen, rotation: Doubles, since: float) -> Floats:
        """(3) metres from the place of rest, less what turning about the neck already moves."""
        place = HEAD_SIZE * face.transform[:3, 3].astype(np.float64) / 100
        place[2] *= FOCAL * max(face.width, face.height) / (face.height / 2 / np.tan(DETECTOR_VIEW / 2))
        place -= rotation @ ARM
        if self._weight < SETTLING:
            # A mean over the first frames, each by the time it stands for.
            step = max(since, 1e-3)
            self._weight += step
            self._place += (step / self._weight) * (place - self._place)
        return np.asarray(place - self._place, np.float32)
