"""How far down a matte goes: shoulders that a rig does not have would hang from its neck."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.capture.faces.shoulders import CHIN
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.rig import Rig

DOWN = 0.1
"""metres, by which it is seen which way is down in a picture"""
STEEP = 0.3
"""of its length seen from the side, below which a camera looks from above, or from below"""
BESIDE = 0.06
"""metres beside a neck that long hair takes"""
SOFT = 4.0
"""pixels over which a matte ends"""


def share_of_rig(camera: Camera, rig: Rig, vertices: Floats) -> Floats:
    """How much (H, W) of a pixel of ``camera`` may be of what ``rig``, posed as ``vertices`` (V, 3), models, in [0, 1].

    All above its lower end; of a rig without shoulders, below the chin, what is near its neck. Down is as the rig
    stands, whatever the camera takes for it.
    """
    import cv2

    whole = np.ones((camera.height, camera.width), np.float32)
    middle = vertices.mean(0)
    top, bottom = projected(camera, np.stack([middle, middle - np.array([0, DOWN, 0], np.float32)]))
    length, metre = float(np.linalg.norm(bottom - top)), camera.K[1, 1] / float(local(camera, middle[None])[0, 2])
    if length < STEEP * DOWN * metre:
        return whole  # from above or below, where it has no lower end
    down = (bottom - top) / length
    along = (np.arange(camera.width) + 0.5) * down[0] + ((np.arange(camera.height) + 0.5) * down[1])[:, None]

    def above(points: Floats) -> Floats:
        end = float((projected(camera, points) @ down).max())
        return np.asarray(np.clip((end - along) / SOFT + 0.5, 0, 1), np.float32)

    share = above(vertices)
    if len(rig.regions.get("torso", ())):
        return share
    beside = np.where(silhouette(vertices, rig.faces, camera), 0, 1).astype(np.uint8)
    away = cv2.distanceTransform(beside, cv2.DIST_L2, 5)
    near = np.clip((BESIDE * metre - away) / SOFT + 0.5, 0, 1)
    return np.asarray(
        share * np.maximum(near, above(vertices[rig.faces[rig.landmarks["mediapipe"].face[CHIN]]])), np.float32
    )


def local(camera: Camera, points: Floats) -> Doubles:
    """The ``points`` (N, 3), metres, in the axes of the ``camera``."""
    return points.astype(np.float64) @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]


def projected(camera: Camera, points: Floats) -> Doubles:
    """The pixels (N, 2) of ``points`` (N, 3), metres, which lie before the ``camera``."""
    seen = local(camera, points)
    return np.asarray(seen[:, :2] / seen[:, 2:] * np.diag(camera.K)[:2] + camera.K[:2, 2])
