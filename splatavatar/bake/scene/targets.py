"""From a capture on disk to the pictures, meshes and first Gaussians of a bake."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.native_engine import as_rectangle
from splatavatar.capture.capture import Frame
from splatavatar.capture.images import load_frames
from splatavatar.errors import CaptureError, SettingsError
from splatavatar.printable import printable
from splatavatar.progress import Progress, unheard
from splatavatar.render import _native

MARGIN = 24
"""pixels around the matte that the loss looks at; what lies beyond would need a Gaussian larger than is allowed"""


EDGE = 240
"""of 255: mattes below are of mixed pixels, or of some that are hardly the person's"""
REACHES = (7, 35)
"""pixels from which a mixed pixel takes the colour of the person; the second where there is none within the first"""


def load_targets(frames: list[Frame], progress: Progress = unheard, clean: bool = False) -> list[Target]:
    """The pictures of ``frames``, decoded; with ``clean`` the background is taken out of the edges of the person.

    Raises:
        CaptureError: a picture or matte that cannot be read, or pictures that are too much for the memory.
    """
    _check_room(frames)
    targets = []
    read = deque(load_frames(frames, lambda done, total: progress("reading pictures", done / total)))
    for frame in frames:
        rgb, matte = read.popleft()  # what was read goes as its target comes: both would be twice the memory
        rgba = np.ascontiguousarray(np.dstack([without_background(rgb, matte) if clean else rgb, matte]))
        looked_at = as_rectangle(matte > 2, MARGIN)
        targets.append(Target(frame.name, rgba, frame.camera, frame.timestep, looked_at, frame.matte_weight))
    return targets


def _check_room(frames: list[Frame]) -> None:
    """Raises CaptureError where the memory that is left does not hold the pictures of ``frames``."""
    total = sum(4 * frame.camera.width * frame.camera.height for frame in frames)
    try:
        _native.check_memory(total)
    except SettingsError as error:
        raise CaptureError(
            f"the {len(frames)} pictures of {printable(frames[0].name)} and on need {total / 1e9:.1f} GB of memory, "
            "which are not left here; make them smaller, or give fewer of them"
        ) from error


def without_background(rgb: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ``rgb`` (H, W, 3) in which the mixed pixels of ``matte`` (H, W) have the colour of the person near them.

    A camera mixes both at the edge of hair and cheek; a Gaussian that learns the mixture carries the light of the old
    background before the new one.
    """
    import cv2

    sure = (matte >= EDGE).astype(np.float32)
    mixed = ((matte < EDGE) & (matte > 0))[..., None]
    out = rgb
    for reach in REACHES:
        size = (2 * reach + 1, 2 * reach + 1)
        total = cv2.GaussianBlur(rgb * sure[..., None], size, reach / 2.5)
        weight = cv2.GaussianBlur(sure, size, reach / 2.5)[..., None]
        near = mixed & (weight > 1e-3)
        out = np.where(near, np.rint(total / np.maximum(weight, 1e-6)), out).astype(np.uint8)
        mixed = mixed & ~near
    return out
