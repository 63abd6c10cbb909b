"""Decoding a video file: upright, with square pixels, in sRGB, of one moment each, with the time of every frame."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from splatavatar.array_types import Bytes
from splatavatar.capture.video.colours import state_matrix
from splatavatar.capture.video.shape import WHOLE, Borders, Shape, clean_aperture, display_matrix, pixel_aspect
from splatavatar.capture.video.tone import HLG, PQ, to_srgb
from splatavatar.capture.video.weave import TALLEST, Weave, deinterlaced, woven
from splatavatar.errors import CaptureError
from splatavatar.media import Media, frames_of, open_media, packets_of, warn_once

MOST = 1000.0
"""frames a second"""
PLACES, ROW = (0.0, 0.35, 0.7), 16
"""where in a video, as shares of it, and how many frames in a row, is looked for two moments in one picture"""
STATED = {"mov", "matroska", "avi", "asf", "mxf", "gxf", "flv", "nut"}
"""containers that state one shape of the pixels for the whole film, which counts more than what the codec says; in
others, as of broadcasts, it may change on the way"""


@dataclass(frozen=True)
class _Facts:
    """Of one stream of pictures."""

    index: int
    codec: str
    count: int
    fps: float
    start: float
    """seconds from the beginning of the file to the first frame"""
    hdr: bool
    shape: Shape
    """of the first frame"""
    follows: bool
    """whether the shape of the pixels may change on the way"""
    woven: Weave | None


class Video:
    """The film in a file; facts in fields, decoding in ``frames``. Of several streams of pictures it is the largest of
    those that are shown by default: phones add previews and maps of depth.

    Raises CaptureError for a file that is not a video, has sound alone, or cannot be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        failed: CaptureError | None = None
        for index in self._candidates():
            try:
                facts = self._looked_at(index)
                break
            except CaptureError as error:
                failed = failed or error
        else:
            raise failed or CaptureError(f"{path}: no pictures in this file, expected a video")
        self._facts = facts
        self.codec, self.count, self.fps, self.start = facts.codec, facts.count, facts.fps, facts.start
        self.hdr, self.rotation = facts.hdr, facts.shape.rotation
        self.width, self.height = facts.shape.size

    def frames(self, indices: Collection[int] | None = None) -> Iterator[tuple[int, float, Bytes]]:
        """Index, seconds from the first frame, and picture (H, W, 3) of every frame, or of those at ``indices``.

        What is damaged is left out; a file that ends too early gives the frames that are there.
        """
        wanted = None if indices is None else set(indices)
        last = None if wanted is None else max(wanted, default=-1)
        damage = _Damage()
        with self._opened() as media:
            stream = self._stream(media)
            stream.thread_type = "SLICE" if self._facts.follows else "AUTO"
            start: float | None = None
            for index, (frame, aspect) in enumerate(self._whole(media, stream, damage)):
                if last is not None and index > last:
                    return
                damage.begun = True
                at = float(frame.time) if frame.time is not None else index / self.fps
                start = at if start is None else start
                if wanted is None or index in wanted:
                    yield index, at - start, self._picture(frame, stream, aspect)
        if damage.count:
            warn_once(f"{self.path}: damaged; what cannot be decoded is left out ({damage.count} pieces).")

    def key_frames(self, count: int) -> list[Bytes]:
        """The first ``count`` pictures at most that are decoded without others: seconds apart in most videos."""
        with self._opened() as media:
            stream = self._stream(media)
            stream.codec_context.skip_frame = "NONKEY"
            frames = itertools.islice(frames_of(media.container, stream, _Damage()), count)
            return [self._picture(frame, stream, self._facts.shape.aspect) for frame in frames]

    def _whole(self, media: Media, stream: Any, damage: _Damage) -> Iterator[tuple[Any, Fraction]]:
        """Frames of one moment each, with the width of their pixels over the height."""
        facts = self._facts
        aspects: dict[Fraction | None, Fraction] = {None: facts.shape.aspect}

        def decoded() -> Iterator[Any]:
            for packet, frames in packets_of(media.container, stream, damage):
                if facts.follows:
                    stated = pixel_aspect(stream.codec_context.sample_aspect_ratio, self.path)
                    # Frames come later than their packets, by which they are known; where those have no time, about.
                    aspects[_moment(packet)] = aspects[None] = stated
                yield from frames

        frames = decoded()
        if facts.woven is not None:
            said = "" if facts.woven.marked else ", although it does not say so"
            warn_once(f"{self.path}: interlaced{said}; it is deinterlaced.")
            frames = deinterlaced(frames, facts.woven)
        for frame in frames:
            aspect = aspects[None]
            yield frame, aspect if frame.pts is None else aspects.pop(_moment(frame), aspect)

    def _picture(self, frame: Any, stream: Any, aspect: Fraction) -> Bytes:
        curve = _curve(frame, stream)
        hdr = curve in (PQ, HLG)
        state_matrix(frame)
        image = frame.reformat(format="rgb48le" if hdr else "rgb24").to_ndarray()
        stored = to_srgb(image, curve) if hdr else image
        # Calls over the internet change their size on the way.
        return self._shape(frame, aspect).shown(stored, (self.width, self.height))

    def _shape(self, frame: Any, aspect: Fraction) -> Shape:
        first = self._facts.shape
        same = (frame.width, frame.height) == (first.width, first.height)
        return Shape(frame.width, frame.height, aspect, first.borders if same else WHOLE, first.matrix)

    def _candidates(self) -> list[int]:
        """Streams to try, the best first."""
        with self._opened() as media:
            streams = media.container.streams
            pictures = [stream for stream in streams.video if not _has(stream, "attached_pic")]
            if not pictures:
                sound = "sound but " if streams.audio else ""
                raise CaptureError(f"{self.path}: {sound}no pictures in this file, expected a video")
            known = [stream for stream in pictures if stream.codec_context is not None]
            if not known:
                raise CaptureError(f"{self.path}: its codec cannot be decoded here; convert it to H.264 first")
            best = sorted(known, key=lambda s: (not _has(s, "default"), -s.width * s.height))
            return [stream.index for stream in best]

    def _looked_at(self, index: int) -> _Facts:
        path = self.path
        with self._opened() as media:
            stream = media.container.streams[index]
            codec = str(stream.codec_context.name)
            stated = stream.average_rate or stream.guessed_rate
            times = _packet_times(media.container, stream)
        count = len(times)
        known = [time for time in times if time is not None]
        span = max(known, default=0.0) - min(known, default=0.0)
        fps = float(stated or 0)
        if known:
            fps = round((count - 1) / span, 6) if span > 0 else 0.0
        if count < 2:
            raise CaptureError(f"{path}: {count or 'no'} frame{'s' * (count != 1)} in it, expected a video")
        if not 0 < fps < MOST:
            raise CaptureError(f"{path}: {count} frames at {fps:g} frames a second, expected a video")
        with self._opened() as media:
            stream = media.container.streams[index]
            first = next(frames_of(media.container, stream, _Damage()), None)
            if first is None:
                raise CaptureError(f"{path}: not one of its {count} frames can be decoded ({codec})")
            borders = _borders(clean_aperture(media.container, index), first)
            aspect = pixel_aspect(stream.sample_aspect_ratio, path)
            return _Facts(
                index=index,
                codec=codec,
                count=count,
                fps=fps,
                start=float(first.time or 0.0) - beginning(media.container),
                hdr=_curve(first, stream) in (PQ, HLG),
                shape=Shape(first.width, first.height, aspect, borders, display_matrix(first)),
                follows=STATED.isdisjoint(media.container.format.name.split(",")),
                woven=self._woven(index, first.height),
            )

    def _woven(self, index: int, lines: int) -> Weave | None:
        if lines > TALLEST:
            return None
        with self._opened() as media:
            return woven(_rows(media.container, media.container.streams[index]))

    def _opened(self) -> Media:
        return open_media(self.path, CaptureError, "a video", _unreadable)

    def _stream(self, media: Media) -> Any:
        return media.container.streams[self._facts.index]


class _Damage:
    """Counts what is lost once pictures have come: a recording may begin in the middle of a film."""

    begun = False
    count = 0

    def __call__(self) -> None:
        self.count += self.begun


def beginning(container: Any) -> float:
    """Seconds on its clock at which a file begins: recordings of broadcasts and camcorders do not count from 0."""
    return max(float(container.start_time or 0) / 1e6, 0.0)


def _unreadable(found: str) -> str:
    if found:
        return f"{found}, expected a video or a folder of pictures"
    return "not a video that can be read (damaged, cut off, or something else)"


def _has(stream: Any, name: str) -> bool:
    """Whether a stream has a mark, such as that of the cover of a song, a stream of one picture."""
    flags = getattr(stream, "disposition", None)
    return flags is not None and bool(flags & getattr(type(flags), name))


def _borders(stated: Borders, frame: Any) -> Borders:
    """What is cut off, unless it would be most of the picture."""
    left, right, top, bottom = stated
    inside = 2 * (left + right) <= frame.width and 2 * (top + bottom) <= frame.height
    return stated if inside else WHOLE


def _rows(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of several places of a film, some in a row."""
    from av.error import FFmpegError

    length = container.duration or 0
    for place in PLACES if length else PLACES[:1]:
        if place:
            try:
                container.seek(int((container.start_time or 0) + place * length))
            except (FFmpegError, OSError):
                return
        yield from itertools.islice(frames_of(container, stream, _Damage()), ROW)


def _packet_times(container: Any, stream: Any) -> list[float | None]:
    """Seconds of every packet with a picture. What the headers of files say of it is often wrong."""
    from av.error import FFmpegError

    times: list[float | None] = []
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                at = packet.pts if packet.pts is not None else packet.dts
                times.append(None if at is None else float(at * packet.time_base))
    except (FFmpegError, OSError):
        pass  # cut off
    return times


def _moment(timed: Any) -> Fraction | None:
    """Seconds of a packet or a frame, exactly."""
    return None if timed.pts is None else timed.pts * Fraction(timed.time_base)


def _curve(frame: Any, stream: Any) -> int:
    """The number of the transfer characteristic in ITU-T H.273."""
    source = frame if hasattr(frame, "color_trc") else stream.codec_context
    return int(source.color_trc or 0)
