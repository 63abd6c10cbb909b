"""Mattes of the pictures of one clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.crop import Window
from splatavatar.capture.matting.anatomy import Anatomy, anatomy
from splatavatar.capture.matting.clean import one_piece
from splatavatar.capture.matting.colour_model import learn, look_up
from splatavatar.capture.matting.graph_cut import cut
from splatavatar.capture.matting.padding import outside
from splatavatar.capture.matting.soft_edge import soften
from splatavatar.errors import SettingsError

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Progress = Callable[[float], None]

METHODS = ("grabcut",)


@dataclass(frozen=True)
class Mattes:
    """Of T pictures."""

    mattes: list[Bytes]
    """T of (S, S): 0 background, 255 the person"""
    weights: NDArray[np.float32]
    """(T) in [0, 1] how far each can be trusted"""


def estimate_mattes(
    images: Sequence[Bytes],
    silhouettes: Sequence[Mask],
    windows: Sequence[Window],
    method: str = "grabcut",
    progress: Progress | None = None,
) -> Mattes:
    """The person in ``images`` (S, S, 3), pictures of one clip in the order of time.

    ``silhouettes`` (S, S) are where the tracked rig is; hair, glasses and clothes are found around them. ``windows`` say
    where the pictures lie in the frame. ``progress(fraction)`` hears of the advance.

    Raises:
        SettingsError: an unknown method.
    """
    import cv2

    if method not in METHODS:
        raise SettingsError(f"unknown matting method '{method}'; known are {', '.join(METHODS)}")
    heard = progress or (lambda fraction: None)
    cv2.setRNGSeed(0)
    small, padded, plans = [], [], []
    for image, silhouette, window in zip(images, silhouettes, windows, strict=True):
        half = (len(image) // 2, len(image) // 2)
        small.append(cv2.cvtColor(cv2.resize(image, half, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb))
        padded.append(cv2.resize(outside(image, window).view(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0)
        plans.append(anatomy(cv2.resize(silhouette.view(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0))
    colour = learn((s, p.core & ~o, p.never & ~o) for s, p, o in zip(small, plans, padded, strict=True) if p)
    masks = [first_mask(s, p, o, colour) for s, p, o in zip(small, plans, padded, strict=True)]
    colour = learn((s, m & ~o, ~m & ~o) for s, m, o in zip(small, masks, padded, strict=True))
    mattes = []
    for k, (image, plan, window) in enumerate(zip(images, plans, windows, strict=True)):
        matte = soften(first_mask(small[k], plan, padded[k], colour), image)
        matte[outside(image, window)] = 0
        mattes.append(np.rint(255 * matte).astype(np.uint8))
        heard((k + 1) / len(images))
    weights = np.array([1.0 if plan else 0.0 for plan in plans], np.float32)
    return Mattes(mattes, weights)


def first_mask(small: Bytes, plan: Anatomy | None, padded: Mask, colour: NDArray[np.float32]) -> Mask:
    """(H, W) from the place and the colour of each pixel."""
    if plan is None:
        return np.zeros(small.shape[:2], bool)
    odds = look_up(colour, small) + plan.prior
    mask = cut(odds, small[..., :2], plan.sure & ~padded, plan.never | padded)
    return one_piece(mask, plan.sure, (0.15 * plan.width) ** 2)
