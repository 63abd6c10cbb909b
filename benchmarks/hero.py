"""The picture of the README: hero.py AVATAR OUT.png - one avatar from five sides, each with another expression."""

from __future__ import annotations

import sys
from dataclasses import replace
from math import radians
from pathlib import Path

import cv2
import numpy as np

import splatavatar as sa
from splatavatar.rig.arkit import INDEX

WIDTH, HEIGHT = 360, 480
BACKGROUND = (0.93, 0.93, 0.94)
SHOTS: tuple[tuple[float, dict[str, float]], ...] = (
    (-50, {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4}),
    (-25, {"jawOpen": 0.5, "browInnerUp": 0.6, "eyeWideLeft": 0.4, "eyeWideRight": 0.4}),
    (0, {}),
    (25, {"eyeBlinkLeft": 1.0, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.2, "browOuterUpRight": 0.5}),
    (50, {"mouthPucker": 0.8, "browDownLeft": 0.4, "browDownRight": 0.4}),
)
"""yaw in degrees and ARKit coefficients"""


def main(avatar_path: str, out: str) -> None:
    avatar = sa.load_avatar(Path(avatar_path))
    renderer, rest = sa.open_renderer(avatar), sa.PoseParameters.neutral(avatar.rig)
    pictures = []
    for yaw, coefficients in SHOTS:
        arkit = np.zeros(52, np.float32)
        for name, value in coefficients.items():
            arkit[INDEX[name]] = value
        camera = sa.default_camera(avatar, width=WIDTH, height=HEIGHT, yaw=radians(yaw))
        pose = replace(rest, expression=avatar.rig.arkit_map @ arkit)
        pictures.append(renderer.render(pose, camera, BACKGROUND))
    cv2.imwrite(out, np.hstack(pictures)[..., ::-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
