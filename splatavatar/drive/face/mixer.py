"""One face from several sources, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.drive.face.channels import FACE, GAZE, HEAD, MOUTH
from splatavatar.drive.face.landmark_signal import GAP_ROW, PARTING
from splatavatar.drive.face.vector import SIZE, SLOTS, from_vector, to_vector
from splatavatar.drive.live.mailbox import Mailbox
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.source import Source

BLEND = 0.15
"""seconds in which a channel passes from one source to another"""
STALE, STALE_FRAMES = 0.4, 4.0
"""seconds, and frames of the source, without a signal after which it counts as gone: whichever is longer"""
SMOOTHING, MEMORY = 0.06, 0.5
"""seconds over which an opening is smoothed before its speed is taken, and over which the speed is averaged"""
SPEAKING = 0.3
"""Coefficients a second, the mean speed of jawOpen less mouthClose above which a voice speaks. People who talk in four
clips have 0.6 to 0.75 (median); of their frames 1 in 20 is below 0.04 to 0.2"""
STILL = 0.12
"""below which the mouth of a face is still; closed mouths that a camera sees have 0.02 to 0.05"""
MOVING, QUIET = 0.25, 0.1
"""above which a mouth that was still moves again, and below which a voice that spoke has ended"""
LONGEST_STEP = 0.1
"""seconds between two frames that are taken at most"""

Change = Callable[[FaceSignal], FaceSignal]


@dataclass(frozen=True)
class Mixed:
    """The face that all sources together make."""

    signal: FaceSignal
    """its time is ``captured``; its confidence is 0 where no channel is present"""
    present: frozenset[str]
    """the channels that some source measures now; the others are what they were last"""
    captured: float | None
    """seconds: when the newest signal in it was captured; None where nobody is there"""


class Mixer:
    """Takes each channel from the first source that has it now.

    Sources that see a face come before those that hear a voice. But a voice that speaks has the mouth of a face that
    does not move it: it is hidden by a hand or a microphone, or belongs to a body that does not speak.
    """

    def __init__(self, inputs: Sequence[tuple[Source, Mailbox]]) -> None:
        self._tracks = [_Track(source, mailbox) for source, mailbox in inputs]
        self._order = sorted(range(len(inputs)), key=lambda i: self._tracks[i].voice)
        self._weights: dict[str, NDArray[np.float64] | None] = dict.fromkeys(sorted(FACE))
        self._vector = np.zeros(SIZE)
        self._voice_leads = False
        self._now = np.nan
        self.changes: dict[str, Change] = {}
        """by the name of a source: what is done to its signals before they are mixed, such as its calibration"""
        self.raw: dict[str, FaceSignal] = {}
        """by the name of a source: its face of the last call, unchanged, while one is there"""

    def __call__(self, now: float) -> Mixed:
        """The face at ``now`` seconds."""
        step = now - self._now
        step = min(step, LONGEST_STEP) if step > 0 else 0.0
        self._now = now if np.isfinite(now) else self._now
        for track in self._tracks:
            signal = track.look(now)
            name = track.source.name
            if signal is None:
                self.raw.pop(name, None)
                continue
            self.raw[name] = signal
            track.take(self.changes[name](signal) if name in self.changes else signal, step)
        present = set()
        used = []
        for channel, slots in SLOTS.items():
            chosen = self._chosen(channel)
            if chosen is None:
                self._weights[channel] = None
                continue
            present.add(channel)
            weights = self._passed_on(channel, chosen, step)
            self._vector[slots] = sum(
                weight * self._tracks[i].vector[slots] for i, weight in enumerate(weights) if weight > 0
            )
            used.append(self._tracks[chosen])
        if not used:
            return Mixed(nobody(now), frozenset(), None)
        captured = max(track.time for track in used)
        confidence = max(track.confidence for track in used)
        return Mixed(from_vector(self._vector, captured, confidence), frozenset(present), captured)

    def _chosen(self, channel: str) -> int | None:
        """The source that has ``channel``."""
        there = [i for i in self._order if self._tracks[i].there and channel in self._tracks[i].source.channels]
        if channel != MOUTH:
            return there[0] if there else None
        faces = [i for i in there if not self._tracks[i].voice]
        voices = [i for i in there if self._tracks[i].voice]
        if not (faces and voices):
            self._voice_leads = bool(voices)
            return there[0] if there else None
        face, voice = self._tracks[faces[0]].motion, self._tracks[voices[0]].motion
        if self._voice_leads:
            self._voice_leads = face < MOVING and voice > QUIET
        else:
            self._voice_leads = voice > SPEAKING and face < STILL
        return voices[0] if self._voice_leads else faces[0]

    def _passed_on(self, channel: str, chosen: int, step: float) -> NDArray[np.float64]:
        """The weights of all sources, on their way to ``chosen`` alone."""
        goal = np.zeros(len(self._tracks))
        goal[chosen] = 1.0
        weights = self._weights[channel]
        # A channel that nobody had comes from nowhere; what is shown meanwhile is not for the mixer to say.
        if weights is not None:
            most = step / BLEND
            weights = weights + np.clip(goal - weights, -most, most)
            weights /= weights.sum()
        self._weights[channel] = goal if weights is None else weights
        return goal if weights is None else weights


class _Track:
    """One source: its last face, and how much its mouth moves."""

    def __init__(self, source: Source, mailbox: Mailbox) -> None:
        self.source = source
        self.voice = MOUTH in source.channels and not source.channels & {HEAD, GAZE}
        self.there = False
        self.vector: Doubles = np.zeros(SIZE)
        self.time = 0.0
        self.confidence = 0.0
        self.motion = 0.0
        self._mailbox = mailbox
        self._opening = np.nan

    def look(self, now: float) -> FaceSignal | None:
        """The face at ``now``; None where there is none, or none any more."""
        signal, age = self._mailbox.at(now)
        stale = max(STALE, STALE_FRAMES / self.source.fps)
        self.there = signal is not None and signal.confidence > 0 and age <= stale
        if not self.there:
            self.motion, self._opening = 0.0, np.nan
        return signal if self.there else None

    def take(self, signal: FaceSignal, step: float) -> None:
        """``signal``, ``step`` seconds after the one before."""
        vector = to_vector(signal)
        self.vector = np.where(np.isfinite(vector), vector, self.vector)
        self.time, self.confidence = signal.time, signal.confidence
        opening = float(GAP_ROW @ self.vector[: len(GAP_ROW)]) / PARTING
        if not np.isfinite(self._opening):
            self._opening = opening
        elif step > 0:
            moved = -np.expm1(-step / SMOOTHING) * (opening - self._opening)
            self._opening += moved
            self.motion += -np.expm1(-step / MEMORY) * (abs(moved) / step - self.motion)
