"""The life of a face that nobody moves: blinks, breath, a little sway, eyes that look about.

All of it is a function of the seed and the time alone. Whoever asks, how often and in what order sees the same, and
after hours it is what it would have been at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.face.channels import EYES, FACE, GAZE, HEAD
from splatavatar.drive.face.presence import eased
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX

BLOCK = 300.0
"""seconds of events that are drawn together"""
BLINKS = (3.7, 0.4, 2.0, 8.0)
"""seconds from one blink to the next, log-normal: median, deviation of the logarithm, least, most"""
CLOSE, SHUT, OPEN = 0.05, 0.035, 0.065
"""seconds that lids take down, stay, and take up: shut long enough to be seen at 30 frames a second"""
LOOKS = (1.3, 0.6, 0.35, 5.0)
"""seconds from one saccade to the next, as ``BLINKS``"""
LOOK_YAW, LOOK_PITCH, LOOK_MOST = 0.05, 0.03, 2.0
"""radians, standard deviations of where the eyes rest; and how many of them at most"""
SACCADE = 0.05
"""seconds"""
BREATH = ((4.3, 1.0), (5.9, 0.35))
"""period in seconds and weight of the sines of the breath: two, so that no two breaths are alike"""
BREATH_RISE, BREATH_FORWARD, BREATH_NOD = 0.0015, 0.0008, -0.004
"""metres up, metres forwards, radians of nod of a breath"""
SWAY_PERIODS = (7.3, 11.9, 23.1)
"""seconds"""
SWAY = np.array([0.008, 0.014, 0.006])
"""radians about x, y, z of each of the sines of the sway"""
BLINK_LEFT, BLINK_RIGHT = INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]
ALL = dict.fromkeys(FACE, 1.0)


def closed_lids(after: float) -> float:
    """How far lids are closed, from 0 to 1, ``after`` seconds of a blink."""
    if after < CLOSE:
        return eased(after / CLOSE)
    return 1 - eased((after - CLOSE - SHUT) / OPEN)


class Idle:
    """What a face does by itself."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        rng = np.random.default_rng([seed, 0])
        self._sway_phases = rng.uniform(0, 2 * np.pi, (len(SWAY_PERIODS), 3))
        self._breath_phases = rng.uniform(0, 2 * np.pi, len(BREATH))
        self._blocks: dict[tuple[int, int], tuple[list[float], Doubles]] = {}

    def add(self, signal: FaceSignal, t: float, amount: float | Mapping[str, float] = 1.0) -> FaceSignal:
        """The ``signal`` and what the face does by itself at ``t`` seconds.

        ``amount`` in [0, 1] says how much: of everything, or of the channels eyes, gaze and head (0 for one left out).
        """
        shares = amount if isinstance(amount, Mapping) else {channel: amount * share for channel, share in ALL.items()}
        eyes, gaze, head = (shares.get(channel, 0.0) for channel in (EYES, GAZE, HEAD))
        if not np.isfinite(t) or max(eyes, gaze, head) <= 0:
            return signal
        arkit = signal.arkit.copy()
        if eyes > 0:
            lids = np.float32(eyes * self.lids(t))
            arkit[BLINK_LEFT] = max(arkit[BLINK_LEFT], lids)
            arkit[BLINK_RIGHT] = max(arkit[BLINK_RIGHT], lids)
        looking = signal.gaze
        if gaze > 0:
            look = gaze * self.look(t)
            if looking.any():
                looking = np.asarray(looking + look, np.float32)
            for eye in range(2):
                # The coefficients say it too: they move the eyes where no gaze is measured.
                moved = arkit[LOOK[eye]] + look_coefficients(float(look[0]), float(look[1]), left=eye == 0)
                arkit[LOOK[eye]] = np.minimum(moved, 1.0)
        turn, place = signal.head_rotation, signal.head_translation
        if head > 0:
            rotation, translation = self.head(t)
            turn, place = (
                np.asarray(was + head * added, np.float32) for was, added in ((turn, rotation), (place, translation))
            )
        return replace(signal, arkit=arkit, head_rotation=turn, head_translation=place, gaze=looking)

    def lids(self, t: float) -> float:
        """How far the lids are closed by a blink, from 0 to 1."""
        times, _ = self._events(0, t)
        return closed_lids(t - times[bisect_right(times, t) - 1])

    def look(self, t: float) -> Doubles:
        """The direction (2) in which both eyes look: yaw to the subject's left and pitch up, radians."""
        times, drawn = self._events(1, t)
        index = bisect_right(times, t) - 1
        goal = drawn[index] * (LOOK_YAW, LOOK_PITCH)
        if index == 0:
            return np.asarray(goal)
        before = drawn[index - 1] * (LOOK_YAW, LOOK_PITCH)
        return np.asarray(before + eased((t - times[index]) / SACCADE) * (goal - before))

    def head(self, t: float) -> tuple[Doubles, Doubles]:
        """The turn (3), radians, and the shift (3), metres, of breath and sway, rig axes."""
        breath = sum(
            weight * np.sin(2 * np.pi * t / period + phase)
            for (period, weight), phase in zip(BREATH, self._breath_phases, strict=True)
        )
        angles = 2 * np.pi * t / np.array(SWAY_PERIODS)[:, None] + self._sway_phases
        turn = SWAY * np.sin(angles).sum(0)
        turn[0] += BREATH_NOD * breath
        return turn, np.array([0.0, BREATH_RISE * breath, BREATH_FORWARD * breath])

    def _events(self, kind: int, t: float) -> tuple[list[float], Doubles]:
        """Times (N) of the events of the block about ``t``, the first at its start, and two normal numbers (N, 2) each,
        0 for the first and the last two.
        """
        block = int(t // BLOCK)
        if (kind, block) not in self._blocks:
            if len(self._blocks) >= 8:
                self._blocks.clear()
            median, deviation, least, most = (BLINKS, LOOKS)[kind]
            # Python's % of a negative number is positive; seeds must be.
            rng = np.random.default_rng([self._seed, 1 + kind, block % 2**32])
            count = int(BLOCK / least) + 1
            steps = np.clip(median * np.exp(deviation * rng.standard_normal(count)), least, most)
            ends = np.cumsum(steps)
            ends = ends[: int(np.searchsorted(ends, BLOCK)) + 1]
            # Stretched by a little so that the last of a block is the first of the next one.
            times = block * BLOCK + np.concatenate([[0.0], ends]) * (BLOCK / ends[-1])
            drawn = np.clip(rng.standard_normal((len(times), 2)), -LOOK_MOST, LOOK_MOST)
            # Where blocks meet the eyes look straight ahead.
            drawn[[0, -2, -1]] = 0.0
            self._blocks[kind, block] = (times.tolist(), drawn)
        return self._blocks[kind, block]
