"""The limit of expressions: what it leaves alone, and what it holds back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration, measure
from splatavatar.avatar.combinations import TOGETHER
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.limits import DEFAULT_LIMIT, ExpressionLimit, expression_limit
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import play
from splatavatar.drive.retarget import look_coefficients, retarget
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.rig.arkit import INDEX, NAMES
from support.shared import shared

JAW = INDEX["jawOpen"]


def calibrate(seen: np.ndarray) -> Calibration:
    return measure(seen, np.zeros((len(seen), 3)), NAMES)


def shown(limit: ExpressionLimit, signal: np.ndarray) -> np.ndarray:
    return np.stack([limit(row) for row in signal.astype(np.float32)])


# Speech whose smile and brows come late, so that ranges, directions and reach all differ.
LEARNT = calibrate(moving_signal(3.0).arkit)
# The same with a reach that much of the cube lies beyond.
NARROW = replace(LEARNT, reach=2.0)
COEFFICIENTS = arrays(np.float64, 52, elements=st.floats(0, 1, width=32))
LIMITS = st.sampled_from([0.0, 0.5, 3.0])
CALIBRATIONS = st.sampled_from([LEARNT, NARROW])


@settings(deadline=None)
@given(CALIBRATIONS, LIMITS, COEFFICIENTS)
def test_inside_what_was_seen_nothing_changes(learnt: Calibration, limit: float, share: np.ndarray) -> None:
    inside = learnt.low + (learnt.high - learnt.low) * share
    mean = learnt.combinations.mean
    distance = float(learnt.distance(inside))
    if distance > learnt.reach:
        inside[TOGETHER] = mean + (inside[TOGETHER] - mean) * (learnt.reach / distance * 0.999)
    given_ = np.clip(inside, learnt.low, learnt.high).astype(np.float32)
    np.testing.assert_allclose(ExpressionLimit(learnt, limit)(given_), given_, atol=1e-6)


@settings(deadline=None)
@given(CALIBRATIONS, LIMITS, COEFFICIENTS)
def test_outside_it_ends_within_the_limit(learnt: Calibration, limit: float, arkit: np.ndarray) -> None:
    result = ExpressionLimit(learnt, limit)(arkit.astype(np.float32))
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert learnt.distance(result) <= learnt.reach + limit + 1e-4
    others = np.setdiff1d(np.arange(52), [*TOGETHER, INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]])
    assert (result <= learnt.high + limit * learnt.deviation + 1e-6)[others].all()
    assert (result >= learnt.low - limit * learnt.deviation - 1e-6)[others].all()


@settings(deadline=None)
@given(LIMITS, COEFFICIENTS, st.integers(0, 51), st.floats(0, 1), st.floats(0, 1))
def test_a_coefficient_is_held_monotonically(
    limit: float, arkit: np.ndarray, column: int, first: float, second: float
) -> None:
    hold = ExpressionLimit(LEARNT, limit).within_range
    less, more = arkit.copy(), arkit.copy()
    less[column], more[column] = sorted((first, second))
    change = hold(more) - hold(less)
    assert change[column] >= 0
    assert change[column] <= more[column] - less[column] + 1e-12
    assert np.count_nonzero(np.delete(change, column)) == 0


@settings(deadline=None)
@given(LIMITS, COEFFICIENTS, st.floats(0, 1), st.floats(0, 1))
def test_an_expression_goes_on_along_its_ray(limit: float, arkit: np.ndarray, first: float, second: float) -> None:
    hold = ExpressionLimit(NARROW, limit).within_distance
    mean = NARROW.combinations.mean
    off = arkit[TOGETHER] - mean
    near, far = (hold(mean + t * off) - mean for t in sorted((first, second)))
    assert (np.abs(far) >= np.abs(near) - 1e-9).all()
    assert (far * off >= -1e-12).all()


@settings(deadline=None)
@given(LIMITS, COEFFICIENTS, COEFFICIENTS, st.floats(1e-6, 1))
def test_neighbours_stay_neighbours(limit: float, first: np.ndarray, other: np.ndarray, step: float) -> None:
    hold = ExpressionLimit(NARROW, limit)
    second = first + step * (other - first)
    assert (np.abs(hold.within_range(first) - hold.within_range(second)) <= np.abs(first - second) + 1e-12).all()
    mean = NARROW.combinations.mean
    before = NARROW.combinations.distance(mean + (first - second)[TOGETHER])
    after = NARROW.combinations.distance(
        mean + hold.within_distance(first[TOGETHER]) - hold.within_distance(second[TOGETHER])
    )
    assert after <= before + 1e-6


def test_more_limit_is_more_motion() -> None:
    wild = np.full(52, 0.9, np.float32)
    reached = [float(LEARNT.distance(ExpressionLimit(LEARNT, x)(wild))) for x in (0, 1, 2, 4, 8, 50)]
    assert reached == sorted(reached)
    assert reached[0] < reached[1] < reached[-1]


def test_a_coefficient_never_seen_moves_a_bit() -> None:
    learnt = calibrate(np.zeros((200, 52)))
    pucker = np.zeros(52, np.float32)
    pucker[INDEX["mouthPucker"]] = 1
    held = ExpressionLimit(learnt)(pucker)
    assert 0.25 < held[INDEX["mouthPucker"]] < 0.3
    assert np.count_nonzero(held) == 1


def test_blinks_pass_and_glances_nearly() -> None:
    seen = np.zeros((200, 52))
    seen[100:104, INDEX["eyeBlinkLeft"]] = 0.4
    limit = ExpressionLimit(calibrate(seen))
    arkit = np.zeros(52, np.float32)
    arkit[[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1
    np.testing.assert_array_equal(limit(arkit), arkit)
    glance = np.zeros(52, np.float32)
    glance[INDEX["eyeLookUpLeft"]] = 0.4
    assert limit(glance)[INDEX["eyeLookUpLeft"]] > 0.3


@pytest.mark.parametrize("limit", [-1.0, np.nan, np.inf])
def test_what_is_no_limit(limit: float) -> None:
    with pytest.raises(SettingsError, match="the expression limit must be a number of standard deviations from 0"):
        ExpressionLimit(LEARNT, limit)


@pytest.mark.shared
def test_a_talking_face_passes_and_an_extreme_one_is_held_back() -> None:
    take = read_signal(shared("livelink/alex_rom_3.csv")).arkit
    activity = take[:, TOGETHER].sum(1)
    calm, extreme = take[activity <= np.quantile(activity, 0.5)], take[activity >= np.quantile(activity, 0.95)]
    learnt = calibrate(calm[::2])
    limit = ExpressionLimit(learnt)
    assert np.abs(shown(limit, calm[::2]) - calm[::2]).max() < 0.02
    unlearnt = np.abs(shown(limit, calm[1::2]) - calm[1::2]).max(1)
    assert np.mean(unlearnt < 0.02) > 0.99
    before, after = learnt.distance(extreme), learnt.distance(shown(limit, extreme))
    assert np.median(before) > learnt.reach + 1.5 * DEFAULT_LIMIT
    assert after.max() <= learnt.reach + DEFAULT_LIMIT


def test_a_measured_gaze_is_held_as_the_coefficients_it_becomes(avatar: Avatar) -> None:
    recording = moving_signal(0.1)
    gaze = np.zeros((2, 2), np.float32)
    gaze[0, 1] = 0.4
    signal = replace(recording.frame(0), gaze=gaze)
    limit = ExpressionLimit(calibrate(np.zeros((50, 52))))
    up = look_coefficients(0.0, 0.4, left=True)[2]
    arkit = signal.arkit.copy()
    arkit[INDEX["eyeLookUpLeft"]] = up
    held = limit(arkit)
    assert held[INDEX["eyeLookUpLeft"]] < up
    expected = avatar.rig.arkit_map @ held
    np.testing.assert_allclose(retarget(signal, avatar.rig, limit).expression, expected, atol=1e-6)


class Kept:
    """A sink that keeps the pictures."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []

    def write(self, image: np.ndarray) -> None:
        self.pictures.append(image.copy())

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass


def test_playing_holds_an_avatar_to_what_it_learnt_unless_told_not_to(avatar: Avatar) -> None:
    learnt = calibrate(np.zeros((50, 52)))
    taught = replace(avatar, metadata={**avatar.metadata, "calibration": learnt.to_json()})
    recording = moving_signal(0.7)
    camera = default_camera(avatar, 48, 40)

    def film(player: Avatar, limit: float | None) -> np.ndarray:
        kept = Kept()
        play(Performer(player, limit=limit), recording, camera, [kept], (1, 1, 1))
        return np.stack(kept.pictures)

    free = film(avatar, None)
    np.testing.assert_array_equal(film(avatar, DEFAULT_LIMIT), free)
    np.testing.assert_array_equal(film(taught, None), free)
    held = film(taught, DEFAULT_LIMIT)
    assert not np.array_equal(held, free)
    at = int(np.argmax(recording.arkit[:, JAW]))
    limit = expression_limit(taught, DEFAULT_LIMIT)
    parameters = retarget(recording.frame(at), avatar.rig, limit)
    np.testing.assert_array_equal(held[at], CpuRenderer(taught).render(parameters, camera, (1, 1, 1)))


def test_an_avatar_that_was_never_calibrated_has_no_limit(avatar: Avatar) -> None:
    assert expression_limit(avatar, DEFAULT_LIMIT) is None
    wrong = replace(avatar, metadata={"calibration": {"version": 7}})
    assert expression_limit(wrong, None) is None
    with pytest.raises(AvatarFileError, match="its calibration has the version 7, expected 1"):
        expression_limit(wrong, DEFAULT_LIMIT)


def test_components_that_a_file_has_rounded_hold_back_nothing_where_they_take_too_much() -> None:
    rows = np.zeros((1, len(TOGETHER)))
    rows[0, :4] = 0.501  # 1.002 long, which a file may hold
    stored = LEARNT.to_json() | {"mean": [0.0] * len(TOGETHER), "low": [0.0] * 52, "high": [1.0] * 52, "reach": 0.0}
    stored |= {"components": rows.tolist(), "component_deviation": [10.0], "residual": 0.001}
    arkit = np.zeros(52, np.float32)
    arkit[TOGETHER[:4]] = 1
    np.testing.assert_array_equal(ExpressionLimit(Calibration.from_json(stored))(arkit), arkit)
