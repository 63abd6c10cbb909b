"""Lenses that bend rays, and pictures as a pinhole in their place would have taken them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.render.camera import Camera

LensModel = Literal["opencv", "fisheye"]


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

    def _places(self, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(H, W) twice: where in the stored picture each pixel of ``camera`` is, in OpenCV's pixels."""
        import cv2

        size, numbers = (camera.width, camera.height), np.array(self.coefficients, np.float64)
        turn, stored, seen = np.eye(3), _first_pixel_at_zero(self.K), _first_pixel_at_zero(camera.K)
        make = cv2.fisheye.initUndistortRectifyMap if self.model == "fisheye" else cv2.initUndistortRectifyMap
        across, down = make(stored, numbers, turn, seen, size, cv2.CV_32FC1)
        return across, down


def _first_pixel_at_zero(K: NDArray[np.float64]) -> NDArray[np.float64]:
    """``K`` where the centre of the first pixel is at (0, 0), as OpenCV has it."""
    moved = K.astype(np.float64)
    moved[:2, 2] -= 0.5
    return moved
