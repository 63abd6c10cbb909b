"""What is shown of a face that goes and comes: held, eased to rest, taken up again, never with a jump."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.drive.face.vector import SIZE, SLOTS, from_vector, to_vector
from splatavatar.drive.signal import FaceSignal

HOLD = 0.3
"""seconds that a face that is gone is shown as it was: most are back by then"""
EASE = 0.7
"""seconds from there to rest"""
RECOVER = 0.25
"""seconds from what is shown to the face that is back"""
LONGEST_STEP = 0.1
"""seconds: after a longer pause between two frames the movement goes on where it was"""


class Presence:
    """Follows the signals of one face, each channel on its own.

    A voice keeps the mouth going while the rest of the face is away, and a source that never measures a channel leaves
    it at rest.
    """

    def __init__(self) -> None:
        self._parts = {channel: _Part(slots) for channel, slots in SLOTS.items()}
        self._shown = np.zeros(SIZE)
        self._now = np.nan

    @property
    def away(self) -> dict[str, float]:
        """The share in [0, 1] that idle life may add to each channel: 0 while it is measured or held, 1 at rest."""
        return {channel: part.away for channel, part in self._parts.items()}

    def __call__(self, signal: FaceSignal | None, present: Collection[str], now: float) -> FaceSignal:
        """What to show at ``now`` seconds, where ``signal`` measures the channels ``present``.

        Its confidence is the share of the channel that is least away. A value that is no number counts as what was
        shown. While the clock stands or goes back, what is under way stands.
        """
        step = now - self._now
        step = min(step, LONGEST_STEP) if step > 0 else 0.0
        self._now = now if np.isfinite(now) else self._now
        live = self._shown.copy() if signal is None else to_vector(signal)
        live = np.where(np.isfinite(live), live, self._shown)
        there = signal is not None and signal.confidence > 0
        for channel, part in self._parts.items():
            part.advance(self._shown, live, there and channel in present, step)
        share = 1 - min(part.away for part in self._parts.values())
        return from_vector(self._shown, now if signal is None else signal.time, share)


class _Part:
    """One channel."""

    def __init__(self, slots: Longs) -> None:
        self._slots = slots
        self._start = np.zeros(len(slots))
        self._since = np.inf
        self._there = False
        self._away_at_start = 1.0
        self.away = 1.0

    def advance(self, shown: Doubles, live: Doubles, there: bool, step: float) -> None:
        """``step`` seconds on; writes this channel of ``shown`` (62)."""
        if there != self._there:
            self._there, self._since = there, 0.0
            self._start, self._away_at_start = shown[self._slots], self.away
        self._since += step
        if there:
            share, goal, rest = eased(self._since / RECOVER), live[self._slots], 0.0
        else:
            share, goal, rest = eased((self._since - HOLD) / EASE), np.zeros(len(self._slots)), 1.0
        shown[self._slots] = self._start + share * (goal - self._start)
        self.away = self._away_at_start + share * (rest - self._away_at_start)


def eased(share: float) -> float:
    """From 0 to 1 as ``share`` does, flat at both ends and beyond (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
