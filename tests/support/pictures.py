"""Small pictures and films, of nobody."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
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


def write_pieces(path: Path) -> Path:
    """A film as other programs write them to be streamed: an mp4 in pieces, or a webm that does not say how long it is.

    Both have a title.
    """
    webm = path.suffix == ".webm"
    options = {"live": "1"} if webm else {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(path), "w", format="webm" if webm else "mp4", options=options) as film:
        film.metadata["title"] = "A title"
        stream = film.add_stream("libvpx-vp9" if webm else "libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt, stream.options = 32, 24, "yuv420p", {"g": "6"}
        for number in range(24):
            frame = av.VideoFrame.from_ndarray(np.roll(PICTURE, number, axis=1), "rgb24")
            frame.pts = number
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path
