"""Short videos of a real face, cut from the shared ones, and the places the tool needs to know them by."""

from __future__ import annotations

import itertools
import os
from functools import cache
from pathlib import Path

import numpy as np

from support.shared import SHARED, landmark_model, shared

MODELS = SHARED / "models"
FRAMES = 72


def portrait() -> tuple[np.ndarray, ...]:
    """72 frames (480, 480, 3) of a woman who begins to speak, for tests that find her face."""
    landmark_model()
    return _frames(shared("videos/liveportrait-d18.mp4"))


@cache
def _frames(clip: Path) -> tuple[np.ndarray, ...]:
    import av

    with av.open(str(clip)) as container:
        return tuple(f.to_ndarray(format="rgb24") for f in itertools.islice(container.decode(video=0), FRAMES))


def scaled(image: np.ndarray, size: int) -> np.ndarray:
    """``image`` as ``size`` x ``size`` pixels."""
    import cv2

    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def on_grey(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """``image`` in the middle of a grey frame."""
    frame = np.full((height, width, 3), 110, np.uint8)
    y, x = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    frame[y : y + image.shape[0], x : x + image.shape[1]] = image
    return frame


def own_cache(folder: Path) -> Path:
    """A cache at ``folder`` that has nothing but the body models of the user's, which take long to make."""
    from splatavatar.folders import cache_folder

    known = cache_folder()
    folder.mkdir(exist_ok=True)
    for file in known.glob("anny-*.npz"):
        os.symlink(file.resolve(), folder / file.name)
    return folder
