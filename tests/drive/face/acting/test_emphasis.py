from __future__ import annotations

import numpy as np

from splatavatar.drive.face.acting.emphasis import APART, Emphasis
from splatavatar.drive.face.acting.prosody import SILENCE, Ears, Prosody
from support.spoken_sound import phrase, talk


def moves(said: list[Prosody], seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Turns (T, 3), brows (T), and the seconds at which beats begin."""
    emphasis = Emphasis(np.random.default_rng(seed))
    turns, brows, beats = [], [], []
    for n, one in enumerate(said):
        turn, raised = emphasis.move(0.01 * n, one, SILENCE)
        turns.append(turn)
        brows.append(raised)
        beats += [0.01 * n] if emphasis.strength else []
    return np.array(turns), np.array(brows), beats


def ticks(sound: np.ndarray) -> list[Prosody]:
    ears = Ears()
    return [ears.hear(tick if tick.any() else None) for tick in sound[: len(sound) // 160 * 160].reshape(-1, 160)]


def test_beats_are_on_stressed_syllables() -> None:
    _, _, beats = moves(ticks(phrase(12.0)))
    later = np.array([beat for beat in beats if beat > 1.0])
    assert len(later) > 8
    assert np.diff(beats).min() >= APART - 1e-9
    # Of each 0.6 s the syllable from 0.2 to 0.4 s is stressed; the head answers within 0.1 s.
    on = (later % 0.6 > 0.2) & (later % 0.6 < 0.5)
    assert on.mean() > 0.8


def test_the_head_goes_down_with_a_beat_and_moves_as_that_of_a_person() -> None:
    said = ticks(talk(10, 3.0, 0.5))
    turns, brows, beats = moves(said)
    after = np.array([turns[round(100 * beat) + 16, 0] - turns[round(100 * beat), 0] for beat in beats[:-1]])
    assert np.median(after) > 0.01
    assert np.radians(0.5) < turns.std(0).max() < np.radians(5)
    assert np.abs(np.diff(turns, axis=0)).max() < 0.01
    assert brows.min() >= 0.0 and brows.max() < 0.7


def test_silence_keeps_the_head_where_it_is() -> None:
    turns, brows, beats = moves([SILENCE] * 500)
    assert not turns.any() and not brows.any() and not beats
