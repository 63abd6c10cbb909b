"""The filter: calm at rest, in time in motion, on made movements and on a real clip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splatavatar.capture.video.clips import ClipFrame, VideoClip
from splatavatar.drive.face.filter import GROUPS, FaceFilter, FilterSettings, OneEuro
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX, NAMES
from support.shared import landmark_model, shared

FRAMES = 100


def signal(time: float = 0.0, value: float = 0.0, name: str | None = None, **changes: object) -> FaceSignal:
    """``value`` in the coefficient ``name``, in all where None."""
    arkit = np.full(52, value, np.float32)
    if name is not None:
        arkit[:] = 0
        arkit[INDEX[name]] = value
    parts: dict[str, object] = {
        "head_rotation": np.zeros(3, np.float32),
        "head_translation": np.zeros(3, np.float32),
        "gaze": np.zeros((2, 2), np.float32),
        "confidence": 1.0,
    }
    return FaceSignal(time, arkit, **(parts | changes))  # type: ignore[arg-type]


def played(values: np.ndarray, name: str, fps: float) -> np.ndarray:
    smooth = FaceFilter()
    return np.array([smooth(signal(i / fps, float(v), name)).arkit[INDEX[name]] for i, v in enumerate(values)])


def rows(signals: list[FaceSignal]) -> np.ndarray:
    """(T, 62)"""
    return np.stack([np.concatenate([s.arkit, s.head_rotation, s.head_translation, s.gaze.ravel()]) for s in signals])


def test_every_coefficient_has_one_filter() -> None:
    assert sorted(np.concatenate(list(GROUPS.values())).tolist()) == list(range(len(NAMES)))


@settings(deadline=None, max_examples=25)
@given(arrays(np.float32, 62, elements=st.floats(0, 1, width=32)), st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_constant_stays_what_it_is(values: np.ndarray, steps: list[float]) -> None:
    smooth = FaceFilter()
    for time in itertools.accumulate(steps):
        constant = FaceSignal(time, values[:52], values[52:55], values[55:58], values[58:].reshape(2, 2), 1.0)
        np.testing.assert_allclose(rows([smooth(constant)])[0], values, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.lists(arrays(np.float32, 52, elements=st.floats(0, 1, width=32)), min_size=2, max_size=12), st.floats(1, 200))
def test_what_comes_out_lies_within_what_went_in(values: list[np.ndarray], fps: float) -> None:
    smooth = FaceFilter()
    for i, row in enumerate(values):
        filtered = smooth(FaceSignal(i / fps, row, np.zeros(3), np.zeros(3), np.zeros((2, 2)), 1.0)).arkit
        seen = np.array(values[: i + 1])
        assert (filtered >= seen.min(0) - 1e-6).all() and (filtered <= seen.max(0) + 1e-6).all()


@pytest.mark.parametrize("fps", [30.0, 60.0])
@pytest.mark.parametrize("name", ["jawOpen", "mouthClose", "mouthPressLeft", "eyeBlinkLeft"])
def test_what_takes_two_frames_keeps_its_amplitude(name: str, fps: float) -> None:
    """Two frames of a camera of 30 FPS, at the rate of the camera and drawn twice as often."""
    frames = round(2 * fps / 30)
    way = np.linspace(0, 1, frames + 1)
    pulse = np.concatenate([np.zeros(20), way, way[-2::-1], np.zeros(20)])
    for height in (0.4, 1.0):
        assert played(height * pulse, name, fps).max() >= 0.9 * height
        # Lips that were open close and open again.
        assert 1 - played(1 - height * pulse, name, fps).min() >= 0.9 * height


def test_noise_at_rest_is_more_than_halved() -> None:
    rng = np.random.default_rng(0)
    for name in NAMES:
        noisy = np.clip(0.5 + 0.004 * rng.standard_normal(200), 0, 1)
        calm = played(noisy, name, 30.0)
        assert np.diff(calm, 2)[20:].std() < 0.5 * np.diff(noisy, 2)[20:].std(), name


def test_a_head_that_moves_along_a_line_stays_on_it() -> None:
    smooth, way = FaceFilter(), np.array([0.1, 0.4, -0.2], np.float32)
    for i in range(30):
        turned = smooth(signal(i / 30, head_rotation=way * np.float32(np.sin(i / 5)))).head_rotation
        assert np.linalg.norm(np.cross(turned, way)) < 1e-6


def test_a_value_that_is_no_number_is_the_last_good_one() -> None:
    smooth = FaceFilter()
    smooth(signal(0.0, 0.6))
    broken = signal(1 / 30, np.nan, head_rotation=np.array([np.nan, 0.5, np.inf], np.float32))
    for i in range(1, 40):
        filtered = smooth(FaceSignal(i / 30, *list(broken.__dict__.values())[1:]))
        np.testing.assert_allclose(filtered.arkit, 0.6, atol=1e-6)
    np.testing.assert_allclose(filtered.head_rotation, (0, 0.5, 0), atol=0.02)


def test_a_first_signal_that_is_no_number_is_neutral() -> None:
    assert (FaceFilter()(signal(0.0, np.nan)).arkit == 0).all()


def test_a_clock_that_goes_back_starts_anew() -> None:
    smooth = FaceFilter()
    smooth(signal(100.0, 0.2))
    assert smooth(signal(3.0, 0.9)).arkit[0] == np.float32(0.9)
    # And goes on from there.
    assert 0.1 < smooth(signal(3.0 + 1 / 30, 0.1)).arkit[INDEX["browInnerUp"]] < 0.9


def test_a_time_that_stands_leaves_what_there_was() -> None:
    smooth = FaceFilter()
    smooth(signal(1.0, 0.2))
    assert smooth(signal(1.0, 0.9)).arkit[0] == np.float32(0.2)
    assert smooth(signal(np.nan, 0.9)).arkit[0] == np.float32(0.9)


def test_the_same_signal_comes_nearer_as_time_goes_on() -> None:
    smooth = FaceFilter()
    smooth(signal(0.0, 0.0), 0.0)
    seen = [smooth(signal(0.0, 0.5), i / 60).arkit[INDEX["browInnerUp"]] for i in range(1, 20)]
    assert all(a < b for a, b in itertools.pairwise(seen))


def test_no_gaze_stays_none_and_one_that_comes_does_not_swing_in() -> None:
    smooth, gaze = FaceFilter(), np.full((2, 2), 0.3, np.float32)
    assert not smooth(signal(0.0)).gaze.any()
    np.testing.assert_array_equal(smooth(signal(1 / 30, gaze=gaze)).gaze, gaze)
    assert not smooth(signal(2 / 30)).gaze.any()


def test_parameters_reach_their_group_alone() -> None:
    stiff = FaceFilter(FilterSettings(brows=OneEuro(0.001, 0.0, 1.0)))
    stiff(signal(0.0, 0.0))
    filtered = stiff(signal(1 / 30, 1.0)).arkit
    assert (filtered[GROUPS["brows"]] < 0.001).all()
    assert (np.delete(filtered, GROUPS["brows"]) > 0.3).all()


class FirstFrames:
    """The start of a clip."""

    def __init__(self, path: Path) -> None:
        self._clip = VideoClip(path)
        self.info = self._clip.info

    def frames(self, indices: object = None) -> Iterator[ClipFrame]:
        return itertools.islice(self._clip.frames(), FRAMES)


@pytest.fixture(scope="module")
def clip() -> SimpleNamespace:
    """``before`` and ``after`` (T, 62): a man who opens his mouth wide and blinks."""
    from splatavatar.capture.faces.landmarks import detect

    found = detect(FirstFrames(shared("videos/liveportrait-d18.mp4")), landmark_model())
    solve, smooth = LandmarkSignal(), FaceFilter()
    frames = zip(found.points, found.scores, found.transform, found.time, strict=True)
    before = [solve(Seen(p, s, t, found.width, found.height), float(time)) for p, s, t, time in frames]
    return SimpleNamespace(before=rows(before), after=rows([smooth(s) for s in before]))


def at_rest(values: np.ndarray) -> np.ndarray:
    """(T - 2) where the values of the 13 frames about are all within a twentieth of their range."""
    window = np.lib.stride_tricks.sliding_window_view(np.pad(values, 6, mode="edge"), 13)
    spread = window.max(1) - window.min(1)
    return (spread <= max(0.15 * np.ptp(values), np.quantile(spread, 0.1)))[1:-1]


def lag(before: np.ndarray, after: np.ndarray) -> float:
    """Frames by which ``after`` is late: the peak of the cross-correlation of their movements, by a parabola."""
    a, b, most = np.diff(before), np.diff(after), 4
    middle = slice(most, len(a) - most)
    way = np.array([a[middle] @ b[most + k : len(b) - most + k] for k in range(-most, most + 1)])
    k = int(np.clip(way.argmax(), 1, 2 * most - 1))
    return float(k - most + (way[k - 1] - way[k + 1]) / (2 * (way[k - 1] - 2 * way[k] + way[k + 1])))


BLINK, JAW = INDEX["eyeBlinkLeft"], INDEX["jawOpen"]


@pytest.mark.shared
@pytest.mark.parametrize(
    "column",
    [INDEX[n] for n in ("eyeBlinkLeft", "browInnerUp", "browDownLeft", "eyeSquintLeft", "mouthSmileLeft", "jawOpen")]
    + list(range(52, 58)),
)
def test_on_a_real_clip_the_jitter_at_rest_is_halved(clip: SimpleNamespace, column: int) -> None:
    before, after = clip.before[:, column], clip.after[:, column]
    rest = at_rest(before)
    if np.diff(before, 2)[rest].std() < 1e-5:
        pytest.skip("this channel does not move in the clip")
    assert np.diff(after, 2)[rest].std() <= 0.5 * np.diff(before, 2)[rest].std()


@pytest.mark.shared
def test_on_a_real_clip_nothing_is_late(clip: SimpleNamespace) -> None:
    for column in (BLINK, JAW):
        assert lag(clip.before[:, column], clip.after[:, column]) < 0.5
    for column in (52, 53, 54, 55, 56, 57):
        assert lag(clip.before[:, column], clip.after[:, column]) < 1.0


@pytest.mark.shared
def test_on_a_real_clip_the_extremes_stay(clip: SimpleNamespace) -> None:
    for column in (BLINK, JAW):
        assert np.ptp(clip.after[:, column]) > 0.9 * np.ptp(clip.before[:, column])
