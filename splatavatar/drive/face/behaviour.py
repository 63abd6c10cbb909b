"""How somebody behaves who talks and listens: eye contact, blinks, beats of the head, nods."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.face.acting.blinks import Blinks
from splatavatar.drive.face.acting.bumps import Follower
from splatavatar.drive.face.acting.ear import RATE, TICK, Ear
from splatavatar.drive.face.acting.emphasis import Emphasis
from splatavatar.drive.face.acting.glances import HEAD as HEAD_SHARE
from splatavatar.drive.face.acting.glances import Glances
from splatavatar.drive.face.acting.nods import Nods
from splatavatar.drive.face.acting.prosody import STEP, Ears
from splatavatar.drive.face.channels import BROWS, EYES, GAZE, HEAD
from splatavatar.drive.face.idle import ALL, BLINK_LEFT, BLINK_RIGHT, Idle
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SettingsError
from splatavatar.rig.arkit import INDEX

MOST = 2.0
"""of ``amount``"""
LONGEST = 60.0
"""seconds without a call of ``add`` after which what was to happen meanwhile is left out"""
STEADY = 0.9
"""share of the turn of the head that the eyes make up for, to keep looking where they look"""
GLANCE_SETTLE = 0.45
"""seconds in which the head goes along with a glance"""
FURTHEST = 0.35
"""radians that the eyes turn at most"""
LOWERED = 0.5
"""how far lids go down for a radian that the eyes look down"""
BROW_INNER = INDEX["browInnerUp"]
BROW_OUTER = [INDEX["browOuterUpLeft"], INDEX["browOuterUpRight"]]
OUTER = 0.7
"""of the inner brow, how far the outer goes"""
TURN, LIDS, GLANCE, BROW = slice(0, 3), 3, slice(4, 6), 6
"""of what a tick says: the turn of the head, the lids, where the eyes look, the brows"""


def check_amount(amount: float) -> None:
    """Raises SettingsError for an ``amount`` of behaviour that is not from 0 to 2."""
    if not 0.0 <= amount <= MOST:
        raise SettingsError(f"the amount of behaviour is from 0 to {MOST:g}, got {amount:g}.")


class Behaviour:
    """Blinks, eyes, head and mood of somebody who says and hears something.

    All of it follows from the seed and from what is said and heard by then, in pieces of any size. Its clock has ticks
    of 10 ms; between two of them it is interpolated, so that pictures at any rate show the same motion.

    >>> import numpy as np
    >>> import splatavatar as sa
    >>> behaviour = sa.Behaviour(seed=1, mood=sa.Mood("happy", 0.5))
    >>> behaviour.say(np.zeros(640, np.float32))
    >>> float(behaviour.add(sa.FaceSignal.neutral(), 0.0).arkit.max()) > 0.2
    True
    """

    def __init__(self, seed: int = 0, amount: float = 1.0, mood: Mood | None = None) -> None:
        """
        Args:
            seed: of what is left to chance.
            amount: how far head, eyes and brows move, from 0 to 2; 0: the face is left as it is but for its mood.
            mood: laid over the face; None is neutral.

        Raises:
            SettingsError: a seed below 0, or an amount that is not in that range.
        """
        if seed < 0:
            raise SettingsError(f"the seed of a behaviour is 0 or more, got {seed}.")
        check_amount(amount)
        self.amount, self.mood = amount, mood or Mood()
        self._manner = self.mood.manner
        self._idle = Idle(seed)
        rngs = [np.random.default_rng([seed, 100 + part]) for part in range(4)]
        self._emphasis, self._nods = Emphasis(rngs[0]), Nods(rngs[1])
        self._glances, self._blinks = Glances(rngs[2], self._manner.away), Blinks(rngs[3], self._manner.blinks)
        self._along = Follower(2, GLANCE_SETTLE)
        self._saying, self._hearing = Ear(), Ear(catches_up=True)
        self._said, self._heard = Ears(), Ears()
        self._start: float | None = None
        self._shown = 0.0
        self._tick, self._share = 0, 0.0
        """the last tick, and the share of the way from there to the next"""
        self._now = self._before = np.zeros(7)

    def say(self, samples: Floats) -> None:
        """Take sound (N), mono at 16 kHz, that the avatar speaks.

        It begins at the time of the next ``add``, or goes on where the sound before it ends, if that is later. Silence
        need not be said. Sound that is said 0.1 s before it is heard has the beats of the head on its syllables.
        """
        self._saying.take(samples)

    def hear(self, samples: Floats) -> None:
        """Take sound (N), mono at 16 kHz, of who is talked to, as it comes, timed as that of ``say``.

        After a stall of up to 2 s, of what comes at once no more than half a second waits; the oldest is left out.
        """
        self._hearing.take(samples)

    def clear(self) -> None:
        """Forget what was said and is not shown yet: the avatar is interrupted, and looks at the other."""
        self._saying.clear()
        self._glances.meet(self._tick * STEP)

    def add(self, signal: FaceSignal, t: float, amount: float | Mapping[str, float] = 1.0) -> FaceSignal:
        """The ``signal`` and what the face does besides, at ``t`` seconds; times do not go back.

        ``amount`` in [0, 1] says how much: of everything, or of the channels eyes, gaze, head and brows (0 for one left
        out), as that of ``Idle.add``. The mood goes with the brows.
        """
        shares = amount if isinstance(amount, Mapping) else dict.fromkeys(ALL, amount)
        if np.isfinite(t):
            self._go(t)
        if self.amount > 0 and self._start is not None and max(shares.values(), default=0.0) > 0:
            signal = self._moved(signal, shares)
        return self.mood.add(signal, shares.get(BROWS, 0.0))

    def _go(self, t: float) -> None:
        """Run the ticks up to ``t``."""
        if self._start is None:
            self._start = self._shown = t
        self._shown = max(self._shown, t)
        elapsed = self._shown - self._start
        # Not 0.29999 / 0.01: ticks fall on multiples of the time of a picture.
        tick = math.floor(elapsed / STEP + 1e-6)
        sample = round(elapsed * RATE)
        if (tick - self._tick) * STEP > LONGEST:
            self._tick = tick
            for ear in (self._saying, self._hearing):
                ear.skip(tick * TICK)
        count = tick - self._tick
        for said, heard in zip(self._saying.ticks(sample, count), self._hearing.ticks(sample, count), strict=True):
            self._tick += 1
            self._before, self._now = self._now, self._act(self._tick * STEP, said, heard)
        self._share = min(max(elapsed / STEP - self._tick, 0.0), 1.0)

    def _act(self, t: float, saying: Floats | None, hearing: Floats | None) -> Doubles:
        """What is done at ``t``, one tick on."""
        said, heard = self._said.hear(saying), self._heard.hear(hearing)
        turn, brows = self._emphasis.move(t, said, heard)
        turn = turn + self._nods.turn(t, heard, said.speaking, 1.0)
        look = self._glances.look(t, said, heard)
        along = self._along.go(HEAD_SHARE * self._glances.away, STEP)
        lids = self._blinks.lids(t, said, heard, self._emphasis.stressed, self._glances.looked)
        return np.array([turn[0] - along[1], turn[1] + along[0], turn[2], lids, look[0], look[1], brows])

    def _moved(self, signal: FaceSignal, shares: Mapping[str, float]) -> FaceSignal:
        eyes, gaze, head, brows = (shares.get(channel, 0.0) for channel in (EYES, GAZE, HEAD, BROWS))
        doing = self._before + self._share * (self._now - self._before)
        arkit, turn, place, looking = signal.arkit.copy(), signal.head_rotation, signal.head_translation, signal.gaze
        swaying, placed = self._idle.head(self._shown)
        manner = self._manner
        own = head * (self.amount * manner.head * (doing[TURN] + swaying) + np.array([manner.nod, 0.0, manner.tilt]))
        if head > 0:
            turn = np.asarray(turn + own, np.float32)
            place = np.asarray(place + head * self.amount * placed, np.float32)
        if gaze > 0:
            # Eyes that look at somebody stay there while the head turns.
            steady = np.array([-own[1], own[0]]) * STEADY
            look = gaze * np.clip(min(self.amount, 1.0) * doing[GLANCE] + steady, -FURTHEST, FURTHEST)
            if looking.any():
                looking = np.asarray(looking + look, np.float32)
            for eye in range(2):
                moved = arkit[LOOK[eye]] + look_coefficients(float(look[0]), float(look[1]), left=eye == 0)
                arkit[LOOK[eye]] = np.minimum(moved, 1.0)
        if eyes > 0:
            lowered = LOWERED * max(-float(look[1]), 0.0) if gaze > 0 else 0.0
            lids = np.float32(eyes * max(float(doing[LIDS]), lowered))
            for lid in (BLINK_LEFT, BLINK_RIGHT):
                arkit[lid] = max(arkit[lid], lids)
        if brows > 0 and doing[BROW] > 0:
            raised = np.float32(min(brows * self.amount * doing[BROW], 1.0))
            arkit[BROW_INNER] = max(arkit[BROW_INNER], raised)
            arkit[BROW_OUTER] = np.maximum(arkit[BROW_OUTER], np.float32(OUTER) * raised)
        return replace(signal, arkit=arkit, head_rotation=turn, head_translation=place, gaze=looking)
