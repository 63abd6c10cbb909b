from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.face.acting.bumps import FASTEST, Bump, Bumps, Follower


def test_a_bump_goes_there_and_back() -> None:
    bump = Bump(2.0, 0.5, np.array([1.0, -2.0]))
    np.testing.assert_allclose(bump.at(2.0 + 0.4 * 0.5), [1.0, -2.0], atol=1e-9)
    for t in (-1.0, 2.0, 2.5, 9.0):
        assert not bump.at(t).any()
    places = np.array([bump.at(t)[0] for t in np.arange(2.0, 2.5, 1e-4)])
    assert (np.diff(places)[:1999] >= 0).all() and (np.diff(places)[2001:] <= 0).all()
    assert np.abs(np.diff(places)).max() / 1e-4 * 0.5 < FASTEST


def test_bumps_add_up_and_are_forgotten() -> None:
    bumps = Bumps(1)
    bumps.add(0.0, 1.0, np.array([1.0]))
    bumps.add(0.0, 1.0, np.array([0.5]))
    assert bumps.at(0.4)[0] == pytest.approx(1.5)
    assert bumps.at(1.0)[0] == 0
    assert not bumps._bumps


def test_a_follower_arrives_without_overshoot() -> None:
    follower, goal = Follower(2, 0.6), np.array([1.0, -0.5])
    places = np.array([follower.go(goal, 0.01).copy() for _ in range(300)])
    assert places[59, 0] == pytest.approx(0.75, abs=0.01)
    assert (np.diff(places[:, 0]) >= 0).all() and places.max() <= 1
    np.testing.assert_allclose(places[-1], goal, atol=1e-3)
    # Exact for a goal that stands: one long step is as many short ones.
    np.testing.assert_allclose(Follower(2, 0.6).go(goal, 0.6), places[59], atol=1e-9)
