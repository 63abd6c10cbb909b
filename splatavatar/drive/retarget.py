"""From a face signal to the parameters of a rig."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.avatar.limits import ExpressionLimit
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

# Radians that an eye turns at coefficient 1, least squares over a Live Link Face take of extreme gazes (its own eye
# angles against its own coefficients, frames with a coefficient above 0.2, both eyes).
RANGE_IN, RANGE_OUT, RANGE_UP, RANGE_DOWN = 0.54, 0.66, 0.45, 0.61

# Metres from rest, by axis of the rig: up to FREE_WAY a head goes where it is driven, beyond that ever more slowly, by
# FREE_WAY + MORE at most. In the picture of ``default_camera``, 0.37 m high, all of a head but its edge stays visible.
FREE_WAY = np.array([0.03, 0.02, 0.04])
MORE = np.array([0.04, 0.03, 0.04])
AWAY = np.array([0.0, 0.0, 0.26])
"""more for a head that goes away from the camera: it gets smaller"""

SIDES = ("Left", "Right")
LOOK = np.array([[NAMES.index(f"eyeLook{way}{side}") for way in ("In", "Out", "Up", "Down")] for side in SIDES])


def retarget(signal: FaceSignal, rig: Rig, limit: ExpressionLimit | None = None) -> PoseParameters:
    """The parameters that make ``rig`` show ``signal``.

    Expression and joints are those of ``show_arkit`` for the coefficients, which ``limit`` maps first if given. The
    head rotation is shared out over ``rig.head_chain``. A measured gaze (any angle not zero) replaces the eyeLook
    coefficients: it turns the eye joints, or on a rig without them becomes the coefficients that turn its eyes by as
    much. A face that wanders off is held back by ``in_view``.
    """
    parameters = PoseParameters.neutral(rig)
    rotations = parameters.joint_rotations
    for joint, share in rig.head_chain:
        rotations[joint] += np.float32(share) * signal.head_rotation
    arkit = signal.arkit
    if signal.gaze.any():
        arkit = arkit.copy()
        for eye, joint in enumerate(rig.eye_joints):
            yaw, pitch = (float(angle) for angle in signal.gaze[eye])
            if joint >= 0:
                rotations[joint] = axis_angle_from_yaw_pitch_roll(yaw, -pitch, 0.0)
                arkit[LOOK[eye]] = 0.0
            else:
                arkit[LOOK[eye]] = look_coefficients(yaw, pitch, left=eye == 0)
    if limit is not None:
        arkit = limit(arkit)
    show_arkit(rig, arkit, parameters)
    parameters.translation[:] = in_view(signal.head_translation)
    return parameters


def in_view(translation: Floats) -> Floats:
    """The place (3), metres, of a head that stays in the picture however far the driving face wanders.

    It is continuous and monotone.
    """
    way = translation.astype(np.float64)
    more = MORE + AWAY if way[2] < 0 else MORE
    near = np.clip(way, -FREE_WAY, FREE_WAY)
    return np.asarray(near + more * np.tanh((way - near) / more), np.float32)


def look_coefficients(yaw: float, pitch: float, left: bool) -> Floats:
    """The coefficients (4) eyeLook In, Out, Up, Down in [0, 1] that turn one eye.

    ``yaw`` (to the subject's left) and ``pitch`` (up) are radians.
    """
    outward = yaw if left else -yaw
    turned = np.array([-outward / RANGE_IN, outward / RANGE_OUT, pitch / RANGE_UP, -pitch / RANGE_DOWN])
    return np.asarray(np.clip(turned, 0.0, 1.0), np.float32)


def look_angles(looks: Doubles, left: bool) -> tuple[float, float]:
    """Yaw (to the subject's left) and pitch (up), radians, of an eye by its coefficients (4) eyeLook In, Out, Up, Down.

    The way back from ``look_coefficients``; of opposite coefficients the difference counts.
    """
    inward, outward, up, down = (float(value) for value in looks)
    out = outward * RANGE_OUT - inward * RANGE_IN
    return out if left else -out, up * RANGE_UP - down * RANGE_DOWN
