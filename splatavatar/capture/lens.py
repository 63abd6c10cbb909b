"""Lenses that bend rays, and pictures as a pinhole in their place would have taken them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.render.camera import Camera

LensModel = Literal["opencv", "fisheye"]
FARTHEST = 8.0
"""tangent of the widest angle from the axis that pictures with a head in them reach"""
STEPS = 40
"""by which the way through a lens is found backwards; each halves the error, or better, wherever faces are"""
NOWHERE = -1e4
"""a column that no picture has"""


@dataclass(frozen=True)
class Lens:
    """How a picture as it is stored differs from what the pinhole camera of its frame sees; of the same size.

    The models are OpenCV's: ``opencv`` with k1, k2, p1, p2, then optionally k3, then k4, k5, k6; ``fisheye`` with k1,
    k2, k3, k4, of the angle from the axis.
    """

    model: LensModel
    coefficients: tuple[float, ...]
    K: NDArray[np.float64]
    """(3, 3) pixels, of the stored picture; the centre of its first pixel is at (0.5, 0.5)"""

    def undistorted(self, pixels: Bytes, camera: Camera) -> Bytes:
        """The stored ``pixels`` (H, W) or (H, W, 3) as ``camera`` sees them; 0 where it looks past them."""
        import cv2

        across, down = self._places(camera)
        return np.asarray(cv2.remap(pixels, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.uint8)

    def bent(self, tangents: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where rays with the ``tangents`` (N, 2) right and down of the axis go: tangents (N, 2) of a pinhole's ray."""
        import cv2

        numbers, still = np.array(self.coefficients, np.float64), np.eye(3)
        if self.model == "fisheye":
            return np.asarray(cv2.fisheye.distortPoints(tangents[None], still, numbers[:4])[0], np.float64)
        ahead = np.concatenate([tangents, np.ones((len(tangents), 1))], 1)
        places = cv2.projectPoints(ahead, np.zeros(3), np.zeros(3), still, numbers)[0]
        return np.asarray(places[:, 0], np.float64)

    def straightened(self, tangents: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of ``bent``, (N, 2)."""
        straight = tangents
        for _ in range(STEPS):
            straight = straight + tangents - self.bent(straight)
        return straight

    def _places(self, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(H, W) twice: where in the stored picture each pixel of ``camera`` is, in OpenCV's pixels."""
        import cv2

        size, numbers = (camera.width, camera.height), np.array(self.coefficients, np.float64)
        turn, stored, seen = np.eye(3), _first_pixel_at_zero(self.K), _first_pixel_at_zero(camera.K)
        make = cv2.fisheye.initUndistortRectifyMap if self.model == "fisheye" else cv2.initUndistortRectifyMap
        across, down = make(stored, numbers, turn, seen, size, cv2.CV_32FC1)
        x = (np.arange(camera.width) - seen[0, 2]) / seen[0, 0]
        y = (np.arange(camera.height) - seen[1, 2]) / seen[1, 1]
        # A polynomial that turns back would show the same place twice.
        across[np.hypot(x, y[:, None]) > self.reach()] = NOWHERE
        return across, down

    def reach(self) -> float:
        """The tangent of the angle from the axis up to which every angle has a place of its own in the picture."""
        tangent = np.linspace(0, FARTHEST, 4001)
        if self.model == "fisheye":
            angle = np.arctan(tangent)
            away = angle * (1 + sum(k * angle ** (2 * i + 2) for i, k in enumerate(self.coefficients)))
        else:
            k1, k2, _, _, k3, k4, k5, k6 = (*self.coefficients, 0.0, 0.0, 0.0, 0.0)[:8]
            square = tangent * tangent
            away = tangent * (1 + square * (k1 + square * (k2 + square * k3)))
            below = 1 + square * (k4 + square * (k5 + square * k6))
            # Where it divides by nothing every angle goes to infinity.
            away = np.where(below > 0, away / np.where(below > 0, below, 1), 0)
        turning = np.flatnonzero(np.diff(away) <= 0)
        return float(tangent[turning[0]]) if len(turning) else np.inf


def _first_pixel_at_zero(K: NDArray[np.float64]) -> NDArray[np.float64]:
    """``K`` where the centre of the first pixel is at (0, 0), as OpenCV has it."""
    moved = K.astype(np.float64)
    moved[:2, 2] -= 0.5
    return moved
