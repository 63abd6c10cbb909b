"""What is measured of a person's expressions, and what a file may claim of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.calibration import Calibration, measure
from splatavatar.avatar.combinations import PRIOR, TOGETHER
from splatavatar.avatar.describe import as_text, describe
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.container import canonical_json, read_container, write_container
from splatavatar.avatar.format.digest import digest
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.errors import AvatarFileError, CaptureError, RigError
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll, yaw_pitch_roll

JAW, SMILE, BROW, BLINK = (INDEX[name] for name in ("jawOpen", "mouthSmileLeft", "browDownLeft", "eyeBlinkLeft"))


def talking(rng: np.random.Generator, frames: int = 240) -> np.ndarray:
    """(T, 52): a face that rests on a frown of 0.3 between words of half a second, with two blinks."""
    seen = np.zeros((frames, 52))
    seen[:, BROW] = 0.3
    time = np.arange(frames) / 30
    word = np.clip(np.sin(2 * np.pi * time), 0, 1)
    seen[:, JAW] = 0.5 * word
    seen[:, SMILE] = 0.4 * word * (time > 4)
    seen[[50, 51, 52, 150, 151, 152], BLINK] = 0.9
    return np.clip(seen + rng.normal(0, 0.01, seen.shape), 0, 1)


def calibrate(seen: np.ndarray) -> Calibration:
    return measure(seen, np.zeros((len(seen), 3)), NAMES)


@pytest.fixture
def stored(rng: np.random.Generator) -> dict[str, Any]:
    """A calibration as a file holds it."""
    stored: dict[str, Any] = json.loads(canonical_json(calibrate(talking(rng)).to_json()))
    return stored


def test_the_rest_is_that_between_words_and_not_the_mean(rng: np.random.Generator) -> None:
    seen = talking(rng)
    neutral = calibrate(seen).neutral
    assert seen[:, JAW].mean() > 0.14
    assert neutral[JAW] < 0.03
    assert neutral[BROW] == pytest.approx(0.3, abs=0.02)
    assert neutral[BLINK] < 0.03


def test_the_range_holds_rare_events_and_drops_the_slips_of_a_tracker(rng: np.random.Generator) -> None:
    seen = talking(rng)
    seen[7, INDEX["jawLeft"]] = 1.0
    seen[7:9, INDEX["cheekPuff"]] = 1.0
    calibration = calibrate(seen)
    assert calibration.high[BLINK] > 0.85
    assert calibration.high[INDEX["jawLeft"]] < 0.05
    assert calibration.high[INDEX["cheekPuff"]] < 0.05
    assert calibration.high[JAW] == pytest.approx(0.5, abs=0.04)
    assert calibration.low[BROW] > 0.25


def test_of_a_few_unrelated_expressions_each_one_counts() -> None:
    seen = np.eye(52)[:26] * 0.8
    calibration = calibrate(seen)
    np.testing.assert_allclose(calibration.high[:26], 0.8)
    np.testing.assert_array_equal(calibration.neutral, 0)
    assert (calibration.distance(seen) <= calibration.reach).all()


def test_the_distance_is_that_of_the_covariance(rng: np.random.Generator) -> None:
    # Five directions of motion are fewer than the components, so nothing is averaged away.
    seen = np.zeros((400, 52))
    seen[:, TOGETHER] = 0.5 + rng.normal(0, 0.08, (400, 5)) @ rng.normal(0, 0.4, (5, len(TOGETHER)))
    seen = np.clip(seen, 0, 1)
    calibration = calibrate(seen)
    kept = calibration.combinations
    given_, mean = seen[:, TOGETHER], seen[:, TOGETHER].mean(0)
    covariance = np.cov(given_.T, bias=True) + PRIOR**2 * np.eye(len(TOGETHER))
    expected = np.sqrt(np.einsum("ti,ij,tj->t", given_ - mean, np.linalg.inv(covariance), given_ - mean))
    np.testing.assert_allclose(calibration.distance(seen), expected, rtol=2e-2)
    assert kept.residual == pytest.approx(PRIOR, rel=1e-2)


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 26])
def test_few_frames_make_no_tight_model(frames: int, rng: np.random.Generator) -> None:
    seen = talking(rng)[:frames]
    calibration = calibrate(seen)
    assert calibration.deviation.min() >= PRIOR
    assert calibration.combinations.residual >= PRIOR
    assert calibration.reach >= np.sqrt(len(TOGETHER))
    raised = np.array(seen[0])
    raised[SMILE] += 0.5
    assert calibration.distance(raised) < calibration.reach
    assert Calibration.from_json(calibration.to_json()).frames == frames


def test_reach_is_that_of_a_part_never_seen_before() -> None:
    seen = np.zeros((200, 52))
    seen[:, TOGETHER[::2]] = np.where(np.arange(200) < 50, 0.9, 0.0)[:, None]
    calibration = calibrate(seen)
    assert calibration.distance(seen).max() < np.sqrt(len(TOGETHER))
    assert calibration.reach > np.sqrt(len(TOGETHER))


def test_columns_are_found_by_name(rng: np.random.Generator) -> None:
    seen = talking(rng)
    order = rng.permutation(52)[:40]
    names = [NAMES[i] for i in order] + ["wrinkles"]
    shuffled = measure(np.hstack([seen[:, order], np.ones((len(seen), 1))]), np.zeros((len(seen), 3)), names)
    kept = np.zeros_like(seen)
    kept[:, order] = seen[:, order]
    straight = calibrate(kept)
    assert shuffled.to_json() == straight.to_json()


def test_frames_that_are_not_finite_are_left_out_and_others_clipped(rng: np.random.Generator) -> None:
    seen = talking(rng)
    lost = np.vstack([seen, np.full((3, 52), np.nan)])
    turned = np.zeros((len(lost), 3))
    assert measure(lost, turned, NAMES).to_json() == calibrate(seen).to_json()
    beyond = seen * 3 - 1
    assert calibrate(beyond).to_json() == calibrate(np.clip(beyond, 0, 1)).to_json()


def test_what_cannot_be_measured() -> None:
    nothing = np.full((2, 52), np.nan)
    with pytest.raises(CaptureError, match=r"none of the 2 frames has an expression"):
        measure(nothing, np.zeros((2, 3)), NAMES)
    with pytest.raises(CaptureError, match=r"shape \(2, 51\) .* expected \(T, 52\) and \(T, 3\)"):
        measure(nothing[:, :51], np.zeros((2, 3)), NAMES)
    with pytest.raises(RigError, match="none of the expressions of the rig is an ARKit coefficient"):
        measure(np.zeros((2, 1)), np.zeros((2, 3)), ["wrinkles"])


def test_head_turns(rng: np.random.Generator) -> None:
    angles = rng.uniform(-1.4, 1.4, (50, 3))
    turned = axis_angle_from_yaw_pitch_roll(*angles.T)
    np.testing.assert_allclose(yaw_pitch_roll(turned), angles, atol=1e-9)
    head = measure(np.zeros((50, 52)), turned, NAMES).head
    np.testing.assert_allclose(head, np.stack([angles.min(0), angles.max(0)], 1), atol=1e-9)


def test_json_is_short_and_comes_back(stored: dict[str, Any]) -> None:
    assert len(canonical_json(stored)) < 10_000
    again = Calibration.from_json(stored)
    assert again.to_json() == stored
    assert {field.name for field in fields(Calibration)} - {"combinations"} <= stored.keys()


DAMAGE: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "version": (("version",), 2, "its calibration has the version 2, expected 1"),
    "version bool": (("version",), True, "its calibration has the version True, expected 1"),
    "frames": (("frames",), 0, "its calibration was made of 0 frames, expected a count"),
    "frames text": (("frames",), "many", "its calibration was made of many frames, expected a count"),
    "missing": (("neutral",), None, "neutral of its calibration is not 52 numbers"),
    "short": (("low",), [0.0] * 51, "low of its calibration is not 52 numbers"),
    "text": (("high", 3), "1", "high of its calibration is not 52 numbers"),
    "bool": (("high", 3), True, "high of its calibration is not 52 numbers"),
    "huge": (("mean", 0), 10**400, "mean of its calibration is not 37 numbers"),
    "beyond": (("high", 3), 1.5, "high of its calibration holds a number outside 0 to 1"),
    "nan": (("neutral", 3), float("nan"), "neutral of its calibration holds a number outside 0 to 1"),
    "range": (("low", JAW), 0.99, "a range of its calibration ends before it begins"),
    "head": (("head", 0), [0.2, 0.1], "a range of its calibration ends before it begins"),
    "tight": (("residual",), 0, "residual of its calibration holds a number outside 0.001 to 10"),
    "no deviation": (("deviation", 0), 0.0, "deviation of its calibration holds a number outside 0.001 to 10"),
    "order": (("component_deviation", 0), 0.01, "a component of its calibration deviates less than the residual"),
    "slant": (("components", 0), [0.5] * 37, "the components of its calibration are not orthonormal"),
    "many": (("components",), [[0.0] * 37] * 38, "its calibration has 38 components, expected up to 37"),
    "ragged": (("components", 1), [1.0], "components of its calibration is not 12 x 37 numbers"),
    "no list": (("components",), "none", "components of its calibration is not 0 x 37 numbers"),
    "reach": (("reach",), -1, "reach of its calibration holds a number outside 0 to 10000"),
}


@pytest.mark.parametrize(("place", "value", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage(stored: dict[str, Any], place: tuple[Any, ...], value: Any, message: str) -> None:
    part: Any = stored
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(Defect) as caught:
        Calibration.from_json(stored)
    assert str(caught.value) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
WHOLE = calibrate(talking(np.random.default_rng(3))).to_json()


@settings(max_examples=200, deadline=None)
@given(data=st.data(), value=JSON)
def test_any_other_value_is_refused_or_makes_sense(data: st.DataObject, value: Any) -> None:
    stored = copy.deepcopy(WHOLE)
    key = data.draw(st.sampled_from(sorted(stored)))
    if isinstance(stored[key], list) and data.draw(st.booleans()):
        stored[key][data.draw(st.integers(0, len(stored[key]) - 1))] = value
    else:
        stored[key] = value
    try:
        calibration = Calibration.from_json(stored)
    except Defect:
        return
    assert np.isfinite(calibration.distance(np.ones(52)))
    assert calibration.to_json().keys() == WHOLE.keys()


def test_an_avatar_file_keeps_it_and_refuses_a_damaged_one(
    tmp_path: Path, make_avatar: Callable[..., Avatar], rng: np.random.Generator, stored: dict[str, Any]
) -> None:
    path = tmp_path / "face.splatavatar"
    save_avatar(path, make_avatar(rng, metadata={"calibration": stored}))
    assert load_avatar(path).metadata["calibration"] == stored
    stored["reach"] = 1e9
    with pytest.raises(
        AvatarFileError, match=r"cannot be saved as .*: reach of its calibration holds a number outside"
    ):
        save_avatar(path, make_avatar(rng, metadata={"calibration": stored}))
    # The same damage in a file that something else wrote.
    tensors, texts = read_container(path)
    texts["metadata"] = canonical_json({"calibration": stored})
    texts["sha256"] = digest(tensors, texts)
    with open(path, "wb") as file:
        write_container(file, tensors, texts)
    with pytest.raises(
        AvatarFileError, match=r"is not an intact avatar: reach of its calibration holds a number outside"
    ):
        load_avatar(path)


@pytest.mark.parametrize("calibration", [None, [], "rest", {}])
def test_an_avatar_with_something_else_there(
    tmp_path: Path, make_avatar: Callable[..., Avatar], rng: np.random.Generator, calibration: Any
) -> None:
    with pytest.raises(AvatarFileError, match="its calibration"):
        save_avatar(tmp_path / "face.splatavatar", make_avatar(rng, metadata={"calibration": calibration}))


def test_info_says_what_was_learnt(
    tmp_path: Path, make_avatar: Callable[..., Avatar], rng: np.random.Generator
) -> None:
    path = tmp_path / "face.splatavatar"
    signal = moving_signal(6.0)
    learnt = measure(signal.arkit, signal.head_rotation, NAMES).to_json()
    save_avatar(path, make_avatar(rng, metadata={"calibration": learnt}))
    facts = describe(load_avatar(path), path)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["learnt"]["frames"] == 180
    assert facts["learnt"]["yaw_degrees"] == [-20, 20]
    assert "tongueOut" in facts["learnt"]["never_moved"]
    assert "jawOpen" not in facts["learnt"]["never_moved"]
    assert any(line.split() == ["yaw_degrees", "-20,", "20"] for line in as_text(facts).splitlines())
