"""From landmarks to a signal: on faces made of points, and on a real clip."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.drive.face.landmark_signal import ARM, HEAD_SIZE, LandmarkSignal
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import rotation_matrices
from support.shared import landmark_model, shared

SPAN = 100.0
"""pixels between the outer corners of the eyes"""


def face(
    gap: float = 0.0,
    height: float = 0.28,
    look: tuple[float, float] = (0.0, 0.0),
    side: float = 0.0,
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
    about: tuple[float, float, float] = (0.0, 0.0, 0.0),
    **scores: float,
) -> Seen:
    """A face of the landmarks that are looked at. ``gap`` and ``side`` are in eye spans, ``height`` and ``look`` (to
    the subject's left, up, from straight ahead) in widths of an eye; ``turn`` is axis-angle about the neck, ``about``
    the place of the neck in metres.
    """
    points = np.zeros((478, 3))
    eye = 0.33
    for sign, outer, inner, iris, lids in (
        (1, 263, 362, 473, ((385, 380), (386, 374), (387, 373))),
        (-1, 33, 133, 468, ((160, 144), (159, 145), (158, 153))),
    ):
        points[outer], points[inner] = (sign * 0.5, 0, 0), (sign * (0.5 - eye), 0, 0)
        middle = sign * (0.5 - eye / 2)
        points[iris] = middle + eye * (sign * 0.025 + look[0]), eye * (0.083 + look[1]), 0
        for (upper, lower), x in zip(lids, (-0.1, 0, 0.1), strict=True):
            points[upper], points[lower] = (
                (middle + eye * x, eye * height / 2, 0),
                (middle + eye * x, -eye * height / 2, 0),
            )
    for (upper, lower), x in zip(((82, 87), (13, 14), (312, 317)), (-0.1, 0, 0.1), strict=True):
        points[upper], points[lower] = (side + x, -0.8 + gap / 2, 0), (side + x, -0.8 - gap / 2, 0)
    points[61], points[291] = (side - 0.3, -0.8, 0), (side + 0.3, -0.8, 0)
    rotation = rotation_matrices(np.array(turn, np.float64))
    pixels = SPAN * points @ rotation.T * (1, -1, -1) + (320, 240, 0)
    transform = np.eye(4)
    transform[:3, :3] = rotation
    transform[:3, 3] = 100 / HEAD_SIZE * (np.array(about) + rotation @ ARM) + (0, 0, -50)
    known = np.zeros(52, np.float32)
    for name, score in scores.items():
        known[INDEX[name]] = score
    return Seen(pixels.astype(np.float32), known, transform.astype(np.float32), 640, 480)


def signals(*faces: Seen, fps: float = 30.0) -> list[FaceSignal]:
    solve = LandmarkSignal()
    return [solve(seen, frame / fps) for frame, seen in enumerate(faces)]


def value(signal: FaceSignal, name: str) -> float:
    return float(signal.arkit[INDEX[name]])


def test_lips_that_touch_are_closed_whatever_the_jaw_scores() -> None:
    for score in (0.0, 0.1, 0.4):
        (signal,) = signals(face(gap=0.0, jawOpen=score))
        assert value(signal, "mouthClose") - value(signal, "jawOpen") == pytest.approx(0.027 / 0.39, abs=1e-3)


def test_lips_that_part_open_the_jaw_that_the_score_misses() -> None:
    opened = [value(signals(face(gap=gap))[0], "jawOpen") for gap in (0.0, 0.05, 0.1, 0.2, 0.3)]
    assert opened[0] == 0
    assert all(later > earlier + 0.03 for earlier, later in itertools.pairwise(opened))
    assert opened[-1] == pytest.approx((0.85 * 0.3 - 0.027) / 0.39, abs=0.01)


def test_rounded_lips_need_less_jaw() -> None:
    plain, rounded = signals(face(gap=0.15))[0], signals(face(gap=0.15, mouthFunnel=0.4))[0]
    assert value(rounded, "jawOpen") < value(plain, "jawOpen") - 0.1


def test_a_mouth_that_goes_left() -> None:
    rest = [face()] * 30
    signal = signals(*rest, face(side=0.06))[-1]
    assert value(signal, "mouthLeft") > 0.3
    assert value(signal, "mouthRight") == 0
    assert value(signals(*rest, face(side=-0.06))[-1], "mouthRight") > 0.3


def test_a_blink_closes_the_eyes_of_everybody() -> None:
    """With lids 0.24 and 0.36 of the width of the eye apart when open; the scores alone end at 0.6."""
    for opened in (0.24, 0.36):
        rest = [face(height=opened)] * 60
        half, shut = (signals(*rest, face(height=h, eyeBlinkLeft=0.6))[-1] for h in (opened / 2, 0.0))
        open_again = signals(*rest)[-1]
        assert value(open_again, "eyeBlinkLeft") == value(open_again, "eyeBlinkRight") == 0
        assert 0.35 < value(half, "eyeBlinkRight") < 0.6
        assert value(shut, "eyeBlinkLeft") > 0.98


def test_eyes_wide_open() -> None:
    assert value(signals(*[face()] * 60, face(height=0.40))[-1], "eyeWideLeft") > 0.4


def test_the_gaze_goes_where_the_irises_go() -> None:
    straight, left, up = (signals(face(look=look))[0] for look in ((0, 0), (0.15, 0), (0, 0.05)))
    np.testing.assert_allclose(straight.gaze, 0, atol=1e-3)
    np.testing.assert_allclose(left.gaze[:, 0], np.arcsin(2.6 * 0.15), atol=1e-3)
    assert (up.gaze[:, 1] > 0.1).all()
    # To the subject's left the left eye looks outwards and the right one in.
    assert value(left, "eyeLookOutLeft") > 0.3 and value(left, "eyeLookInRight") > 0.3
    assert value(left, "eyeLookInLeft") == value(left, "eyeLookOutRight") == 0
    assert value(up, "eyeLookUpLeft") > 0.2 and value(up, "eyeLookDownLeft") == 0


def test_closed_lids_leave_the_gaze() -> None:
    looked, blinked = signals(*[face(look=(0.1, 0))] * 30, face(look=(-0.1, -0.2), height=0.02))[-2:]
    np.testing.assert_allclose(blinked.gaze, looked.gaze, atol=1e-6)


def test_a_turned_face_is_measured_as_from_the_front() -> None:
    """The gaze is the eyes' own, and a mouth is as open, whatever the head does."""
    front, turned = (signals(face(gap=0.2, look=(0.1, 0.02), turn=turn))[0] for turn in ((0, 0, 0), (0.2, 0.3, -0.2)))
    np.testing.assert_allclose(turned.gaze, front.gaze, atol=1e-3)
    np.testing.assert_allclose(turned.arkit, front.arkit, atol=0.01)
    np.testing.assert_allclose(turned.head_rotation, (0.2, 0.3, -0.2), atol=1e-5)


def test_a_face_from_the_side_keeps_the_scores() -> None:
    signal = signals(face(gap=0.3, turn=(0, 1.2, 0), jawOpen=0.2, eyeBlinkLeft=0.3))[0]
    assert value(signal, "jawOpen") == pytest.approx(0.2)
    assert value(signal, "eyeBlinkLeft") == pytest.approx(0.3)


def test_turning_about_the_neck_is_no_translation() -> None:
    rest = [face()] * 60
    np.testing.assert_allclose(signals(*rest, face(turn=(0, 0.5, 0)))[-1].head_translation[:2], 0, atol=1e-4)


def test_translation_is_metres_from_the_place_of_rest() -> None:
    rest = [face(about=(0.3, 0.1, 0.0))] * 60
    signal = signals(*rest, face(about=(0.34, 0.09, 0.0)))[-1]
    np.testing.assert_allclose(signal.head_translation, (0.04, -0.01, 0), atol=1e-4)
    np.testing.assert_allclose(signals(*rest)[-1].head_translation, 0, atol=1e-5)


def test_someone_who_comes_back_elsewhere_has_a_place_of_their_own() -> None:
    solve = LandmarkSignal()
    for frame in range(60):
        solve(face(), frame / 30)
    assert solve(None, 2.1).confidence == 0
    there = face(about=(0.2, 0, 0))
    assert abs(solve(there, 2.5).head_translation[0] - 0.2) < 1e-3
    np.testing.assert_allclose(solve(there, 6.0).head_translation, 0, atol=1e-4)


@pytest.mark.parametrize("broken", ["points", "transform", "flat", "point"])
def test_nonsense_is_nobody(broken: str) -> None:
    seen = face()
    changed = {
        "points": {"points": np.full((478, 3), np.nan, np.float32)},
        "transform": {"transform": np.full((4, 4), np.inf, np.float32)},
        "flat": {"transform": np.zeros((4, 4), np.float32)},
        "point": {"points": np.zeros((478, 3), np.float32)},
    }[broken]
    assert LandmarkSignal()(replace(seen, **changed), 0.0).confidence == 0


def test_scores_that_are_no_numbers_count_as_none() -> None:
    signal = LandmarkSignal()(replace(face(), scores=np.full(52, np.nan, np.float32)), 0.0)
    assert np.isfinite(signal.arkit).all() and signal.confidence == 1


@pytest.fixture(scope="module")
def clip() -> tuple[list[Seen], list[FaceSignal]]:
    """A man who smiles, blinks and looks to both sides."""
    from splatavatar.capture.faces.landmarks import detect
    from splatavatar.capture.video.clips import open_clips

    found = detect(open_clips([shared("videos/liveportrait-d0.mp4")])[0], landmark_model())
    seen = [
        Seen(points, scores, transform, found.width, found.height)
        for points, scores, transform in zip(found.points, found.scores, found.transform, strict=True)
    ]
    solve = LandmarkSignal()
    return seen, [solve(one, float(time)) for one, time in zip(seen, found.time, strict=True)]


@pytest.mark.shared
def test_on_a_real_clip_the_lips_follow_the_gap_better_than_the_scores(
    clip: tuple[list[Seen], list[FaceSignal]],
) -> None:
    seen, solved = clip
    gap = np.array(
        [np.linalg.norm(s.points[13] - s.points[14]) / np.linalg.norm(s.points[33] - s.points[263]) for s in seen]
    )
    opened = np.array([value(s, "jawOpen") - value(s, "mouthClose") for s in solved])
    assert np.corrcoef(gap, opened)[0, 1] > 0.96
    assert (opened[gap < 0.006] < 0).all()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft"]
)
def test_on_a_real_clip_each_channel_goes_with_its_score(clip: tuple[list[Seen], list[FaceSignal]], name: str) -> None:
    seen, solved = clip
    scores = [float(s.scores[INDEX[name]]) for s in seen]
    assert np.corrcoef(scores, [value(s, name) for s in solved])[0, 1] > 0.9


@pytest.mark.shared
def test_on_a_real_clip_blinks_close_the_eyes(clip: tuple[list[Seen], list[FaceSignal]]) -> None:
    seen, solved = clip
    assert (
        max(value(s, "eyeBlinkLeft") for s in solved) > 0.9 > max(float(s.scores[INDEX["eyeBlinkLeft"]]) for s in seen)
    )
    assert np.median([value(s, "eyeBlinkLeft") for s in solved]) < 0.05
