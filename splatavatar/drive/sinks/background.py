"""What is behind the avatar: a colour, a picture, nothing, or the blurred picture of the camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.avatar.renderers.renderer import Colour, Picture
from splatavatar.errors import SettingsError
from splatavatar.pictures import read_picture

SMALL = 32
"""pixels of the shorter side of the picture that is blurred, and then made as large as the frame"""
SAMPLES = 4
"""pixels of the camera's picture, each way, that one of the small picture is the mean of at least"""
BLUR = 0.09
"""standard deviation of the blur over the shorter side of the frame: of a face that fills the frame it leaves a patch
of skin below a patch of hair"""
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


class BlurredBackground:
    """The newest picture of a camera, so far out of focus that nobody in it can be recognised."""

    def __init__(self, picture: Callable[[], Picture | None]) -> None:
        """``picture()`` is the camera's newest (H, W, 3) RGB, the same array until there is another one; None before
        the first.
        """
        self._picture = picture
        self._seen: Picture | None = None
        self._mirrored = False
        self._blurred: Picture = np.empty((0, 0, 3), np.uint8)

    def __call__(self, width: int, height: int, mirrored: bool = False) -> Picture:
        """(height, width, 3) RGB; the work is done once a picture."""
        picture = self._picture()
        if picture is None:
            return np.broadcast_to(np.array(NO_PICTURE) * 255, (height, width, 3)).astype(np.uint8)
        known = picture is self._seen and mirrored == self._mirrored and self._blurred.shape[:2] == (height, width)
        if not known:
            import cv2

            scale = SMALL / min(width, height)
            wide, high = round(width * scale), round(height * scale)
            # Pixels between those are not missed in a blur.
            step = max(min(picture.shape[1] // wide, picture.shape[0] // high) // SAMPLES, 1)
            small = cover(np.ascontiguousarray(picture[::step, ::step]), wide, high)
            deviation = BLUR * min(small.shape[:2])
            small = cv2.GaussianBlur(small, (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
            if mirrored:
                small = cv2.flip(small, 1)
            self._blurred = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
            self._seen, self._mirrored = picture, mirrored
        return self._blurred


@dataclass(frozen=True)
class BlurredCamera:
    """The blurred picture of whatever sees pictures in a session, which makes a ``BlurredBackground`` of it."""


Background = ColourBackground | Transparent | PictureBackground | BlurredBackground


def with_camera(
    backgrounds: Sequence[Background | BlurredCamera], picture: Callable[[], Picture | None] | None
) -> list[Background]:
    """The ``backgrounds`` with what ``picture`` returns for ``BlurredCamera``; see ``BlurredBackground``.

    Where nothing sees pictures (None) it is left out. Raises SettingsError where it would be the first.
    """
    if picture is None and backgrounds and isinstance(backgrounds[0], BlurredCamera):
        raise nothing_sees()
    found: list[Background] = []
    for background in backgrounds:
        if not isinstance(background, BlurredCamera):
            found.append(background)
        elif picture is not None:
            found.append(BlurredBackground(picture))
    return found


def nothing_sees() -> SettingsError:
    """What is wrong with a ``BlurredCamera`` that is shown where nothing sees pictures."""
    return SettingsError(
        "the blurred background is made of what a camera or a video sees, and nothing here drives by pictures."
    )


def picture_background(path: str | Path) -> PictureBackground:
    """The background of a picture file. Raises SettingsError."""
    return PictureBackground(
        read_picture(path, SettingsError, "for the background a colour or a JPEG, PNG or WebP file")
    )


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
    """Lays ``image`` (H, W, 4) RGBA with straight alpha over ``behind`` (H, W, 3): a new (H, W, 3)."""
    import cv2

    cv: Any = cv2
    alpha = cv.merge([cv.extractChannel(image, 3)] * 3)
    front = cv.multiply(cv.cvtColor(image, cv.COLOR_RGBA2RGB), alpha, scale=1 / 255)
    return np.asarray(cv.add(front, cv.multiply(behind, cv.bitwise_not(alpha), scale=1 / 255)), np.uint8)
