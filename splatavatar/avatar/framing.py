"""A camera that frames the head of an avatar, from any side."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.render.camera import Camera, look_at

HEAD_HEIGHT = 0.32
"""metres of the top of the template that a picture frames: a head, the neck and a bit of shoulder"""
MARGIN = 1.15
FOV_Y = math.radians(24.0)
MAX_PITCH = math.radians(89.0)
NEAREST, FARTHEST = 1e-3, 1000.0
"""metres of a camera from the head, and from the middle of the world"""
NARROWEST_VIEW, WIDEST_VIEW = math.radians(0.05), math.radians(170.0)


def default_camera(
    avatar: Avatar,
    width: int,
    height: int,
    yaw: float = 0.0,
    pitch: float = 0.0,
    distance: float | None = None,
) -> Camera:
    """A camera that frames the head: as the bake says (``metadata["camera"]``), or else by the rig's bounding box.

    ``yaw`` and ``pitch`` in radians move the camera around the head, to the subject's left and up; ``distance`` in
    metres is from the camera to the middle of the head. Raises SettingsError, or AvatarFileError for a camera that
    makes no sense.
    """
    target, usual, fov_y = _framing(avatar)
    away = usual if distance is None else distance
    if not NEAREST <= away <= FARTHEST:
        raise SettingsError(f"the distance must be between {NEAREST:g} and {FARTHEST:g} metres, got {away:g}.")
    if not abs(pitch) <= MAX_PITCH:
        raise SettingsError(f"the pitch must be between -89 and 89 degrees, got {math.degrees(pitch):g}.")
    if not math.isfinite(yaw):
        raise SettingsError(f"the yaw must be a number of degrees, got {yaw:g}.")
    direction = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    return look_at(target + away * direction, target, fov_y, width, height)


def _framing(avatar: Avatar) -> tuple[NDArray[np.float64], float, float]:
    stored = avatar.metadata.get("camera")
    if stored is not None:
        try:
            target = np.array(stored["target"], np.float64).reshape(3)
            distance, fov_y = float(stored["distance"]), float(stored["fov_y"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise AvatarFileError("the avatar's camera must hold target (3), distance and fov_y.") from error
        within = bool((np.abs(target) <= FARTHEST).all())  # not NaN
        if not (within and NEAREST <= distance <= FARTHEST and NARROWEST_VIEW <= fov_y <= WIDEST_VIEW):
            raise AvatarFileError("the avatar's camera has a target, distance or fov_y out of range.")
        return target, distance, fov_y
    template = avatar.rig.template.astype(np.float64)
    top = template[template[:, 1] > template[:, 1].max() - HEAD_HEIGHT]
    low, high = top.min(0), top.max(0)
    distance = float((high - low)[1]) * MARGIN / 2 / math.tan(FOV_Y / 2)
    return (low + high) / 2, max(distance, 1e-3) + float(high[2] - low[2]) / 2, FOV_Y
