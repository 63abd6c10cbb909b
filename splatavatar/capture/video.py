"""Decoding a video file: upright, in sRGB, with the time of every frame."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.tone import HLG, PQ, to_srgb
from splatavatar.errors import CaptureError

Bytes = NDArray[np.uint8]


class Video:
    """The first stream of pictures in a file; facts in fields, decoding in ``frames``.

    Raises CaptureError for a file that is not a video, has sound alone, or cannot be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened() as container:
            stream = self._stream(container)
            self.codec = str(stream.codec_context.name)
            first = next(self._decoded(container, stream), None)
            if first is None:
                raise CaptureError(f"{path}: not one frame of it can be decoded ({self.codec})")
            self.rotation = int(round(getattr(first, "rotation", 0) / 90) * 90) % 360
            self.hdr = _curve(first) in (PQ, HLG)
            size = (first.width, first.height)
            self.width, self.height = size[::-1] if self.rotation % 180 else size
            rate = stream.average_rate or stream.guessed_rate
            self.fps = float(rate) if rate and float(rate) > 0 else 0.0
            seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            if not seconds and container.duration:
                seconds = container.duration / 1e6
            self.count = int(stream.frames) or round(seconds * self.fps)
        if not 0 < self.fps < 1000 or self.count < 1:
            raise CaptureError(f"{path}: {self.count} frames at {self.fps:g} frames a second, expected a video")

    def frames(self, indices: Collection[int] | None = None) -> Iterator[tuple[int, float, Bytes]]:
        """Index, seconds from the first frame, and picture (H, W, 3) of every frame, or of those at ``indices``.

        A file that ends too early gives the frames that are there.
        """
        last = max(indices, default=-1) if indices is not None else None
        with self._opened() as container:
            stream = self._stream(container)
            stream.thread_type = "AUTO"
            start: float | None = None
            for index, frame in enumerate(self._decoded(container, stream)):
                if last is not None and index > last:
                    return
                at = float(frame.time) if frame.time is not None else index / self.fps
                start = at if start is None else start
                if indices is None or index in indices:
                    yield index, at - start, self._picture(frame)

    def _picture(self, frame: Any) -> Bytes:
        curve = _curve(frame)
        if curve in (PQ, HLG):
            image = to_srgb(frame.to_ndarray(format="rgb48le"), curve)
        else:
            image = frame.to_ndarray(format="rgb24")
        return np.ascontiguousarray(np.rot90(image, self.rotation // 90))

    def _opened(self) -> Any:
        import av
        from av.error import FFmpegError

        try:
            return av.open(str(self.path))
        except (FFmpegError, OSError, ValueError) as error:
            raise CaptureError(
                f"{self.path}: not a video that can be read (damaged, cut off, or something else)"
            ) from error

    def _stream(self, container: Any) -> Any:
        # The cover of a song is a stream of one picture.
        pictures = [s for s in container.streams.video if not (s.disposition & type(s.disposition).attached_pic)]
        if not pictures:
            sound = "sound but " if container.streams.audio else ""
            raise CaptureError(f"{self.path}: {sound}no pictures in this file, expected a video")
        if pictures[0].codec_context is None:
            raise CaptureError(f"{self.path}: its codec cannot be decoded here; convert it to H.264 first")
        return pictures[0]

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        from av.error import FFmpegError

        try:
            yield from container.decode(stream)
        except FFmpegError:
            return  # cut off: what came before is good


def _curve(frame: Any) -> int:
    return int(getattr(frame, "color_trc", 0) or 0)
