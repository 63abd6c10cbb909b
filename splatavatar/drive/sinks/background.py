"""What is behind the avatar: a colour, a picture, nothing, or the blurred picture of the camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SettingsError

Picture = NDArray[np.uint8]
Colour = tuple[float, float, float]

SHRINK = 12
"""times that the camera's picture is made smaller before it is blurred"""
BLUR = 2.0
"""standard deviation of the blur in pixels of the small picture: 24 of the large one"""
NO_PICTURE: Colour = (0.25, 0.25, 0.25)
"""what is shown where the camera has no picture yet"""


@dataclass(frozen=True)
class ColourBackground:
    """One colour, RGB in [0, 1]; the renderer puts it behind the avatar itself."""

    colour: Colour


@dataclass(frozen=True)
class Transparent:
    """Nothing: the pictures have alpha."""


class PictureBackground:
    """A picture, scaled to cover the frame and cut to it around its middle."""

    def __init__(self, picture: Picture) -> None:
        """``picture`` (H, W, 3) RGB."""
        self._picture = picture
        self._fitted: Picture = np.empty((0, 0, 3), np.uint8)

    def __call__(self, width: int, height: int) -> Picture:
        """(height, width, 3) RGB."""
        if self._fitted.shape[:2] != (height, width):
            self._fitted = cover(self._picture, width, height)
        return self._fitted


class BlurredCamera:
    """The last picture of a camera, out of focus."""

    def __init__(self, picture: Callable[[], Picture | None]) -> None:
        """``picture()`` is the camera's last (H, W, 3) RGB, None before the first."""
        self._picture = picture
        self._seen: Picture | None = None
        self._blurred: Picture = np.empty((0, 0, 3), np.uint8)

    def __call__(self, width: int, height: int) -> Picture:
        """(height, width, 3) RGB."""
        picture = self._picture()
        if picture is None:
            return np.broadcast_to(np.array(NO_PICTURE) * 255, (height, width, 3)).astype(np.uint8)
        if picture is not self._seen or self._blurred.shape[:2] != (height, width):
            import cv2

            small = cover(picture, max(width // SHRINK, 1), max(height // SHRINK, 1))
            small = cv2.GaussianBlur(small, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
            self._blurred = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
            self._seen = picture
        return self._blurred


Background = ColourBackground | Transparent | PictureBackground | BlurredCamera


def picture_background(path: str | Path) -> PictureBackground:
    """The background of a picture file. Raises SettingsError."""
    import cv2

    path = Path(path)
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SettingsError(f"{path}: the background cannot be read: {error.strerror}.") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise SettingsError(f"{path}: not a picture; the background must be a colour or a JPEG, PNG or WebP file.")
    return PictureBackground(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def cover(picture: Picture, width: int, height: int) -> Picture:
    """The middle of ``picture`` (H, W, 3), scaled to fill ``width`` x ``height`` without distortion."""
    import cv2

    scale = max(width / picture.shape[1], height / picture.shape[0])
    wide, high = max(round(picture.shape[1] * scale), width), max(round(picture.shape[0] * scale), height)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (wide, high), interpolation=interpolation)
    top, left = (high - height) // 2, (wide - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def over(image: Picture, behind: Picture) -> Picture:
    """``image`` (H, W, 4) RGBA with straight alpha over ``behind`` (H, W, 3): a new (H, W, 3)."""
    import cv2

    cv: Any = cv2
    alpha = cv.merge([cv.extractChannel(image, 3)] * 3)
    front = cv.multiply(cv.cvtColor(image, cv.COLOR_RGBA2RGB), alpha, scale=1 / 255)
    return np.asarray(cv.add(front, cv.multiply(behind, cv.bitwise_not(alpha), scale=1 / 255)), np.uint8)
