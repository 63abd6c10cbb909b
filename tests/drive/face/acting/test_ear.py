from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.face.acting.ear import JOIN, LATE, LONGEST, RATE, TICK, Ear

SOUND = np.linspace(0.1, 0.9, 1600, dtype=np.float32)


def heard(ear: Ear, sample: int, count: int) -> NDArray[np.float32]:
    silence = np.zeros(TICK, np.float32)
    return np.concatenate(
        [np.zeros(0, np.float32), *(silence if tick is None else tick for tick in ear.ticks(sample, count))]
    )


def test_sound_begins_at_the_next_ticks_and_is_heard_once() -> None:
    ear = Ear()
    ear.take(SOUND)
    assert not heard(ear, 0, 0).size
    np.testing.assert_array_equal(heard(ear, 800, 5), SOUND[:800])
    np.testing.assert_array_equal(heard(ear, 1600, 5), SOUND[800:])
    assert not heard(ear, 3200, 10).any()


@pytest.mark.parametrize("size", [1, 7, 160, 333, 1600])
def test_pieces_are_the_whole(size: int) -> None:
    whole, pieces = Ear(), Ear()
    whole.take(SOUND)
    for at in range(0, len(SOUND), size):
        pieces.take(SOUND[at : at + size])
    np.testing.assert_array_equal(heard(whole, 0, 0), heard(pieces, 0, 0))
    np.testing.assert_array_equal(heard(whole, 1600, 10), heard(pieces, 1600, 10))


def test_a_piece_a_picture_is_the_whole() -> None:
    whole, pieces = Ear(), Ear()
    whole.take(SOUND)
    expected, found = heard(whole, 0, 0), heard(pieces, 0, 0)
    for n in range(1, 6):
        expected = np.concatenate([expected, heard(whole, 320 * n, 2)])
    for n in range(5):
        pieces.take(SOUND[320 * n : 320 * (n + 1)])
        found = np.concatenate([found, heard(pieces, 320 * n, 0), heard(pieces, 320 * (n + 1), 2)])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, SOUND)


def test_gaps_are_silence_as_long_as_they_are() -> None:
    ear = Ear()
    ear.take(SOUND[:320])
    first = heard(ear, 0, 0)
    first = np.concatenate([first, heard(ear, 8000, 50)])
    ear.take(SOUND)
    second = np.concatenate([heard(ear, 8000, 0), heard(ear, 9600, 10)])
    np.testing.assert_array_equal(first, np.concatenate([SOUND[:320], np.zeros(7680, np.float32)]))
    np.testing.assert_array_equal(second, SOUND)


def test_what_rounding_leaves_between_two_pieces_is_no_gap() -> None:
    """A resampler that gives 20 samples too few at first, at 25 pictures a second."""
    ear, found = Ear(), np.zeros(0, np.float32)
    sound = np.tile(SOUND, 4)[: 640 * 8 - 20]
    for n in range(8):
        piece = sound[:620] if n == 0 else sound[640 * n - 20 : 640 * (n + 1) - 20]
        ear.take(piece)
        found = np.concatenate([found, heard(ear, 640 * n, 0 if n == 0 else 4)])
    found = np.concatenate([found, heard(ear, 640 * 8, 4)])
    np.testing.assert_array_equal(found[: len(sound)], sound)
    assert JOIN >= 20


def test_clearing_forgets_what_was_not_heard() -> None:
    ear = Ear()
    ear.take(SOUND)
    heard(ear, 0, 0)
    assert heard(ear, 320, 2).any()
    ear.clear()
    assert not heard(ear, 1600, 8).any()
    ear.take(SOUND)
    heard(ear, 1600, 0)
    np.testing.assert_array_equal(heard(ear, 3200, 10), SOUND)


def test_hostile_sound_is_held() -> None:
    ear = Ear()
    ear.take(np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.5] * 100, np.float32))
    heard(ear, 0, 0)
    found = heard(ear, 640, 4)
    assert np.isfinite(found).all() and np.abs(found).max() == 1
    ear.take(np.zeros(0, np.float32))
    for _ in range(11):
        ear.take(np.ones(60 * RATE, np.float32))
    heard(ear, 640, 0)
    assert ear._end <= 640 + LONGEST


def test_what_was_taken_is_not_that_of_the_caller() -> None:
    ear, sound = Ear(), SOUND.copy()
    ear.take(sound)
    sound[:] = 0
    heard(ear, 0, 0)
    np.testing.assert_array_equal(heard(ear, 1600, 10), SOUND)


def test_sound_that_was_held_up_is_caught_up_with() -> None:
    ear, sound = Ear(catches_up=True), np.arange(1, 64001, dtype=np.float32) / 64000
    ear.take(sound[:1600])
    first = np.concatenate([heard(ear, 0, 0), heard(ear, 17600, 110)])
    np.testing.assert_array_equal(first[:1600], sound[:1600])
    assert not first[1600:].any()
    # A second of sound comes at once, a second late.
    ear.take(sound[1600:17600])
    heard(ear, 17600, 0)
    after = heard(ear, 17600 + LATE, LATE // TICK)
    np.testing.assert_array_equal(after, sound[17600 - LATE : 17600])
    # Without a stall nothing is left out, however much comes at once; nor after a silence that is longer than one.
    for wait in (0, 5 * RATE):
        ear = Ear(catches_up=True)
        ear.take(sound[:1600])
        heard(ear, 0, 0)
        heard(ear, wait, wait // TICK)
        ear.take(sound[1600:])
        heard(ear, wait, 0)
        found = heard(ear, wait + 64000, 400)
        np.testing.assert_array_equal(found[found > 0][-62400:], sound[1600:])
