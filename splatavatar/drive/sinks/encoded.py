"""Video files by PyAV, mp4 and webm: frames at an exact rate, sound beside them, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.finishing import IN_PIECES, UNFINISHED, how_to_finish, put_in_place
from splatavatar.drive.sinks.repairing import check_pictures, cut_to_whole
from splatavatar.drive.sinks.sink import Beginning, prepare_folder
from splatavatar.drive.sinks.soundtrack import RATE, Soundtrack
from splatavatar.errors import OutputError, TrustError
from splatavatar.extras import required
from splatavatar.media import create_media
from splatavatar.output import beginning_of, temporary_beside

if TYPE_CHECKING:
    from splatavatar.trust.credentials.marker import Marker

# The numbers of ITU-T H.273: our pictures are sRGB (BT.709 primaries, sRGB transfer), coded with the BT.709 matrix.
BT709, SRGB, TV_RANGE = 1, 13, 1
SOUND_FRAME = 960
"""samples handed to the encoder at a time, 20 ms; it makes frames of its own size of them"""
SOUND_BITS = 160_000
"""a second, for both channels"""


@dataclass(frozen=True)
class Encoding:
    """How pictures and sound are written."""

    container: str
    codec: str
    pixels: str
    """with alpha where it has an a: yuva420p"""
    options: Mapping[str, str]
    sound_codec: str
    container_options: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    """metadata of the video stream"""

    @property
    def transparent(self) -> bool:
        """Whether it keeps alpha."""
        return self.pixels.startswith("yuva")


# The renderer works on the same cores: beside `veryfast` it made 76 frames a second at 512x512, beside `superfast` 93.
MP4 = Encoding(
    container="mp4",
    codec="libx264",
    pixels="yuv420p",
    options={"crf": "18", "preset": "superfast"},
    sound_codec="aac",
    container_options={"movflags": "+delay_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"},
)
"""H.264 and AAC: what plays everywhere. While it is written it is in pieces of a second, each of which can be played
whatever comes after it; ``finishing`` makes one piece of them."""
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
    container_options={"cluster_time_limit": "1000", "flush_packets": "1"},
    tags={"alpha_mode": "1"},
)
"""VP9 with alpha and Opus: what browsers and editors put over other pictures. Decoders that know no alpha (FFmpeg's own
of VP9) show the colours alone."""


class EncodedVideo:
    """Frames become one file at an exact frame rate; it gets its name when it is whole."""

    def __init__(
        self,
        path: Path,
        fps: Fraction,
        width: int,
        height: int,
        encoding: Encoding,
        sound: Soundtrack | None = None,
        marker: Marker | None = None,
    ) -> None:
        """``sound`` is closed with the file; its first sample is heard with the first frame. ``marker`` gives the whole
        file its content credentials.

        Raises OutputError for an odd size (4:2:0 chroma needs even ones) or a folder that cannot be written.
        """
        if width % 2 or height % 2:
            raise OutputError(f"{path}: a video needs an even width and height, got {width}x{height}.")
        prepare_folder(path)
        self._av = _import_av()
        self._path = path
        self._temporary = temporary_beside(path)
        self._encoding = encoding
        self._marker = marker
        self._fps = fps
        self._frames = 0
        self._closed = False
        self._sound = sound
        self._sound_written = 0
        self.repeatable = True
        """whether the film can be made again: of one that cannot, what was written is kept where the rest fails"""
        try:
            self._media = create_media(self._temporary, encoding.container, dict(encoding.container_options))
            self._container: Any = self._media.container
            if encoding.container in IN_PIECES:
                self._container.metadata.update(UNFINISHED)
            self._stream: Any = self._container.add_stream(encoding.codec, rate=fps)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = encoding.pixels
            self._stream.options = dict(encoding.options)
            # The quality is asked for in the options; a rate would be kept to beside it.
            self._stream.bit_rate = 0
            self._stream.metadata.update(encoding.tags)
            context = self._stream.codec_context
            context.time_base = 1 / fps
            context.color_primaries, context.color_trc = BT709, SRGB
            context.colorspace, context.color_range = BT709, TV_RANGE
            self._sound_stream: Any = None
            if sound is not None:
                self._sound_stream = self._container.add_stream(encoding.sound_codec, rate=RATE, layout="stereo")
                self._sound_stream.bit_rate = SOUND_BITS
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error

    def write(self, image: NDArray[np.uint8]) -> None:
        """Encode one picture (H, W, 3) or (H, W, 4) with straight alpha; where the file has no alpha it is put on
        black. Raises OutputError.
        """
        try:
            frame = self._av.VideoFrame.from_ndarray(*self._prepared(image)).reformat(
                format=self._encoding.pixels, dst_colorspace=BT709, dst_color_range=TV_RANGE
            )
            frame.color_primaries, frame.color_trc = BT709, SRGB
            frame.colorspace, frame.color_range = BT709, TV_RANGE
            frame.pts, frame.time_base = self._frames, self._stream.codec_context.time_base
            self._container.mux(self._stream.encode(frame))
            self._frames += 1
            if self._sound is not None:
                self._write_sound(self._sound, Fraction(self._frames) / self._fps - Fraction(self._sound.lag))
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Flush the encoders and put the file into its place; without a frame nothing is written.

        Raises OutputError; where it is said that the film is there, it lacks no more than what is said.
        """
        if self._closed:
            return
        if self._frames == 0:
            self.discard()
            return
        try:
            if self._sound is not None:
                self._write_sound(self._sound, Fraction(self._frames) / self._fps)
                self._container.mux(self._sound_stream.encode(None))
            self._container.mux(self._stream.encode(None))
            self._media.close()
        except (OSError, self._av.FFmpegError) as error:
            raise self._failed(error) from error
        self._end()
        put_in_place(self._temporary, self._path, self._encoding.container, self._marker)

    def keep(self) -> Beginning:
        """Closes a film that was broken off: one that is there keeps its name. Raises OutputError."""
        if self._closed:
            return Beginning(self._path)
        wanted, self._path = self._path, beginning_of(self._path)
        self.close()
        return Beginning(self._path, None if self._path == wanted else wanted)

    def discard(self) -> None:
        """Remove the unfinished file."""
        if self._closed:
            return
        self._end()
        # Closing writes the trailer, which cannot succeed where the frames could not; the file goes anyway.
        with suppress(AttributeError, OSError, ValueError, self._av.FFmpegError):
            self._media.close()
        self._temporary.unlink(missing_ok=True)

    def _prepared(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], str]:
        if image.shape[2] == 3 or self._encoding.transparent:
            return image, "rgb24" if image.shape[2] == 3 else "rgba"
        from splatavatar.drive.sinks.background import over

        return over(image, np.zeros((*image.shape[:2], 3), np.uint8)), "rgb24"

    def _write_sound(self, sound: Soundtrack, until: Fraction) -> None:
        """Encode the sound up to ``until`` seconds, so that it lies beside its frames in the file."""
        end = round(until * RATE)
        while self._sound_written < end:
            samples = sound.read(min(SOUND_FRAME, end - self._sound_written))
            if not samples.shape[1]:
                return
            frame = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
            frame.sample_rate = RATE
            frame.pts, frame.time_base = self._sound_written, Fraction(1, RATE)
            self._container.mux(self._sound_stream.encode(frame))
            self._sound_written += samples.shape[1]

    def _end(self) -> None:
        self._closed = True
        if self._sound is not None:
            self._sound.close()

    def _failed(self, error: Exception) -> OutputError:
        why = f"{self._path}: the video cannot be written: {getattr(error, 'strerror', None) or error}"
        kept = None if self.repeatable or self._closed else self._rescued()
        self.discard()
        if kept is None:
            return OutputError(f"{why}.")
        return OutputError(f"{why}; {kept} is what was recorded before; {how_to_finish(kept)}")

    def _rescued(self) -> Path | None:
        """The recording under a name of its own, as far as it got; None where nothing of it can be played."""
        self._end()
        with suppress(OSError, ValueError, self._av.FFmpegError):
            self._media.close()
        try:
            cut_to_whole(self._temporary)
            check_pictures(self._temporary)
            place = beginning_of(self._path)
            os.replace(self._temporary, place)
        except (OSError, TrustError):
            self._temporary.unlink(missing_ok=True)
            return None
        return place


def _import_av() -> Any:
    return required("av")
