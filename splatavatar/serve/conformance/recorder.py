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
    """Stands between an ``AVSynchronizer`` and its two sources, hands everything on, and remembers it."""

    def __init__(self, synchronizer: Any, pictures: bool = False) -> None:
        """``pictures``: whether they are kept, not their times alone."""
        self.heard: list[Heard] = []
        self.seen: list[Seen] = []
        self._pictures = pictures
        self._sound, self._picture = synchronizer._audio_source, synchronizer._video_source
        synchronizer._audio_source, synchronizer._video_source = (
            _Sound(self._sound, self),
            _Pictures(self._picture, self),
        )

    def sound(self, frame: Any) -> None:
        """Remember sound that is about to be queued behind what is."""
        samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)[:, 0].copy()
        self.heard.append(Heard(perf_counter() + self._sound.queued_duration, frame.sample_rate, samples))

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
        self.seen.append(Seen(perf_counter(), _rgb(frame) if self._pictures else None))

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


class _Sound:
    def __init__(self, source: Any, recorder: Recorder) -> None:
        self._source, self._recorder = source, recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def capture_frame(self, frame: Any) -> None:
        self._recorder.sound(frame)
        await self._source.capture_frame(frame)

    def clear_queue(self) -> None:
        self._source.clear_queue()
        self._recorder.cut()


class _Pictures:
    def __init__(self, source: Any, recorder: Recorder) -> None:
        self._source, self._recorder = source, recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def capture_frame(self, frame: Any, **options: Any) -> None:
        self._recorder.saw(frame)
        self._source.capture_frame(frame, **options)


def _rgb(frame: Any) -> Picture:
    from livekit import rtc

    if frame.type != rtc.VideoBufferType.RGB24:
        frame = frame.convert(rtc.VideoBufferType.RGB24)
    return np.frombuffer(frame.data, np.uint8).reshape(frame.height, frame.width, 3).copy()
