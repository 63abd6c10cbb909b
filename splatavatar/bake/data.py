"""From a capture on disk to the pictures, meshes and first Gaussians of a bake."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from splatavatar.bake.engine import Target
from splatavatar.bake.native_engine import as_rectangle
from splatavatar.capture.capture import Frame
from splatavatar.capture.images import load_frames

MARGIN = 24
"""pixels around the matte that the loss looks at; what lies beyond would need a Gaussian larger than is allowed"""


def load_targets(frames: list[Frame], progress: Callable[[int, int], None] | None = None) -> list[Target]:
    """The pictures of ``frames``, decoded.

    Raises:
        CaptureError: a picture or matte that cannot be read.
    """
    targets = []
    for frame, (rgb, matte) in zip(frames, load_frames(frames, progress), strict=True):
        rgba = np.ascontiguousarray(np.dstack([rgb, matte]))
        targets.append(Target(frame.name, rgba, frame.camera, frame.timestep, as_rectangle(matte > 2, MARGIN)))
    return targets
