"""Nods of who listens."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.face.acting.bumps import Bumps
from splatavatar.drive.face.acting.prosody import STEP, Prosody

LOW = 0.11
"""seconds of low pitch after which a listener says that they follow: Ward and Tsukahara, "Prosodic features which cue
back-channel responses in English and Japanese" (2000), which also has the pauses between two"""
PAUSE = 0.15
"""seconds of silence that say the same"""
SPOKEN = (2.0, 5.0)
"""seconds of speech since the last nod that a low pitch needs: one is drawn anew for each"""
AT_PAUSE, ENOUGH = 0.7, 1.5
"""how likely a pause has a nod, and the seconds of speech since the last nod that it needs"""
APART = 0.8
"""seconds between two at least"""
FORGOTTEN = 2.5
"""seconds of silence after which somebody begins anew"""
DELAY = (0.15, 0.4)
"""seconds from the sound to the nod"""
REACH = (0.05, 0.09)
"""radians downwards, of the first"""
LENGTH = 0.42
"""seconds of one"""
MORE, LESS = 0.55, 0.55
"""how likely another one follows, and how far it goes to that before it"""
MOST = 3


class Nods:
    """Answers what is heard of somebody else."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._bumps = Bumps(3)
        self._since = 0.0
        self._wanted = rng.uniform(*SPOKEN)
        self._last = -np.inf
        self._paused = True
        self.count = 0
        """answers so far"""

    def turn(self, t: float, heard: Prosody, speaking: bool, share: float) -> Doubles:
        """The turn (3) of the head at ``t``, one tick on, radians; ``speaking``: the avatar itself, which then does not
        nod. ``share`` says how far nods go.
        """
        if heard.pause > FORGOTTEN:
            self._since = 0.0
        elif heard.speaking:
            self._since += STEP
        pausing = heard.pause >= PAUSE
        ended, self._paused = pausing and not self._paused, pausing
        due = ended and self._since >= ENOUGH and self._rng.random() < AT_PAUSE
        due = due or (heard.low >= LOW and self._since >= self._wanted)
        if due and not speaking and t - self._last >= APART:
            self._nod(t, share * (1.2 if ended else 0.8))
        return self._bumps.at(t)

    def _nod(self, t: float, share: float) -> None:
        self.count += 1
        self._since, self._wanted = 0.0, self._rng.uniform(*SPOKEN)
        start = t + self._rng.uniform(*DELAY)
        reach = share * self._rng.uniform(*REACH)
        aside = self._rng.normal(0.0, 0.08, 2)
        for _ in range(MOST):
            self._bumps.add(start, LENGTH, reach * np.array([1.0, aside[0], aside[1]]))
            start += 0.85 * LENGTH
            reach *= LESS
            if self._rng.random() > MORE:
                break
        self._last = start
