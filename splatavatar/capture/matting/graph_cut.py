"""Two labels for the pixels of a picture: the minimum cut of any log odds with edges that follow the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Mask

STEP = 0.25
"""levels of the energy per level of the encoded channel"""
GAIN = 1.0
"""energy per unit of log odds; an edge without contrast costs 50, as in GrabCut. With three times as much, a shoulder
in a striped shirt comes out as a comb"""
APART = 32.0
"""levels between the middle of the encoded channel and the mean of either model"""


def cut(odds: Floats, picture: NDArray[np.uint8], sure: Mask, never: Mask, padded: Mask) -> Mask:
    """The mask (H, W) of the person, from its log ``odds`` (H, W) in [-30, 30], and a ``picture`` (H, W, 2).

    ``sure`` is the person and ``never`` is not; where the picture is ``padded`` nothing is decided. Everything else is
    decided together.

    GrabCut with models that are not learnt: the first channel carries the odds, and two one-component models of equal
    spread make the difference of their log likelihoods linear in it. The spread is so wide that the other two channels
    do not count there. The edges rest on all three: a step of the odds is an edge, like one of the picture.
    """
    import cv2

    out = sure & ~never
    undecided = ~sure & ~never & ~padded
    rows, columns = np.flatnonzero(undecided.any(1)), np.flatnonzero(undecided.any(0))
    if len(rows) == 0:
        return out
    part = (_around(rows, len(out)), _around(columns, out.shape[1]))
    levels = np.clip(np.rint(GAIN * odds[part] / STEP) + 128, 0, 255).astype(np.uint8)
    labels = np.where(out[part], cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[undecided[part]] = np.where(odds[part] > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[undecided[part]]
    models = _model(128 - APART), _model(128 + APART)
    cv2.grabCut(np.dstack([levels, picture[part]]), labels, None, *models, 1, cv2.GC_EVAL_FREEZE_MODEL)
    out[part] = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return out


def _around(indices: NDArray[np.int64], length: int) -> slice:
    """From one before the first of ``indices`` to one behind the last."""
    return slice(max(int(indices[0]) - 1, 0), min(int(indices[-1]) + 2, length))


def _model(mean: float) -> NDArray[np.float64]:
    """A Gaussian mixture of one component, as GrabCut keeps it: 5 weights, 5 means, 5 covariances."""
    model = np.zeros((1, 65))
    model[0, 0] = 1.0
    model[0, 5:8] = mean, 128.0, 128.0
    model[0, 20:29] = np.diag([2 * APART / STEP, 1e6, 1e6]).ravel()
    return model
