"""Where the eyes look: mostly at whom they talk to."""

from __future__ import annotations

import math

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.face.acting.prosody import STEP, Prosody
from splatavatar.drive.face.presence import eased

FACE = np.array([[0.03, 0.0], [-0.03, 0.0], [0.0, -0.045]])
"""radians, yaw and pitch of the other's eyes and mouth: what is looked at in a face a metre away"""
OFTEN = np.array([0.42, 0.42, 0.16])
"""how often each is"""
NEAR = 0.006
"""radians, deviation of where a look comes to rest"""
DWELL = (0.9, 0.55, 0.3, 3.0)
"""seconds that eyes rest on one place of the face, log-normal: median, deviation of the logarithm, least, most"""
CONTACT = {"listening": 7.9, "speaking": 3.6, "thinking": 0.6}
"""seconds of the mean eye contact, and of the glances between, after Lee, Badler and Badler, "Eyes alive" (2002)"""
AWAY = {"listening": 0.43, "speaking": 0.93, "thinking": 1.3}
SIZE = {"listening": 0.09, "speaking": 0.13, "thinking": 0.19}
"""radians of a glance away"""
WAYS = np.radians([0, 45, 90, 135, 180, 225, 270, 315])
"""from the subject's left, upwards"""
SHARES = np.array([15.5, 6.5, 17.7, 7.4, 16.8, 7.9, 20.4, 7.8])
"""percent of the glances that go each way, from the same"""
THINKING_SHARES = np.array([18.0, 24.0, 16.0, 24.0, 18.0, 0.0, 0.0, 0.0])
"""percent, of who thinks what to say: aside and up"""
BACK = 0.8
"""how likely eyes that are away come back where a phrase of theirs ends (Kendon 1967)"""
BEGIN = 0.4
"""how likely eyes go away where a phrase begins after a silence"""
SILENCE = 0.6
"""seconds of it"""
REPLY = (0.5, 4.0)
"""seconds after somebody has ended between which who is to answer thinks"""
HEARD = 1.0
"""seconds of speech that ask for an answer"""
HEAD = 0.25
"""share of a glance that the head takes part in"""


class Glances:
    """Chooses where to look, and goes there in saccades."""

    def __init__(self, rng: np.random.Generator, away: float = 1.0) -> None:
        """``away``: how many times as often as usual the eyes leave the other's."""
        self._rng, self._often = rng, away
        self._from = self._goal = np.zeros(2)
        self._start, self._length = -math.inf, 0.05
        self._is_away = False
        self._until = self._drawn(CONTACT["listening"])
        self._next = 0.0
        self._quiet = math.inf
        self._was_speaking = False
        self._mode = "listening"
        self._asked = 0.0
        self.looked = 0.0
        """radians of the saccade that begins at this tick; 0 without one"""

    @property
    def away(self) -> Doubles:
        """Yaw and pitch (2) of the glance away, radians; 0 in eye contact."""
        return self._goal if self._is_away else np.zeros(2)

    def look(self, t: float, said: Prosody, heard: Prosody) -> Doubles:
        """Yaw to the subject's left and pitch up (2), radians from the other's eyes, at ``t``, one tick on."""
        before, self._mode = self._mode, self._now(said, heard)
        self.looked = 0.0
        begins = said.speaking and not self._was_speaking and self._quiet > SILENCE
        ends = not said.speaking and self._was_speaking
        resumes = before == "thinking" and heard.speaking
        self._quiet = 0.0 if said.speaking else self._quiet + STEP
        self._was_speaking = said.speaking
        if (self._mode != before and self._mode == "thinking") or (begins and self._rng.random() < BEGIN):
            self._go_away(t)
        elif self._is_away and (t >= self._until or resumes or (ends and self._rng.random() < BACK)):
            self.meet(t)
        elif not self._is_away and t >= self._until:
            self._go_away(t)
        elif not self._is_away and t >= self._next:
            self._rest_on_face(t)
        return np.asarray(self._from + eased((t - self._start) / self._length) * (self._goal - self._from))

    def meet(self, t: float) -> None:
        """Look at the other now."""
        self._is_away = False
        self._until = t + self._drawn(CONTACT[self._mode] / max(self._often, 0.05))
        self._rest_on_face(t)

    def _now(self, said: Prosody, heard: Prosody) -> str:
        if heard.speaking:
            self._asked = max(self._asked, heard.spoken)
        if said.speaking:
            self._asked = 0.0
            return "speaking"
        if heard.pause > REPLY[1]:
            self._asked = 0.0
        thinks = not heard.speaking and heard.pause > REPLY[0] and self._asked > HEARD
        return "thinking" if thinks else "listening"

    def _go_away(self, t: float) -> None:
        shares = THINKING_SHARES if self._mode == "thinking" else SHARES
        way = self._rng.choice(WAYS, p=shares / shares.sum()) + self._rng.normal(0.0, 0.15)
        size = SIZE[self._mode] * float(np.clip(np.exp(0.3 * self._rng.standard_normal()), 0.5, 1.6))
        self._is_away = True
        self._until = t + self._drawn(AWAY[self._mode])
        self._saccade(t, size * np.array([math.cos(way), 0.7 * math.sin(way)]))

    def _rest_on_face(self, t: float) -> None:
        place = FACE[self._rng.choice(len(FACE), p=OFTEN)]
        median, deviation, least, most = DWELL
        self._next = t + float(np.clip(median * np.exp(deviation * self._rng.standard_normal()), least, most))
        self._saccade(t, place + NEAR * np.clip(self._rng.standard_normal(2), -2.0, 2.0))

    def _saccade(self, t: float, goal: Doubles) -> None:
        share = eased((t - self._start) / self._length)
        self._from, self._goal = self._from + share * (self._goal - self._from), goal
        size = float(np.linalg.norm(self._goal - self._from))
        # The main sequence: 2.2 ms a degree and 21 ms (Carpenter 1988).
        self._start, self._length, self.looked = t, 0.021 + 0.0022 * math.degrees(size), size

    def _drawn(self, mean: float) -> float:
        """Seconds, of a gamma distribution of shape 2: short ones are rare."""
        return float(max(self._rng.gamma(2.0, mean / 2), 0.25))
