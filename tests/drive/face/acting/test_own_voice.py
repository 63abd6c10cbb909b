from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.face.acting.own_voice import LEAD, MOST_AHEAD, OwnVoice

RATE = 16000


class Said:
    """Which samples were said, and when."""

    def __init__(self) -> None:
        self.pieces: list[NDArray[np.float32]] = []

    def __call__(self, samples: NDArray[np.float32]) -> None:
        self.pieces.append(samples)

    @property
    def all(self) -> NDArray[np.float32]:
        return np.concatenate([np.zeros(0, np.float32), *self.pieces])


def test_a_file_is_said_a_little_early_and_without_a_gap() -> None:
    voice, said, sound = OwnVoice(), Said(), np.arange(RATE * 2, dtype=np.float32)
    for at in range(0, len(sound), 4000):
        voice.take(sound[at : at + 4000], 50.0 + at / RATE)
    told = []
    for n in range(150):
        before = len(said.all)
        voice.tell(said, 50.0 + n / 60)
        told += [(n / 60, before / RATE)] * (len(said.all) > before)
    # What would have been said before the start is left out.
    np.testing.assert_array_equal(said.all, sound[round(LEAD * RATE) :])
    for now, place in told[1:]:
        assert place - 0.06 < now <= place


def test_a_file_that_has_begun_is_caught_up_with() -> None:
    voice, said, sound = OwnVoice(), Said(), np.arange(4000, dtype=np.float32)
    voice.take(sound, 50.0)
    voice.tell(said, 50.05)
    np.testing.assert_array_equal(said.all, sound[round((LEAD + 0.05) * RATE) :])


def test_a_microphone_is_said_as_it_comes_but_not_after_a_stall() -> None:
    voice, said, block = OwnVoice(), Said(), np.ones(160, np.float32)
    for n in range(100):
        voice.take(block, 7.0 + n / 100)
        voice.tell(said, 7.3 + n / 100)  # a slow driver
    assert len(said.all) == 100 * 160
    for n in range(200):
        voice.take(block, 8.0 + n / 100)
    voice.tell(said, 10.0)
    assert 0 <= len(said.all) / RATE - 1.0 - MOST_AHEAD < 0.03


def test_what_nobody_asks_for_is_dropped() -> None:
    voice, said = OwnVoice(), Said()
    for n in range(5000):
        voice.take(np.full(1, n, np.float32), 0.0)
    voice.tell(said, 1.0)
    assert len(said.all) == 400 and said.all[0] == 4600
