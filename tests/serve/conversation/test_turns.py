from __future__ import annotations

import numpy as np
import pytest

from splatavatar.serve.conversation.turns import LONGEST, Mark, Turns
from splatavatar.serve.speech.resampling import Samples

RATE = 16000


def buzz(seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(8000 * np.sign(np.sin(2 * np.pi * 140 * t)), np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def marks(sound: Samples, piece: int = 320) -> list[tuple[Mark, float]]:
    """What happens, and when, in seconds of the sound."""
    turns = Turns()
    return [
        (part, min(n + piece, len(sound)) / RATE)
        for n in range(0, len(sound), piece)
        for part in turns.push(sound[n : n + piece])
        if isinstance(part, Mark)
    ]


def test_a_turn_begins_with_a_voice_and_ends_after_a_pause() -> None:
    (begins, at), (ends, over) = marks(np.concatenate([silence(1), buzz(1), silence(2)]))
    assert (begins, ends) == (Mark.BEGINS, Mark.ENDS)
    assert at == pytest.approx(1.2, abs=0.1)
    assert over == pytest.approx(2.6, abs=0.1)


def test_a_short_pause_is_part_of_a_turn() -> None:
    sound = np.concatenate([silence(0.5), buzz(0.6), silence(0.3), buzz(0.6), silence(1)])
    assert [mark for mark, _ in marks(sound)] == [Mark.BEGINS, Mark.ENDS]


def test_silence_and_noise_are_no_turn() -> None:
    noise = np.random.default_rng(0).normal(0, 2000, 3 * RATE)
    assert marks(silence(2)) == []
    assert marks(np.asarray(np.clip(noise, -32767, 32767), np.int16)) == []


def test_the_sound_of_a_turn_has_its_beginning() -> None:
    said = buzz(1)[1:]
    turns = Turns()
    parts = turns.push(np.concatenate([silence(1), said, silence(1)]))
    heard = np.concatenate([part for part in parts if not isinstance(part, Mark)])
    begin = np.flatnonzero(heard)[0]
    assert (heard[begin : begin + len(said)] == said).all()


def test_who_does_not_stop_is_answered_all_the_same() -> None:
    assert [mark for mark, _ in marks(buzz(LONGEST + 2))][:2] == [Mark.BEGINS, Mark.ENDS]


def test_pieces_of_any_size_give_the_same() -> None:
    sound = np.concatenate([silence(0.5), buzz(0.7), silence(1)])
    assert [mark for mark, _ in marks(sound, 77)] == [mark for mark, _ in marks(sound, 5000)]
