"""Small pictures and films, of nobody."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from splatavatar.drive.sinks.encoded import MP4, WEBM, EncodedVideo
from splatavatar.trust.credentials.marker import Marker

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def write_film(path: Path, marker: Marker | None = None, frames: int = 12) -> Path:
    """A film of 32 x 24 at 12 pictures a second, mp4 or webm."""
    webm = path.suffix == ".webm"
    sink = EncodedVideo(path, Fraction(12), 32, 24, WEBM if webm else MP4, None, marker)
    for frame in range(frames):
        sink.write(np.roll(PICTURE, frame, axis=1))
    sink.close()
    return path
