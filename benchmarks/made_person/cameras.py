"""The phone that films, and the cameras of the truth: world to camera, OpenCV axes, in the rig's metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from made_person.surface import Array, unit

CLIP_SIZE = (480, 640)
TRUTH_SIZE = (360, 480)
"""width, height"""
MIDDLE = np.array([0.0, 0.045, 0.03])
"""what the phone is held towards"""
TRUTH_MIDDLE = np.array([0.0, 0.075, 0.03])
"""what the truth cameras look at"""
TRUTH: tuple[tuple[float, float], ...] = (
    *((0, 0), (15, 0), (-15, 0), (30, 0), (-30, 0), (45, 12)),
    *((-45, -10), (60, 0), (-60, 0), (90, 0), (-90, 0), (180, 5)),
)
"""azimuth and elevation in degrees, positive to the subject's left and up"""
TRUTH_FAR, TRUTH_TALL = 1.25, 0.50
"""metres: how far away, and what is seen of height there; the clip sees more at the bottom"""
PHONE_FAR, PHONE_TALL = 0.62, 0.52


@dataclass(frozen=True)
class Camera:
    """A pinhole."""

    position: Array
    rotation: Array
    """(3, 3) from the world to x right, y down, z forward"""
    focal: float
    """pixels"""
    size: tuple[int, int]

    @property
    def K(self) -> Array:
        return np.array([[self.focal, 0, self.size[0] / 2], [0, self.focal, self.size[1] / 2], [0, 0, 1.0]])

    @property
    def T_camera_world(self) -> Array:
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = -self.rotation @ self.position
        return matrix


def looking(position: Array, at: Array, roll: float, focal: float, size: tuple[int, int]) -> Camera:
    """A camera at ``position`` that looks ``at`` a point, turned by ``roll`` radians."""
    forward = unit(at - position)
    right = unit(np.cross(forward, [0.0, 1.0, 0.0]))
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    return Camera(position, np.stack([c * right + s * down, c * down - s * right, forward]), focal, size)


def truth() -> list[Camera]:
    """The cameras of ``TRUTH``."""
    out = []
    for azimuth, elevation in TRUTH:
        a, e = np.radians(azimuth), np.radians(elevation)
        way = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        out.append(
            looking(
                TRUTH_MIDDLE + TRUTH_FAR * way, TRUTH_MIDDLE, 0.0, TRUTH_SIZE[1] * TRUTH_FAR / TRUTH_TALL, TRUTH_SIZE
            )
        )
    return out


def phone(time: float) -> Camera:
    """The phone in a hand: it drifts, breathes and shakes a little."""

    def wander(phase: float, size: float) -> float:
        waves = ((0.21, 1.0), (0.53, 0.5), (1.3, 0.16), (3.1, 0.05))
        return size * sum(a * np.sin(2 * np.pi * f * time + phase * (1 + i) * 1.7) for i, (f, a) in enumerate(waves))

    position = MIDDLE + np.array([wander(0.3, 0.035), 0.02 + wander(1.1, 0.022), PHONE_FAR + wander(2.2, 0.018)])
    at = MIDDLE + np.array([wander(3.7, 0.010), 0.012 + wander(4.9, 0.010), 0.0])
    return looking(position, at, wander(5.3, 0.014), CLIP_SIZE[1] * PHONE_FAR / PHONE_TALL, CLIP_SIZE)


WALL = -1.65
"""metres: z of a plane near all that is in the room, along which its one picture is moved to where the phone is"""


def plate() -> Camera:
    """The camera of the one picture of the room: where the phone is on average, with a wider view."""
    focal = CLIP_SIZE[1] * PHONE_FAR / PHONE_TALL
    return looking(
        MIDDLE + np.array([0, 0.02, PHONE_FAR]), MIDDLE, 0.0, focal, (CLIP_SIZE[0] + 160, CLIP_SIZE[1] + 160)
    )


def homography(camera: Camera, other: Camera) -> Array:
    """(3, 3) from pixels of ``camera`` to those of ``other`` for points of the plane of the wall."""

    def onto(seen: Camera) -> Array:
        matrix = seen.K @ seen.T_camera_world[:3]
        return np.stack([matrix[:, 0], matrix[:, 1], matrix[:, 2] * WALL + matrix[:, 3]], 1)

    return np.asarray(onto(other) @ np.linalg.inv(onto(camera)))
