"""Decoding a video file: upright, in sRGB, with the time of every frame."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.tone import HLG, PQ, to_srgb
from splatavatar.errors import CaptureError

Bytes = NDArray[np.uint8]
Matrix = tuple[int, ...]

UPRIGHT: Matrix = (1, 0, 0, 1)
"""The 2 x 2 part of a display matrix, by rows: stored (x, y) is shown at (m0 x + m2 y, m1 x + m3 y)."""
TEXT = "tty"
"""FFmpeg draws text files as terminals"""
MOST = 1000.0
"""frames a second"""


class Video:
    """The first stream of pictures in a file; facts in fields, decoding in ``frames``.

    Raises CaptureError for a file that is not a video, has sound alone, or cannot be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened() as container:
            stream = self._stream(container)
            self.codec = str(stream.codec_context.name)
            stated = stream.average_rate or stream.guessed_rate
            times = _packet_times(container, stream)
        self.count = len(times)
        known = [time for time in times if time is not None]
        span = max(known, default=0.0) - min(known, default=0.0)
        if known:
            self.fps = round((self.count - 1) / span, 6) if span > 0 else 0.0
        else:
            self.fps = float(stated or 0)
        if self.count < 2:
            raise CaptureError(f"{path}: {self.count or 'no'} frame{'s' * (self.count != 1)} in it, expected a video")
        if not 0 < self.fps < MOST:
            raise CaptureError(f"{path}: {self.count} frames at {self.fps:g} frames a second, expected a video")
        with self._opened() as container:
            stream = self._stream(container)
            first = next(_decoded(container, stream), None)
            if first is None:
                raise CaptureError(f"{path}: not one of its {self.count} frames can be decoded ({self.codec})")
            self.hdr = _curve(first, stream) in (PQ, HLG)
            self._stored = (first.width, first.height)
            self._matrix = _display_matrix(first)
        self.rotation = _degrees(self._matrix)
        self.width, self.height = self._stored[::-1] if self.rotation % 180 else self._stored

    def frames(self, indices: Collection[int] | None = None) -> Iterator[tuple[int, float, Bytes]]:
        """Index, seconds from the first frame, and picture (H, W, 3) of every frame, or of those at ``indices``.

        What is damaged is left out; a file that ends too early gives the frames that are there.
        """
        wanted = None if indices is None else set(indices)
        last = None if wanted is None else max(wanted, default=-1)
        with self._opened() as container:
            stream = self._stream(container)
            stream.thread_type = "AUTO"
            start: float | None = None
            for index, frame in enumerate(_decoded(container, stream)):
                if last is not None and index > last:
                    return
                at = float(frame.time) if frame.time is not None else index / self.fps
                start = at if start is None else start
                if wanted is None or index in wanted:
                    yield index, at - start, self._picture(frame, _curve(frame, stream))

    def key_frames(self, count: int) -> list[Bytes]:
        """The first ``count`` pictures at most that are decoded without others: seconds apart in most videos."""
        with self._opened() as container:
            stream = self._stream(container)
            stream.codec_context.skip_frame = "NONKEY"
            frames = itertools.islice(_decoded(container, stream), count)
            return [self._picture(frame, _curve(frame, stream)) for frame in frames]

    def _picture(self, frame: Any, curve: int) -> Bytes:
        # Calls over the internet change their size on the way.
        width, height = self._stored
        hdr = curve in (PQ, HLG)
        image = frame.reformat(width, height, "rgb48le" if hdr else "rgb24").to_ndarray()
        return _turned(to_srgb(image, curve) if hdr else image, self._matrix)

    def _opened(self) -> Any:
        import av
        from av.error import FFmpegError

        try:
            container = av.open(str(self.path))
        except (FFmpegError, OSError, ValueError) as error:
            raise CaptureError(
                f"{self.path}: not a video that can be read (damaged, cut off, or something else)"
            ) from error
        name = container.format.name
        if name == TEXT or name.startswith("image2") or name.endswith("_pipe"):
            container.close()
            found = "a text" if name == TEXT else "a single picture"
            raise CaptureError(f"{self.path}: {found}, expected a video or a folder of pictures")
        return container

    def _stream(self, container: Any) -> Any:
        pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not pictures:
            sound = "sound but " if container.streams.audio else ""
            raise CaptureError(f"{self.path}: {sound}no pictures in this file, expected a video")
        if pictures[0].codec_context is None:
            raise CaptureError(f"{self.path}: its codec cannot be decoded here; convert it to H.264 first")
        return pictures[0]


def _is_cover(stream: Any) -> bool:
    """Whether it is the cover of a song: a stream of one picture."""
    flags = getattr(stream, "disposition", None)
    return flags is not None and bool(flags & type(flags).attached_pic)


def _packet_times(container: Any, stream: Any) -> list[float | None]:
    """Seconds of every packet with a picture. What the headers of files say of it is often wrong."""
    from av.error import FFmpegError

    times: list[float | None] = []
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                at = packet.pts if packet.pts is not None else packet.dts
                times.append(None if at is None else float(at * packet.time_base))
    except FFmpegError:
        pass  # cut off
    return times


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Every frame that can be decoded."""
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return  # cut off: what came before is good
        if packet is None:
            return
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        yield from (frame for frame in frames if not frame.is_corrupt)


def _curve(frame: Any, stream: Any) -> int:
    """The number of the transfer characteristic in ITU-T H.273."""
    source = frame if hasattr(frame, "color_trc") else stream.codec_context
    return int(source.color_trc or 0)


def _display_matrix(frame: Any) -> Matrix:
    """How the stored picture is to be turned and mirrored; quarter turns alone."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return UPRIGHT
    m = struct.unpack("9i", bytes(data)[:36])
    # Nobody films at other angles; a camera that was not level is the person's own choice.
    if max(abs(m[0]), abs(m[4])) >= max(abs(m[1]), abs(m[3])):
        return (_sign(m[0]), 0, 0, _sign(m[4]))
    return (0, _sign(m[1]), _sign(m[3]), 0)


def _sign(value: int) -> int:
    return -1 if value < 0 else 1


def _degrees(matrix: Matrix) -> int:
    """Counter-clockwise."""
    return {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}[(matrix[0], matrix[1])]


def _turned(image: Bytes, matrix: Matrix) -> Bytes:
    across, down = (matrix[0], matrix[3]) if matrix[0] else (matrix[2], matrix[1])
    shown = image if matrix[0] else image.swapaxes(0, 1)
    return np.ascontiguousarray(shown[::down, ::across])
