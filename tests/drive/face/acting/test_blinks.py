from __future__ import annotations

import numpy as np

from splatavatar.drive.face.acting.blinks import Blinks
from splatavatar.drive.face.acting.prosody import SILENCE, Prosody

SPEECH = Prosody(speaking=True, spoken=1.0, pause=0.0)


def began(said: list[Prosody], heard: list[Prosody] | None = None, seed: int = 0, rate: float = 1.0) -> np.ndarray:
    """Seconds at which lids begin to close."""
    blinks = Blinks(np.random.default_rng(seed), rate)
    heard = heard or [SILENCE] * len(said)
    lids = [
        blinks.lids(0.01 * n, one, other, False, 0.0) for n, (one, other) in enumerate(zip(said, heard, strict=True))
    ]
    closed = np.array(lids) > 0.5
    return 0.01 * np.flatnonzero(closed[1:] & ~closed[:-1])


def phrases(seconds: float, period: float = 2.5, pause: float = 0.5) -> list[Prosody]:
    """Phrases of speech, each followed by a pause."""
    ticks = []
    for n in range(round(100 * seconds)):
        at = n / 100 % period
        quiet = max(at - (period - pause), 0.0)
        ticks.append(Prosody(speaking=quiet < 0.12, spoken=at, pause=quiet))
    return ticks


def test_people_blink_more_often_in_speech() -> None:
    rest = np.mean([len(began([SILENCE] * 30000, seed=seed)) / 5 for seed in range(2)])
    speech = np.mean([len(began(phrases(300), seed=seed)) / 5 for seed in range(2)])
    assert 15 < rest < 20
    assert 22 < speech < 30


def test_blinks_come_with_pauses() -> None:
    times = np.concatenate([began(phrases(200), seed=seed) for seed in range(2)])
    near = (times % 2.5 > 2.0) | (times % 2.5 < 0.1)
    assert near.mean() > 2 * 0.6 / 2.5


def test_who_listens_blinks_after_the_phrases_of_the_other() -> None:
    heard = phrases(300)
    times = np.concatenate([began([SILENCE] * len(heard), heard, seed) for seed in range(3)])
    # A phrase ends at 2 s of 2.5, is noticed 0.15 s later, and answered 0.25 to 0.7 s after that.
    after = (times % 2.5 > 2.4) | (times % 2.5 < 0.4)
    assert after.mean() > 1.3 * 0.5 / 2.5


def test_every_blink_closes_the_lids_and_they_are_apart() -> None:
    blinks = Blinks(np.random.default_rng(1), 5.0)
    lids = np.array([blinks.lids(0.01 * n, SPEECH, SILENCE, n % 30 == 0, 0.2 * (n % 40 == 0)) for n in range(6000)])
    tops = [lids[n - 6 : n + 8].max() for n in np.flatnonzero((lids[1:] > 0.5) & (lids[:-1] <= 0.5)) + 1 if n > 8]
    assert len(tops) > 60 and min(tops) > 0.95
    assert np.diff(np.flatnonzero((lids[1:] > 0.5) & (lids[:-1] <= 0.5))).min() >= 39


def test_a_rate_is_a_factor() -> None:
    slow, fast = (sum(len(began([SILENCE] * 30000, None, seed, rate)) for seed in range(2)) for rate in (0.5, 1.5))
    assert 2.4 < fast / slow < 3.8
