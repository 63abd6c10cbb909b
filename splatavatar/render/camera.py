"""A pinhole camera, and the picture that a rasterizer makes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from splatavatar.gaussians.gaussians import Array


@dataclass(frozen=True)
class Camera:
    """OpenCV axes (x right, y down, z forward); the centre of the first pixel is at (0.5, 0.5)."""

    T_camera_world: NDArray[np.float64]
    """(4, 4): point_camera = T_camera_world @ point_world"""
    K: NDArray[np.float64]
    """(3, 3) pixels: fx, fy, cx, cy without skew"""
    width: int
    """pixels"""
    height: int
    """pixels"""

    @property
    def position(self) -> NDArray[np.float64]:
        """The centre of projection (3) in the world."""
        rotation, translation = self.T_camera_world[:3, :3], self.T_camera_world[:3, 3]
        return -rotation.T @ translation

    def resized(self, width: int, height: int) -> Camera:
        """The same view on another pixel grid.

        Focal lengths scale with the height, the principal point keeps its place in the picture.
        """
        scale = height / self.height
        K = self.K.copy()
        K[0, 0] *= scale
        K[1, 1] *= scale
        K[0, 2] = (K[0, 2] - self.width / 2) * scale + width / 2
        K[1, 2] = (K[1, 2] - self.height / 2) * scale + height / 2
        return Camera(self.T_camera_world, K, width, height)

    def cropped(self, x0: int, y0: int, x1: int, y1: int) -> Camera:
        """The camera of the part of the picture from pixel ``x0``, ``y0`` up to before ``x1``, ``y1``."""
        K = self.K.copy()
        K[:2, 2] -= (x0, y0)
        return Camera(self.T_camera_world, K, x1 - x0, y1 - y0)


@dataclass(frozen=True)
class Image(Generic[Array]):
    """A picture; ``Array`` is a numpy array or a torch tensor."""

    colour: Array
    """(H, W, 3) RGB over the background, not clamped"""
    alpha: Array
    """(H, W) coverage in [0, 1]"""


def look_at(eye: NDArray[np.float64], target: NDArray[np.float64], fov_y: float, width: int, height: int) -> Camera:
    """A camera at ``eye`` (3) looking at ``target`` (3), both in metres, with rig +Y upwards in the picture.

    ``fov_y`` is the vertical field of view in radians.
    """
    forward = np.asarray(target, np.float64) - np.asarray(eye, np.float64)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    T = np.eye(4)
    T[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    T[:3, 3] = -T[:3, :3] @ eye
    focal = height / 2 / np.tan(fov_y / 2)
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    return Camera(T, K, width, height)
