from __future__ import annotations

import numpy as np

from splatavatar.drive.face.acting.glances import Glances
from splatavatar.drive.face.acting.prosody import SILENCE, Prosody

SPEECH = Prosody(speaking=True, spoken=1.0, pause=0.0)


def looks(said: list[Prosody], heard: list[Prosody], seed: int = 0, away: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Yaw and pitch (T, 2), and whether the eyes are away (T)."""
    glances, found, gone = Glances(np.random.default_rng(seed), away), [], []
    for n, (one, other) in enumerate(zip(said, heard, strict=True)):
        found.append(glances.look(0.01 * n, one, other))
        gone.append(glances.away.any())
    return np.array(found), np.array(gone)


def waiting(ticks: int) -> list[Prosody]:
    """Somebody has spoken for two seconds and waits for an answer."""
    return [Prosody(speaking=True, spoken=n / 100, pause=0.0) for n in range(200)] + [
        Prosody(speaking=n < 12, spoken=2.0, pause=n / 100) for n in range(ticks - 200)
    ]


def test_eyes_are_mostly_with_the_other_and_least_while_thinking() -> None:
    count = 30000
    still = [SILENCE] * count
    listening = looks(still, [SPEECH] * count)[1].mean()
    speaking = looks([SPEECH] * count, still)[1].mean()
    thinking = np.mean([looks(still[:500], waiting(500), seed)[1][260:400].mean() for seed in range(40)])
    assert 0.02 < listening < 0.1 < speaking < 0.3 < thinking < 0.95


def test_who_thinks_does_not_look_down() -> None:
    for seed in range(30):
        found, gone = looks([SILENCE] * 400, waiting(400), seed)
        thinking = np.flatnonzero(gone[250:380]) + 250
        if len(thinking):
            assert found[thinking + 10, 1].min() > -0.08


def test_eyes_come_back_where_the_other_goes_on() -> None:
    heard = waiting(330) + [Prosody(speaking=True, spoken=n / 100, pause=0.0) for n in range(50)]
    assert not any(looks([SILENCE] * 380, heard, seed)[1][335] for seed in range(20))


def test_eyes_come_back_where_the_own_phrase_ends() -> None:
    said = [SPEECH] * 1000 + [Prosody(pause=0.13 + n / 100) for n in range(100)]
    at_end, just_after = [], []
    for seed in range(40):
        _, gone = looks(said, [SILENCE] * 1100, seed)
        at_end.append(gone[999])
        just_after.append(gone[1000] and gone[999])
    assert sum(just_after) < 0.6 * sum(at_end)


def test_eyes_rest_between_saccades_which_are_as_fast_as_those_of_people() -> None:
    found, _ = looks([SPEECH] * 6000, [SILENCE] * 6000, 2)
    moved = np.linalg.norm(np.diff(found, axis=0), axis=1)
    assert 0.03 < (moved > 1e-9).mean() < 0.25
    # The main sequence: some 500 degrees a second for a large saccade (1.5 times the mean of smoothstep).
    assert np.degrees(moved.max()) / 0.01 < 500
    assert np.abs(found).max() < 0.35


def test_a_mood_may_look_away_more_often() -> None:
    still = [SILENCE] * 30000
    rare, often = (looks([SPEECH] * 30000, still, away=away)[1].mean() for away in (0.5, 2.0))
    assert often > 2 * rare
