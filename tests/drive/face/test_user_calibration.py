"""Calibration of a user: what it learns, what it does, where it is kept."""

from __future__ import annotations

import json
import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splatavatar.drive.face.user_calibration import (
    AS_MEASURED,
    Collector,
    UserCalibration,
    calibration_path,
    collect,
    read_calibration,
    store_calibration,
    stored_calibration,
)
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

TURN = axis_angle_from_yaw_pitch_roll(0.2, 0.1, 0.0).astype(np.float32)
OTHERS = np.setdiff1d(np.arange(52), AS_MEASURED)


def user(arkit: np.ndarray, time: float = 0.0) -> FaceSignal:
    """Who looks at a screen beside the camera."""
    gaze = np.full((2, 2), 0.1, np.float32)
    return FaceSignal(time, arkit.astype(np.float32), TURN, np.array([0.1, 0, 0.2], np.float32), gaze, 1.0)


def take(rest: np.ndarray, frames: int = 60) -> list[FaceSignal]:
    """Two seconds at ``rest``, with noise and a blink."""
    rng = np.random.default_rng(0)
    signals = []
    for i in range(frames):
        arkit = np.clip(rest + 0.01 * rng.standard_normal(52), 0, 1)
        if 20 <= i < 24:
            arkit[INDEX["eyeBlinkLeft"]] = 0.9
        signals.append(user(arkit, i / 30))
    return signals


@settings(deadline=None, max_examples=30)
@given(arrays(np.float32, 52, elements=st.floats(0, 0.75, width=32)))
def test_rest_becomes_nothing_and_one_can_be_reached(rest: np.ndarray) -> None:
    calibration = collect([user(rest, i / 30) for i in range(20)])
    np.testing.assert_allclose(calibration(user(rest)).arkit[OTHERS], 0, atol=1e-6)
    np.testing.assert_allclose(calibration(user(np.ones(52))).arkit[OTHERS], 1, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.float32, 52, elements=st.floats(0, 1, width=32)),
    arrays(np.float32, 52, elements=st.floats(0, 0.25, width=32)),
)
def test_more_stays_more(values: np.ndarray, more: np.ndarray) -> None:
    calibration = collect(take(np.full(52, 0.2)))
    low, high = (
        calibration(replace(user(v), gaze=np.zeros((2, 2)))).arkit for v in (values, np.minimum(values + more, 1))
    )
    assert (high >= low - 1e-6).all() and low.min() >= 0 and high.max() <= 1


def test_head_gaze_and_place_count_from_rest() -> None:
    calibration = collect(take(np.full(52, 0.1)))
    rest = calibration(user(np.full(52, 0.1)))
    np.testing.assert_allclose(rest.head_rotation, 0, atol=1e-6)
    np.testing.assert_allclose(rest.head_translation, 0, atol=1e-6)
    np.testing.assert_allclose(rest.gaze, 0, atol=1e-6)
    # A turn further, about the axis of the rest, is that turn.
    further = calibration(replace(user(np.zeros(52)), head_rotation=TURN * 2))
    np.testing.assert_allclose(further.head_rotation, TURN, atol=1e-5)


def test_the_coefficients_of_a_measured_gaze_follow_it() -> None:
    calibration = collect(take(np.full(52, 0.1)))
    gaze = np.array([[0.4, -0.1], [0.4, -0.1]], np.float32)
    looked = calibration(replace(user(np.zeros(52)), gaze=gaze))
    for eye in range(2):
        np.testing.assert_allclose(looked.arkit[LOOK[eye]], look_coefficients(0.3, -0.2, left=eye == 0), atol=1e-5)


def test_no_gaze_stays_none() -> None:
    calibration = collect(take(np.full(52, 0.1)))
    assert not calibration(replace(user(np.zeros(52)), gaze=np.zeros((2, 2), np.float32))).gaze.any()


def test_lips_that_are_held_together_stay_so() -> None:
    rest = np.zeros(52)
    rest[INDEX["mouthClose"]] = 0.07
    assert collect(take(rest))(user(rest)).arkit[INDEX["mouthClose"]] == pytest.approx(0.07)


def test_a_blink_while_it_is_taken_does_not_count() -> None:
    assert collect(take(np.full(52, 0.1))).neutral[INDEX["eyeBlinkLeft"]] == pytest.approx(0.1, abs=0.02)


def test_a_smile_that_was_shown_says_how_far_it_reaches() -> None:
    smile = INDEX["mouthSmileLeft"]
    signals = take(np.full(52, 0.1))
    for signal in signals[40:]:
        signal.arkit[smile] = 0.7
    calibration = collect(signals)
    assert calibration.peak[smile] == pytest.approx(0.7, abs=0.01)
    assert calibration(user(np.full(52, 0.7))).arkit[smile] == pytest.approx(1.0, abs=0.02)
    assert calibration.peak[INDEX["jawOpen"]] == 1


def test_too_few_faces_are_said_in_one_sentence() -> None:
    signals = take(np.zeros(52))[:5] + [nobody(1.0)] * 55 + [user(np.full(52, np.nan))] * 20
    with pytest.raises(SignalError, match="found one in 5 of 80 frames, expected at least 10"):
        collect(signals)


def test_a_collector_takes_two_seconds() -> None:
    collector, signals = Collector(), take(np.full(52, 0.3), 61)
    done = [collector.add(signals[i // 2], i / 60) for i in range(122)]
    assert not any(done[:120]) and done[-1]
    assert collector.result().neutral[INDEX["browInnerUp"]] == pytest.approx(0.3, abs=0.02)


def test_a_collector_starts_anew_when_the_clock_goes_back_and_counts_nothing_twice() -> None:
    collector = Collector()
    collector.add(user(np.zeros(52), 100.0), 100.0)
    for i in range(100):
        assert not collector.add(user(np.zeros(52), 1.0), 1.0 + i / 60)
    with pytest.raises(SignalError, match="found one in 1 of 1 frames"):
        collector.result()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    return tmp_path


def test_it_is_kept_per_user_and_camera(cache: Path) -> None:
    calibration = collect(take(np.full(52, 0.25)))
    path = store_calibration(calibration, "ann", "webcam 0")
    assert path.parent == cache / "calibration"
    again = stored_calibration("ann", "webcam 0")
    assert again is not None
    for field in fields(UserCalibration):
        np.testing.assert_allclose(getattr(again, field.name), getattr(calibration, field.name), atol=1e-5)
    assert stored_calibration("ann", "webcam 1") is None
    assert stored_calibration("bob", "webcam 0") is None


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_names_make_a_file_name_of_their_own(name: str, camera: str) -> None:
    path = calibration_path(name, camera)
    assert path.parent.name == "calibration" and len(path.name) < 80 and path.name.isascii()
    assert path != calibration_path(name + "x", camera)


BROKEN = {
    "empty": "",
    "cut": '{"version": 1, "neu',
    "list": "[]",
    "old": '{"version": 0}',
    "names": '{"version": 1, "neutral": {"jawOpen": 0}}',
    "deep": "[" * 100_000,
    "bytes": b"\xff\xfe\x00",
}


def changed(**changes: object) -> str:
    return json.dumps(collect(take(np.full(52, 0.1))).to_json() | changes)


@pytest.mark.parametrize(
    "content",
    [
        *BROKEN.values(),
        changed(gaze=[1, 2]),
        changed(head_rotation=["a", 0, 0]),
        changed(head_translation=[float("nan"), 0, 0]),
        changed(neutral=dict.fromkeys(INDEX, 1.0)),
        changed(peak=dict.fromkeys(INDEX, 7.0)),
        changed(peak=dict.fromkeys(INDEX, "1")),
        changed(neutral=dict.fromkeys(INDEX, True)),
        changed(neutral=dict.fromkeys(INDEX, 10**400)),
        changed(head_rotation=[1e308, 0, 0]),
        changed(head_rotation=[10**400, 0, 0]),
        changed(head_translation=[1e39, 0, 0]),
        changed(head_translation=["1", 0, 0]),
        changed(head_translation={"x": 1}),
        changed(gaze=[[1e30, 0], [0, 0]]),
        changed(gaze=[[0, 0], [0, 0], []]),
        changed(version="9" * 5000),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_bad_file_is_one_sentence_and_not_lost(
    cache: Path, caplog: pytest.LogCaptureFixture, content: str | bytes
) -> None:
    path = calibration_path("ann", "webcam 0")
    path.parent.mkdir()
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=r"(not a|expected a) calibration") as error:
        read_calibration(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200 + len(str(path))
    with caplog.at_level(logging.WARNING, "splatavatar"):
        assert stored_calibration("ann", "webcam 0") is None
    assert len(caplog.records) == 1
    assert path.read_bytes() == data
    store_calibration(collect(take(np.full(52, 0.1))), "ann", "webcam 0")
    assert path.with_suffix(".json.bad").read_bytes() == data
    assert stored_calibration("ann", "webcam 0") is not None


def test_a_source_whose_name_is_no_utf8_has_a_file(cache: Path) -> None:
    name = "signal " + b"caf\xe9.csv".decode("utf-8", "surrogateescape")
    store_calibration(collect(take(np.full(52, 0.25))), "ann", name)
    assert stored_calibration("ann", name) is not None


def test_a_link_that_leads_to_itself_is_set_aside(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = calibration_path("ann", "webcam 0")
    path.parent.mkdir()
    path.symlink_to(path)
    assert stored_calibration("ann", "webcam 0") is None and "leads back to itself" in caplog.text
    store_calibration(collect(take(np.full(52, 0.25))), "ann", "webcam 0")
    assert stored_calibration("ann", "webcam 0") is not None
