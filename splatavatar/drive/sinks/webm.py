"""VP9 with alpha and Opus in a webm: what browsers and editors put over other pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from splatavatar.drive.sinks.encoded import EncodedVideo, Encoding
from splatavatar.drive.sinks.soundtrack import Soundtrack

# libvpx encodes alpha as a second video, for which it must not look ahead. The real-time setting costs 8 ms of a core
# a frame of 512x512.
WEBM = Encoding(
    container="webm",
    codec="libvpx-vp9",
    pixels="yuva420p",
    options={
        "deadline": "realtime",
        "cpu-used": "8",
        "crf": "20",
        "auto-alt-ref": "0",
        "lag-in-frames": "0",
        "row-mt": "1",
    },
    sound_codec="libopus",
    tags={"alpha_mode": "1"},
)


class WebmSink(EncodedVideo):
    """A webm with alpha. Decoders that know no alpha (FFmpeg's own of VP9) show the colours alone."""

    def __init__(self, path: Path, fps: Fraction, width: int, height: int, sound: Soundtrack | None = None) -> None:
        """As ``EncodedVideo``."""
        super().__init__(path, fps, width, height, WEBM, sound)
