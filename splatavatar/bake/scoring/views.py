"""What an avatar looks like where nobody filmed it: from all sides, and with faces that few clips show."""

from __future__ import annotations

import math

import numpy as np

from splatavatar.array_types import Bytes, Floats
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.limits import DEFAULT_LIMIT, expression_limit
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.scoring.picture_grid import Cell, on_grey, picture_grid
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.rig import PoseParameters

YAWS = (-90, -60, -30, 0, 30, 60, 90, 180)
"""degrees to the subject's left"""
EXPRESSIONS: dict[str, dict[str, float]] = {
    "jaw open": {"jawOpen": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "teeth bared": {
        **{f"mouthUpperUp{side}": 0.8 for side in ("Left", "Right")},
        **{f"mouthLowerDown{side}": 0.8 for side in ("Left", "Right")},
    },
    "pucker": {"mouthPucker": 1.0},
    "mouth to a side": {"mouthLeft": 1.0},
    "cheeks puffed": {"cheekPuff": 1.0},
    "brows raised": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "eyes closed": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}
SIDE = 240
"""pixels of a picture"""


def views_picture(renderer: Renderer) -> Bytes:
    """The avatar of ``renderer`` (height, width, 3) RGB over grey: at rest from ``YAWS``, and with ``EXPRESSIONS``.

    Expressions are held near what the avatar has learnt, as a drive holds them.
    """
    avatar = renderer.avatar
    limit = expression_limit(avatar, DEFAULT_LIMIT)
    rest, front = PoseParameters.neutral(avatar.rig), default_camera(avatar, SIDE, SIDE)
    sides = [
        Cell(f"yaw {yaw:+d}", on_grey(renderer.render(rest, default_camera(avatar, SIDE, SIDE, math.radians(yaw)))))
        for yaw in YAWS
    ]
    faces = []
    for name, coefficients in EXPRESSIONS.items():
        arkit, pose = _arkit(coefficients), PoseParameters.neutral(avatar.rig)
        show_arkit(avatar.rig, arkit if limit is None else limit(arkit), pose)
        faces.append(Cell(name, on_grey(renderer.render(pose, front))))
    return picture_grid([sides, faces])


def _arkit(coefficients: dict[str, float]) -> Floats:
    """(52) the ``coefficients``, the others 0."""
    arkit = np.zeros(len(NAMES), np.float32)
    for name, value in coefficients.items():
        arkit[INDEX[name]] = value
    return arkit
