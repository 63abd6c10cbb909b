"""Head and brows of who speaks."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.face.acting.bumps import Bumps, Follower
from splatavatar.drive.face.acting.prosody import STEP, Prosody

STRESSED = 0.75
"""deviations of loudness and pitch together, above which a syllable is stressed"""
WEIGHTS = (0.55, 0.45)
"""of the loudness and of the pitch"""
RISING = 0.06
"""seconds that a syllable is looked at before the head answers: it gets louder meanwhile"""
APART = 0.38
"""seconds between two beats"""
REACH, ASIDE = 0.035, 0.012
"""radians of a beat of strength 1: downwards, and the deviation of what it goes aside"""
LENGTH = (0.34, 0.5)
"""seconds of a beat"""
STRONG = 0.75
"""strength of a beat from which on the brows rise with it"""
BROWS = 0.45
"""how far brows rise at strength 1"""
POSTURES = np.array([0.025, 0.045, 0.025])
"""radians about x, y, z: deviations of how the head is held from phrase to phrase"""
RAISED = np.array([-0.012, 0.0, 0.0])
"""radians by a deviation of pitch: a head goes up with the voice (Yehia, Kuratate and Vatikiotis-Bateson 2002)"""
LISTENING = np.array([0.01, 0.0, 0.03])
"""radians: how a listener holds the head, a little aside; the side is drawn"""
PHRASE = 0.35
"""seconds of silence after which a phrase is a new one, with its own posture"""
SETTLE, FOLLOW = 0.6, 0.16
"""seconds in which a posture is taken, and the pitch followed"""


class Emphasis:
    """Moves the head and the brows by what is said, and holds the head as who listens does."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._beats = Bumps(4)
        self._posture, self._raised = Follower(3, SETTLE), Follower(3, FOLLOW)
        self._goal = np.zeros(3)
        self._quiet = np.inf
        self._tilt = 0.0
        self._rise = 0.0
        self._peak = 0.0
        self._last = -np.inf
        self.strength = 0.0
        """of the beat that began at this tick; 0 without one"""
        self.stressed = False
        """whether the syllable at this tick is"""

    def move(self, t: float, said: Prosody, heard: Prosody) -> tuple[Doubles, float]:
        """The turn (3) of the head, radians, and how far the brows are raised, at ``t``, one tick on."""
        self._hold(said, heard)
        self._beat(t, said)
        voice = RAISED * (said.pitch if said.voiced else 0.0)
        beats = self._beats.at(t)
        turn = self._posture.go(self._goal, STEP) + self._raised.go(voice, STEP) + beats[:3]
        return turn, float(beats[3])

    def _hold(self, said: Prosody, heard: Prosody) -> None:
        if said.speaking:
            if self._quiet > PHRASE:
                self._goal = POSTURES * np.clip(self._rng.standard_normal(3), -1.5, 1.5)
                self._tilt = 0.0
            self._quiet = 0.0
            return
        self._quiet += STEP
        if heard.speaking and not self._tilt and self._quiet > PHRASE:
            self._tilt = 1.0 if self._rng.random() < 0.5 else -1.0
            self._goal = LISTENING * np.array([1.0, 1.0, self._tilt])
        elif not heard.speaking and heard.pause > 3.0 and self._quiet > 3.0:
            self._goal, self._tilt = np.zeros(3), 0.0

    def _beat(self, t: float, said: Prosody) -> None:
        stress = WEIGHTS[0] * max(said.loud, 0.0) + WEIGHTS[1] * max(said.pitch, 0.0) if said.voiced else 0.0
        self.stressed, self.strength = stress > STRESSED, 0.0
        if not self.stressed or t - self._last < APART:
            self._rise, self._peak = 0.0, 0.0
            return
        self._rise += STEP
        self._peak = max(self._peak, stress)
        if self._rise < RISING:
            return
        self.strength = min(self._peak / 1.6, 1.3)
        reach = REACH * self.strength
        aside = ASIDE * self.strength * np.clip(self._rng.standard_normal(2), -2.0, 2.0)
        brows = BROWS * self.strength if self.strength > STRONG else 0.0
        self._beats.add(t, self._rng.uniform(*LENGTH), np.array([reach, *aside, brows]))
        self._last, self._rise, self._peak = t, 0.0, 0.0
