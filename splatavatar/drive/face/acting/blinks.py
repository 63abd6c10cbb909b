"""When lids close: more often in speech, and mostly where it pauses."""

from __future__ import annotations

import math

import numpy as np

from splatavatar.drive.face.acting.prosody import STEP, Prosody
from splatavatar.drive.face.idle import CLOSE, OPEN, SHUT, closed_lids

WAIT = (1.0, 0.45, 0.45, 2.3)
"""Waits between blinks by their mean, log-normal: median, deviation of the logarithm, least, most"""
LISTENING, SPEAKING = 3.1, 2.6
"""seconds of the mean wait where nothing asks for a blink. With those that pauses ask for it makes 17 a minute at rest
and 26 in conversation: Bentivoglio and others, "Analysis of blink rate patterns in normal subjects" (1997)"""
PAUSE = 0.1
"""seconds of silence that are a pause"""
AT_PAUSE, AT_STRESS, AT_PHRASE_HEARD, AT_LOOK = 0.75, 0.06, 0.35, 0.3
"""how likely a blink is at a pause of the own speech, after a stressed syllable, after a phrase of somebody else, and
with a large turn of the eyes, if the last one is not too near"""
DELAY, DELAY_HEARD = (0.0, 0.15), (0.25, 0.7)
"""seconds from the pause to the blink; of those of somebody else: Nakano and Kitazawa, "Eyeblink entrainment at
breakpoints of speech" (2010)"""
READY = 0.35
"""share of the wait before which nothing asks for a blink"""
LARGE = 0.12
"""radians of a large turn of the eyes"""
LEAST = 0.4
"""seconds between two blinks"""
LENGTH = CLOSE + SHUT + OPEN


class Blinks:
    """Closes the lids now and then."""

    def __init__(self, rng: np.random.Generator, rate: float = 1.0) -> None:
        """``rate``: how many times as often as a calm person."""
        self._rng, self._rate = rng, rate
        self._wait = self._drawn()
        self._share = rng.uniform(0.0, 0.8)
        self._start = -math.inf
        self._due = math.inf
        self._said_pause = self._heard_pause = True
        self._stressed = False
        self.times: list[float] = []
        """when the last ones began, newest last"""

    def lids(self, t: float, said: Prosody, heard: Prosody, stressed: bool, looked: float) -> float:
        """How far the lids are closed at ``t``, one tick on.

        ``stressed``: whether a syllable of the own speech is; ``looked``: radians of a saccade that begins now.
        """
        self._share += STEP * self._rate / ((SPEAKING if said.speaking else LISTENING) * self._wait)
        self._ask(t, said, heard, stressed, looked)
        # Not in mid-phrase where the end of it may be near: a wait that is over waits a little more.
        if self._share >= (1.35 if said.speaking and said.pause == 0.0 else 1.0):
            self._due = min(self._due, t)
        if t >= self._due and t - self._start >= LEAST:
            self._start, self._due = t, math.inf
            self._share, self._wait = 0.0, self._drawn()
            self.times = [*self.times[-7:], t]
        return closed_lids(t - self._start)

    def _ask(self, t: float, said: Prosody, heard: Prosody, stressed: bool, looked: float) -> None:
        pause, heard_pause = said.pause >= PAUSE, heard.pause >= 0.15
        asked = (
            (pause and not self._said_pause, AT_PAUSE, DELAY),
            (heard_pause and not self._heard_pause and heard.spoken > 0.7, AT_PHRASE_HEARD, DELAY_HEARD),
            (self._stressed and not stressed, AT_STRESS, (0.0, 0.05)),
            (looked > LARGE, AT_LOOK, (0.0, 0.0)),
        )
        self._said_pause, self._heard_pause, self._stressed = pause, heard_pause, stressed
        for happens, likely, (least, most) in asked:
            if happens and self._rng.random() < likely and self._share >= READY:
                self._due = min(self._due, t + self._rng.uniform(least, most))

    def _drawn(self) -> float:
        median, deviation, least, most = WAIT
        return float(np.clip(median * np.exp(deviation * self._rng.standard_normal()), least, most))
