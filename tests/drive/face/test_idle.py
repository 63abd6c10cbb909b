"""Life without a source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splatavatar.drive.face.channels import EYES, GAZE, HEAD
from splatavatar.drive.face.idle import ALL, Idle
from splatavatar.drive.face.vector import to_vector
from splatavatar.drive.retarget import LOOK
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.rig.arkit import INDEX

REST = nobody(0.0)
TIMES = st.floats(-1e6, 1e6)
BLINK = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31), TIMES, st.lists(TIMES, max_size=3))
def test_the_same_seed_and_time_are_the_same_whatever_was_asked_before(
    seed: int, t: float, others: list[float]
) -> None:
    busy = Idle(seed)
    for other in others:
        busy.add(REST, other)
    np.testing.assert_array_equal(to_vector(busy.add(REST, t)), to_vector(Idle(seed).add(REST, t)))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 100), st.one_of(TIMES, st.integers(-3, 3).map(lambda n: 300.0 * n - 0.0005)))
def test_it_moves_without_jumps(seed: int, t: float) -> None:
    idle = Idle(seed)
    one, other = (to_vector(idle.add(REST, at)) for at in (t, t + 0.001))
    # Lids are the fastest: closed within 0.05 s.
    assert np.abs(other - one).max() < 1.5 * 0.001 / 0.05 + 1e-3


def test_seeds_differ() -> None:
    one, other = (np.stack([to_vector(Idle(seed).add(REST, t)) for t in np.arange(0, 5, 0.5)]) for seed in (1, 2))
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("start", [0.0, 9000.0])
def test_hours_later_it_is_as_it_was(start: float) -> None:
    """No drift: means and ranges of a quarter of an hour, at the start and after two and a half hours."""
    idle = Idle(3)
    values = np.stack([to_vector(idle.add(REST, t)) for t in np.arange(start, start + 900, 0.1)])
    turn, place, gaze = (
        values[:, 52:55],
        values[:, 55:58],
        np.stack([idle.look(t) for t in np.arange(start, start + 900, 0.1)]),
    )
    for quantity, size in ((turn, 0.06), (place, 0.003), (gaze, 0.12)):
        assert np.abs(quantity.mean(0)).max() < 0.1 * size
        assert 0.3 * size < np.abs(quantity).max() < size


def blinks(idle: Idle, seconds: float, fps: float) -> np.ndarray:
    """Times at which lids begin to close."""
    times = np.arange(0, seconds, 1 / fps)
    closed = np.array([idle.lids(t) for t in times]) > 0.5
    return times[1:][np.diff(closed.astype(int)) == 1]


def test_blinks_are_two_to_eight_seconds_apart_and_irregular() -> None:
    apart = np.diff(blinks(Idle(0), 1200, 60))
    assert apart.min() > 1.9
    assert apart.max() < 8.1
    assert 3 < np.median(apart) < 4.5
    assert apart.std() > 0.8


def test_every_blink_is_seen_at_thirty_frames_a_second() -> None:
    idle = Idle(1)
    lids = np.array([idle.lids(t) for t in np.arange(0, 300, 1 / 30)])
    begun = blinks(idle, 300, 200)
    assert len(begun) > 50
    for t in begun:
        near = round(t * 30)
        assert lids[max(near - 3, 0) : near + 8].max() > 0.95


def test_eyes_rest_between_saccades() -> None:
    looks = np.stack([Idle(2).look(t) for t in np.arange(0, 60, 1 / 60)])
    moving = np.abs(np.diff(looks, axis=0)).max(1) > 1e-9
    assert 0.02 < moving.mean() < 0.25


def test_without_an_amount_nothing_changes() -> None:
    idle = Idle(0)
    assert idle.add(REST, 3.0, 0.0) is REST
    assert idle.add(REST, np.nan) is REST
    assert idle.add(REST, 3.0, {}) is REST


def test_an_amount_for_each_channel() -> None:
    idle = Idle(0)
    t = next(t for t in np.arange(0, 60, 0.01) if idle.lids(t) == 1 and idle.look(t).any())
    eyes, gaze, head = (idle.add(REST, t, {channel: 1.0}) for channel in (EYES, GAZE, HEAD))
    assert (eyes.arkit[BLINK] == 1).all() and not eyes.head_rotation.any() and not eyes.arkit[LOOK].any()
    assert gaze.arkit[LOOK].any() and not gaze.arkit[BLINK].any()
    assert head.head_rotation.any() and head.head_translation.any() and not head.arkit.any()
    everything = dict.fromkeys(ALL, 0.5)
    np.testing.assert_array_equal(to_vector(idle.add(REST, t, 0.5)), to_vector(idle.add(REST, t, everything)))


def test_it_adds_to_what_is_there() -> None:
    idle = Idle(0)
    t = next(t for t in np.arange(0, 20, 0.01) if idle.lids(t) == 0 and idle.look(t).any())
    there = replace(REST, gaze=np.full((2, 2), 0.2, np.float32), head_rotation=np.array([0.1, 0, 0], np.float32))
    added: FaceSignal = idle.add(there, t)
    np.testing.assert_allclose(added.gaze, 0.2 + np.tile(idle.look(t), (2, 1)), atol=1e-6)
    np.testing.assert_allclose(added.head_rotation, there.head_rotation + idle.head(t)[0], atol=1e-6)
    # A measured gaze of none stays none: the coefficients say where the eyes look.
    assert not idle.add(REST, t).gaze.any() and idle.add(REST, t).arkit[LOOK].any()
    # Lids that are closed already do not close twice.
    closed = replace(REST, arkit=np.ones(52, np.float32))
    assert idle.add(closed, t).arkit.max() <= 1
