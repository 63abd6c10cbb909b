"""How a fresh avatar likes to be looked at: a default camera and a thumbnail for its file."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.capture.capture import Capture
from splatavatar.render.camera import look_at
from splatavatar.rig.rig import PoseParameters

THUMBNAIL = 160
"""pixels"""


def portrait_metadata(avatar: Avatar, capture: Capture) -> dict[str, Any]:
    """The entries ``camera`` (target (3) m, distance m, fov_y rad) and ``thumbnail`` (PNG, base64) of the metadata.

    The distance is the median of the capture's cameras, so that perspective is what was seen; the field of view holds
    the head.
    """
    import cv2

    weight = np.sqrt(np.maximum(avatar.gaussians.opacity, 0))
    means = CpuRenderer(avatar).gaussians(PoseParameters.neutral(avatar.rig))[0].mean[weight > 0.5]
    low, high = np.percentile(means, [1, 99], axis=0)
    target = (low + high) / 2
    eyes = np.array([f.camera.position for f in capture.frames])
    distance = float(np.median(np.linalg.norm(eyes - target, axis=1)))
    fov = float(2 * np.arctan(1.25 * (high[1] - low[1]) / 2 / distance))
    camera = look_at(target + np.array([0.0, 0.0, distance]), target, fov, THUMBNAIL, THUMBNAIL)
    picture = CpuRenderer(avatar).render(PoseParameters.neutral(avatar.rig), camera, (0.6, 0.6, 0.6))
    done, png = cv2.imencode(".png", picture[..., ::-1])
    return {
        "camera": {
            "target": [round(float(x), 4) for x in target],
            "distance": round(distance, 4),
            "fov_y": round(fov, 5),
        },
        "thumbnail": base64.b64encode(png.tobytes()).decode() if done else "",
    }
