"""What pictures of a clip and frames of a camera have in common once MediaPipe looks at them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.rig.arkit import INDEX, NAMES


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Native libraries write their log to file descriptor 2, past everything that Python could redirect."""
    sys.stderr.flush()
    keep, void = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(keep, 2)
        os.close(keep)
        os.close(void)


def scores_of(categories: Iterable[Any]) -> NDArray[np.float32]:
    """The coefficients (52) in [0, 1], ``arkit.NAMES`` order, of the blendshapes of one face; there is no tongueOut."""
    scores = np.zeros(len(NAMES), np.float32)
    for category in categories:
        if category.category_name in INDEX:
            scores[INDEX[category.category_name]] = category.score
    return scores


def face_box(points: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Middle and size of the landmarks (P, 2 or more) of a face, in their unit."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return (low + high) / 2, float(np.sqrt(np.prod(high - low)))
