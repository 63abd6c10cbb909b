"""Exposure and white balance of a picture as three gains, one a channel, of its sRGB values.

A camera that regulates itself multiplies light; sRGB is so nearly a power of light that its values are multiplied too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.array_types import Bytes, Doubles, Floats
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scoring.metrics import OPAQUE

NOISE = 0.015
"""logarithm of a gain: below it in all channels a picture counts as exposed like the others"""
BOUND = 0.7
"""logarithm of a gain: no camera changes its exposure by more while it films one person"""
DARKEST, BRIGHTEST = 12, 245
"""of 255: beyond them a colour is cut off, and its ratio to another says nothing"""
DOUBT = 0.02
"""share of the pixels of a person that always says that the gain is one"""
FEWEST = 400
"""pixels that make a gain half believed"""
SOLID = 0.98
"""alpha of a render from which on what lies behind does not matter"""


def settled(log_gain: Doubles) -> Doubles:
    """The logarithms (..., 3) of gains, bounded; zero where those of all three channels are within noise."""
    bounded = np.clip(log_gain, -BOUND, BOUND)
    return np.where((np.abs(bounded) < NOISE).all(-1, keepdims=True), 0.0, bounded)


def divided(rgb: Bytes, log_gain: Doubles) -> Bytes:
    """The picture (..., 3) without the gain of logarithm ``log_gain`` (3), rounded and cut to 0-255."""
    table = np.rint(np.arange(256)[:, None] / np.exp(log_gain)).clip(0, 255).astype(np.uint8)
    return np.stack([table[rgb[..., channel], channel] for channel in range(3)], -1)


def without_gain(target: Target, log_gain: Doubles) -> Target:
    """The ``target`` without the gain of logarithm ``log_gain`` (3); itself where that is zero."""
    if not log_gain.any():
        return target
    rgb = divided(target.rgba[..., :3], log_gain)
    return replace(target, rgba=np.dstack([rgb, target.rgba[..., 3]]))


def multiplied(rgba: Floats, log_gain: Doubles) -> Floats:
    """The render (H, W, 4), RGB and alpha in [0, 1], with that gain on its colours, cut to [0, 1]."""
    colour = (rgba[..., :3] * np.exp(log_gain)).clip(0, 1)
    return np.concatenate([colour, rgba[..., 3:]], -1).astype(np.float32)


def picture_gain(rgba: Floats, image: Bytes, matte: Bytes) -> Doubles:
    """The logarithms (3) of the gains by which ``image`` (H, W, 3) is brighter than a render of the same person.

    ``rgba`` (H, W, 4) is the render, straight alpha, in [0, 1]. The median of the ratios counts, over the pixels where
    ``matte`` (H, W) and render are opaque and neither colour is cut off, drawn towards zero where these are few.
    """
    truth, shown = image.astype(np.float64), rgba[..., :3].astype(np.float64) * 255
    opaque = (matte >= OPAQUE) & (rgba[..., 3] >= SOLID)
    out = np.zeros(3)
    for channel in range(3):
        a, b = truth[..., channel], shown[..., channel]
        told = opaque & (np.minimum(a, b) >= DARKEST) & (np.maximum(a, b) <= BRIGHTEST)
        count = int(told.sum())
        if count:
            belief = count / (count * (1 + DOUBT) + FEWEST)
            out[channel] = belief * np.median(np.log(a[told] / b[told]))
    return settled(out)
