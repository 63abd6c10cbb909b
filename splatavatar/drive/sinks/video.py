"""H.264 in an mp4, by PyAV."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.sink import prepare_folder
from splatavatar.errors import OutputError

CRF = "18"
# The renderer works on the same cores: beside `veryfast` it made 76 frames a second at 512x512, beside `superfast` 93.
PRESET = "superfast"
# The numbers of ITU-T H.273: our pictures are sRGB (BT.709 primaries, sRGB transfer), coded with the BT.709 matrix.
BT709, SRGB, TV_RANGE = 1, 13, 1


class VideoSink:
    """Frames become one mp4 at an exact frame rate; the file gets its name when it is whole."""

    def __init__(self, path: Path, fps: Fraction, width: int, height: int) -> None:
        """Raises OutputError for an odd size (4:2:0 chroma needs even ones) or a folder that cannot be written."""
        if width % 2 or height % 2:
            raise OutputError(f"{path}: a video needs an even width and height, got {width}x{height}.")
        prepare_folder(path)
        self._av = _import_av()
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._frames = 0
        self._closed = False
        try:
            self._container: Any = self._av.open(
                str(self._temporary), "w", format="mp4", options={"movflags": "+faststart"}
            )
            self._stream: Any = self._container.add_stream("libx264", rate=fps)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = {"crf": CRF, "preset": PRESET}
            context = self._stream.codec_context
            context.time_base = 1 / fps
            context.color_primaries, context.color_trc = BT709, SRGB
            context.colorspace, context.color_range = BT709, TV_RANGE
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error

    def write(self, image: NDArray[np.uint8]) -> None:
        """Encode one picture (H, W, 3). Raises OutputError."""
        try:
            frame = self._av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=BT709, dst_color_range=TV_RANGE
            )
            frame.color_primaries, frame.color_trc = BT709, SRGB
            frame.colorspace, frame.color_range = BT709, TV_RANGE
            frame.pts, frame.time_base = self._frames, self._stream.codec_context.time_base
            self._container.mux(self._stream.encode(frame))
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error
        self._frames += 1

    def close(self) -> None:
        """Flush the encoder and rename the file into place; without a frame nothing is written. Raises OutputError."""
        if self._closed:
            return
        if self._frames == 0:
            self.discard()
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            os.replace(self._temporary, self._path)
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error
        self._closed = True

    def discard(self) -> None:
        """Remove the unfinished file."""
        if self._closed:
            return
        self._closed = True
        # Closing writes the trailer, which cannot succeed where the frames could not; the file goes anyway.
        with suppress(AttributeError, OSError, ValueError, self._av.FFmpegError):
            self._container.close()
        self._temporary.unlink(missing_ok=True)

    def _failed(self, error: Exception) -> OutputError:
        self.discard()
        return OutputError(f"{self._path}: the video cannot be written: {getattr(error, 'strerror', None) or error}.")


def _import_av() -> Any:
    import av

    return av
