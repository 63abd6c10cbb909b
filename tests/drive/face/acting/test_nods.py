from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.face.acting.nods import APART, Nods
from splatavatar.drive.face.acting.prosody import SILENCE, Prosody


def spoken(seconds: float, low_from: float = np.inf) -> list[Prosody]:
    return [
        Prosody(voiced=True, speaking=True, spoken=n / 100, pause=0.0, low=max(n / 100 - low_from, 0.0))
        for n in range(round(100 * seconds))
    ]


def silent(seconds: float, spoken: float = 1.0) -> list[Prosody]:
    return [Prosody(speaking=n < 12, spoken=spoken, pause=n / 100) for n in range(round(100 * seconds))]


def turns(heard: list[Prosody], seed: int = 0, speaking: bool = False, share: float = 1.0) -> tuple[np.ndarray, Nods]:
    nods = Nods(np.random.default_rng(seed))
    return np.array([nods.turn(0.01 * n, one, speaking, share) for n, one in enumerate(heard)]), nods


def test_a_pause_after_a_phrase_is_answered_by_a_nod_downwards() -> None:
    answered = 0
    for seed in range(20):
        turn, nods = turns(spoken(3.0) + silent(3.0), seed)
        assert not turn[:300].any()
        answered += nods.count
        if nods.count:
            assert 0.04 < turn[:, 0].max() < 0.12 and turn[:, 0].min() >= 0
            assert np.abs(turn[:, 1:]).max() < 0.03
            assert 3.3 < 0.01 * np.flatnonzero(turn[:, 0])[0] < 3.7
    assert 9 <= answered <= 20


def test_low_pitch_is_answered_while_somebody_speaks() -> None:
    counts = [turns(spoken(6.0, low_from=5.4), seed)[1].count for seed in range(10)]
    assert counts == [1] * 10
    assert not any(turns(spoken(6.0), seed)[1].count for seed in range(10))


@pytest.mark.parametrize("heard", [[SILENCE] * 3000, spoken(0.8) + silent(3.0)], ids=["silence", "a word"])
def test_silence_and_single_words_are_not(heard: list[Prosody]) -> None:
    for seed in range(10):
        turn, nods = turns(heard, seed)
        assert not turn.any() and not nods.count


def test_who_speaks_does_not_nod() -> None:
    assert not turns(spoken(3.0) + silent(2.0), speaking=True)[0].any()


def test_nods_are_apart_and_as_far_as_they_are_to_be() -> None:
    heard = (spoken(2.0, 1.7) + silent(0.3)) * 30
    one, nods = turns(heard)
    assert 10 < nods.count < 30
    starts = np.flatnonzero((one[1:, 0] > 0) & (one[:-1, 0] == 0))
    assert np.diff(starts).min() * 0.01 > APART / 2
    np.testing.assert_allclose(turns(heard, share=0.5)[0], 0.5 * one, atol=1e-12)
