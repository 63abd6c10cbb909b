"""A face that says what it is given: sound in, moments out, without a clock of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.live.voice import spoken
from splatavatar.errors import SettingsError
from splatavatar.serve.speech.lips import RATE, LipModel, Lips
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.speech.resampling import Resampler, Samples, mono16
from splatavatar.serve.speech.segments import Segment, Segments

LONGEST_STALL = 0.25
"""seconds without any more of an open segment after which the rest of it is said: its end may be late, or lost"""
SETTLING = 0.3
"""seconds of silence that the model hears after speech: then the mouth is at rest"""
FASTEST = 120.0
"""pictures a second"""


class Life(Protocol):
    """What a face does beside its mouth, by what it says and hears, such as ``drive.face``'s behaviour."""

    def say(self, samples: Floats) -> None:
        """Take the sound (N), 16 kHz, that is heard from the next ``add`` on."""
        ...

    def hear(self, samples: Floats) -> None:
        """Take the sound (N), 16 kHz, of who is talked to."""
        ...

    def add(self, signal: FaceSignal, t: float) -> FaceSignal:
        """The signal, and what the face does by itself at ``t`` seconds."""
        ...

    def clear(self) -> None:
        """Forget what was said and not shown."""
        ...


class SpeakingFace:
    """Turns speech as it comes into the moments of a talking face, one a picture.

    Speech comes in *segments* (``push``, ``push``, ``end``), faster than it is said or slower. ``next`` is asked for
    once a picture and never waits: where nothing is to be said the face is idle. A segment begins when the sound of one
    picture and what the model hears ahead is there, and is said without a break as long as more of it comes in time;
    where it stalls the face falls silent and goes on when it comes.

    Its methods may be called by any thread. What it does depends on the calls alone, not on when they come.
    """

    def __init__(
        self,
        model: Callable[[], LipModel],
        fps: float = 25.0,
        rate: int = 48000,
        life: Life | None = None,
    ) -> None:
        """
        Args:
            model: makes the model of speech.
            fps: pictures a second.
            rate: Hz of the sound that comes out.
            life: what the face does beside its mouth; None leaves it still.

        Raises:
            SettingsError: a rate of pictures that is not above 0 and at most 120.
            SignalError: a rate of sound that no speech has.
            DependencyError: a package is absent.
        """
        if not 0 < fps <= FASTEST:
            raise SettingsError(f"a face at {fps:g} pictures a second, expected more than 0 and at most {FASTEST:g}.")
        self.fps, self.rate = fps, rate
        self._lips = Lips(model(), rate)
        self._life = life
        self._segments = Segments(rate)
        self._lock = threading.Lock()
        self._moments = 0
        self._clears = 0
        self._played = 0  # samples of the stream of the lips: speech, and silence where there was one
        self._speaking: int | None = None
        self._stalled, self._seen = 0, -1  # moments since more of the segment came, and what was there then
        self._quiet = 0.0  # seconds since the last sound
        self._hearing: Resampler | None = None
        self._said: Resampler = Resampler(rate, RATE)

    @property
    def waiting(self) -> float:
        """Seconds of speech that have come and are not said."""
        with self._lock:
            return self._segments.waiting

    @property
    def speaking(self) -> bool:
        """Whether a segment has begun and is not over."""
        with self._lock:
            return self._speaking is not None

    @property
    def cleared(self) -> int:
        """Interruptions so far."""
        with self._lock:
            return self._clears

    @property
    def segments(self) -> list[int]:
        """The numbers of the segments that are not wholly said."""
        with self._lock:
            return self._segments.numbers

    def push(self, samples: NDArray[np.generic], rate: int, channels: int = 1) -> int:
        """Take more of the open segment, or the first of a new one; the number of the segment.

        ``samples`` (N) are int16 or floats in [-1, 1], of interleaved ``channels``. Raises SignalError for what is no
        sound, and where too much waits.
        """
        sound = mono16(samples, channels)
        with self._lock:
            return self._segments.push(sound, rate)

    def end(self) -> int:
        """All of the open segment has come; the number of the segment. Without one, a segment without sound is over."""
        with self._lock:
            return self._segments.end()

    def clear(self) -> list[int]:
        """Interrupt: what was not said never is, and no end of it is told; the numbers of the segments cut off."""
        with self._lock:
            self._clears += 1
            self._lips.clear()
            self._played = 0
            self._speaking = None
            self._stalled, self._seen = 0, -1
            self._quiet = SETTLING
            self._said = Resampler(self.rate, RATE)
            if self._life is not None:
                self._life.clear()
            return self._segments.clear()

    def close(self) -> None:
        """Nobody asks any more: what resamples sound goes now, with the threads that PyAV has for it, not some day."""
        self.clear()
        with self._lock:
            self._hearing = None

    def hear(self, samples: NDArray[np.generic], rate: int, channels: int = 1) -> None:
        """Take sound of who is talked to, by which the face listens. Raises SignalError for what is no sound."""
        sound = mono16(samples, channels)
        with self._lock:
            if self._life is None:
                return
            if self._hearing is None or self._hearing.rate != rate:
                self._hearing = Resampler(rate, RATE)
            self._life.hear(_floats(self._hearing.push(sound)))

    def next(self) -> Moment:
        """The next moment."""
        with self._lock:
            return self._next()

    def _next(self) -> Moment:
        n = self._moments
        self._moments += 1
        count = round((n + 1) * self.rate / self.fps) - round(n * self.rate / self.fps)
        ended = self._segments.over()
        segment = self._segments.first
        sound: Samples | None = None
        begins = False
        if segment is not None and self._may_say(segment, count):
            if self._quiet > 0 or self._speaking is None:
                self._catch_up()
            begins = segment.said == 0
            self._listen_ahead(segment, count)
            sound = segment.take(count)
            self._speaking, self._quiet = segment.number, 0.0
        else:
            self._be_silent(count)
        signal = self._signal(n, count, sound)
        ended += self._segments.over()
        if self._speaking in ended:
            self._speaking = None
        return Moment(
            signal,
            sound,
            None if sound is None or segment is None else segment.number,
            0.0 if sound is None or segment is None else segment.said / self.rate,
            begins,
            tuple(ended),
            self._clears,
        )

    def _may_say(self, segment: Segment, count: int) -> bool:
        """Whether a picture's time of the segment can be said now.

        What has begun goes on while there is anything of it, and so nothing is held back where it stalls.
        """
        if not segment.waiting:
            return False
        if segment.closed or (self._speaking == segment.number and self._quiet == 0):
            return True
        came = segment.said + segment.waiting
        self._stalled = 0 if came != self._seen else self._stalled + 1
        self._seen = came
        enough = max(count, round(self._lips.look_ahead * self.rate))
        return segment.waiting >= enough or self._stalled > LONGEST_STALL * self.fps

    def _catch_up(self) -> None:
        """Speech begins where the stream of the lips has got to: silence that they heard ahead is left out."""
        self._played = max(self._played, self._lips.heard)

    def _listen_ahead(self, segment: Segment, count: int) -> None:
        """Have the lips hear what is said now and what they hear ahead of it, silence where there is nothing more."""
        wanted = self._played + max(count, round((0.5 / self.fps + self._lips.look_ahead + 0.03) * self.rate))
        missing = wanted - self._lips.heard
        if missing <= 0:
            return
        ahead = segment.ahead(self._lips.heard - self._played, missing)
        self._lips.feed(ahead)
        if len(ahead) < missing and segment.closed:
            self._lips.feed(np.zeros(missing - len(ahead), np.int16))

    def _be_silent(self, count: int) -> None:
        """Nothing is said: the lips hear silence until they are at rest."""
        if self._quiet >= SETTLING or not self._lips.heard:
            return
        self._quiet += count / self.rate
        missing = self._played + count + round(self._lips.look_ahead * self.rate) - self._lips.heard
        if missing > 0:
            self._lips.feed(np.zeros(missing, np.int16))

    def _signal(self, n: int, count: int, sound: Samples | None) -> FaceSignal:
        """The face in the middle of a picture's time."""
        elapsed = count / self.rate
        silent = 0.0 if sound is not None else max(self._quiet - elapsed / 2, 0.0)
        row = self._lips.at((self._played + count / 2) / self.rate, elapsed, silent)
        if sound is not None or self._quiet < SETTLING:
            self._played = min(self._played + count, self._lips.heard)
        signal = spoken(n / self.fps, row)
        if self._life is None:
            return signal
        if sound is not None:
            self._life.say(_floats(self._said.push(sound)))
        return self._life.add(signal, n / self.fps)


def _floats(samples: Samples) -> Floats:
    return samples.astype(np.float32) / np.float32(32768)
