"""What a worker lets out: its sound with the time at which it is heard, its pictures with the time at which they are
seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Picture = NDArray[np.uint8]
SILENT = 60
"""16-bit steps: what is quieter everywhere is silence, which a worker may send or not"""


@dataclass
class Heard:
    """A piece of sound."""

    at: float
    """when its first sample is heard, seconds of ``perf_counter``"""
    rate: int
    samples: Samples

    @property
    def until(self) -> float:
        """When it is over."""
        return self.at + len(self.samples) / self.rate


@dataclass(frozen=True)
class Seen:
    """A picture."""

    at: float
    picture: Picture | None
    """(H, W, 3) RGB; None where pictures are not kept"""


class Recorder:
    """Remembers what any worker of this process gives to LiveKit's sources of sound and pictures.

    It stands in the methods of their classes, between ``attach`` and ``detach``, and hands everything on.
    """

    def __init__(self, pictures: bool = False) -> None:
        """``pictures``: whether they are kept, not their times alone."""
        self.heard: list[Heard] = []
        """in order, without silence"""
        self.seen: list[Seen] = []
        self.pictures = pictures
        self._before: list[tuple[type, str, Any]] = []

    def attach(self) -> None:
        """Begin. Needs the extra ``livekit``."""
        from livekit import rtc

        capture, clear, show = rtc.AudioSource.capture_frame, rtc.AudioSource.clear_queue, rtc.VideoSource.capture_frame
        recorder = self

        async def heard(source: Any, frame: Any) -> None:
            recorder.sound(source, frame)
            await capture(source, frame)

        def cleared(source: Any) -> None:
            clear(source)
            recorder.cut()

        def seen(source: Any, frame: Any, **options: Any) -> None:
            recorder.saw(frame)
            show(source, frame, **options)

        for kind, name, method in (
            (rtc.AudioSource, "capture_frame", heard),
            (rtc.AudioSource, "clear_queue", cleared),
            (rtc.VideoSource, "capture_frame", seen),
        ):
            self._before.append((kind, name, getattr(kind, name)))
            setattr(kind, name, method)

    def detach(self) -> None:
        """End."""
        while self._before:
            kind, name, method = self._before.pop()
            setattr(kind, name, method)

    def sound(self, source: Any, frame: Any) -> None:
        """Remember what is not silent of sound that is about to be queued behind what is."""
        samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)[:, 0]
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) >= SILENT)
        if len(loud):
            first, last = int(loud[0]), int(loud[-1]) + 1
            at = perf_counter() + source.queued_duration + first / frame.sample_rate
            self.heard.append(Heard(at, frame.sample_rate, samples[first:last].copy()))

    def cut(self) -> None:
        """What was queued is not heard any more."""
        now = perf_counter()
        while self.heard and self.heard[-1].at >= now:
            self.heard.pop()
        if self.heard and self.heard[-1].until > now:
            last = self.heard[-1]
            last.samples = last.samples[: max(round((now - last.at) * last.rate), 0)]

    def saw(self, frame: Any) -> None:
        """Remember a picture that is shown now."""
        self.seen.append(Seen(perf_counter(), _rgb(frame) if self.pictures else None))

    def between(self, begin: float, end: float) -> list[Heard]:
        """The sound that is heard from ``begin`` to ``end``, cut to that."""
        out = []
        for piece in self.heard:
            if piece.until > begin and piece.at < end:
                first = max(round((begin - piece.at) * piece.rate), 0)
                last = min(round((end - piece.at) * piece.rate), len(piece.samples))
                if last > first:
                    out.append(Heard(piece.at + first / piece.rate, piece.rate, piece.samples[first:last]))
        return out

    def forget(self) -> None:
        """Begin anew."""
        self.heard.clear()
        self.seen.clear()


def _rgb(frame: Any) -> Picture:
    from livekit import rtc

    if frame.type != rtc.VideoBufferType.RGB24:
        frame = frame.convert(rtc.VideoBufferType.RGB24)
    return np.frombuffer(frame.data, np.uint8).reshape(frame.height, frame.width, 3).copy()
