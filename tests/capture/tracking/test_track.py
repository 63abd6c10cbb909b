from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import Extraction
from splatavatar.capture.tracking.track import LEAP, ChosenFrames, Known, observe, window_camera
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import CaptureError
from support.faces import SPAN, good_landmarks, without


def short(count: int = 6, *lost: int) -> Landmarks:
    """The first ``count`` frames of a clip that lacks nothing but the face in the frames ``lost``."""
    landmarks = good_landmarks().part(0, count)
    for frame in lost:
        landmarks = without(landmarks, "found", slice(frame, frame + 1), False)
    return landmarks


def test_lost_frames_are_no_observations_and_link_nothing() -> None:
    seen = observe([short(6, 2)], False)
    assert seen.frame.tolist() == [0, 1, 3, 4, 5]
    assert seen.observations.linked.tolist() == [False, True, False, True, True]
    np.testing.assert_allclose(seen.time, np.array([0, 1, 3, 4, 5]) / 25)


def test_a_leap_is_not_smoothed() -> None:
    landmarks = short(6)
    points = landmarks.points.copy()
    points[3:, :, 0] += 2 * LEAP * SPAN
    seen = observe([replace(landmarks, points=points)], False)
    assert seen.observations.linked.tolist() == [False, True, True, False, True, True]


def test_clips_follow_one_another() -> None:
    seen = observe([short(3), short(4, 0)], False)
    assert seen.clip.tolist() == [0, 0, 0, 1, 1, 1]
    assert seen.frame.tolist() == [0, 1, 2, 1, 2, 3]
    assert seen.observations.linked.tolist() == [False, True, True, False, True, True]
    assert seen.observations.timestep.tolist() == list(range(6)) and not seen.lenses.free_place


def test_cameras_of_one_take_share_timesteps() -> None:
    seen = observe([short(4, 0), short(4, 0, 2)], True)
    assert seen.frame.tolist() == [1, 2, 3]
    assert seen.observations.timestep.tolist() == [0, 0, 1, 2, 2]
    assert seen.observations.camera.tolist() == [0, 1, 0, 0, 1]
    assert seen.lenses.free_place and seen.lenses.focal.shape == (2,)


def test_turns_are_without_the_scale_of_the_detector() -> None:
    landmarks = short(4)
    seen = observe([replace(landmarks, transform=landmarks.transform * 1.7)], False)
    np.testing.assert_allclose(seen.observations.rotation, landmarks.transform[:, :3, :3].astype(np.float64), atol=1e-6)


def extraction(chosen: list[tuple[int, int]], synchronised: bool = False) -> Extraction:
    clips: list[dict[str, Any]] = [{"width": 640, "height": 480}] * 2
    return Extraction(clips, synchronised, [0, 0], chosen, [Crop(100, 50, 300, 150)] * len(chosen), 0.44)


def test_pictures_without_a_face_are_left_out() -> None:
    seen = observe([short(4, 2)], False)
    pictures = ChosenFrames.of(extraction([(0, 1), (0, 2), (0, 3)]), seen, seen.lenses)
    assert pictures.names == ["images/00_00001.png", "images/00_00003.png"]
    assert pictures.step.tolist() == [1, 2]
    with pytest.raises(CaptureError, match=r"^the face was lost in every chosen frame; film with the face in view$"):
        ChosenFrames.of(extraction([(0, 2)]), seen, seen.lenses)


def test_the_camera_of_a_window_sees_what_the_frame_shows_there() -> None:
    seen = observe([short(2)], False)
    whole = window_camera(seen.lenses, 0, Crop(0, 0, 480, 480))
    part = window_camera(seen.lenses, 0, Crop(100, 50, 300, 150))
    point = np.array([0.05, -0.02, 0.7])
    (x, y, w), (u, v, q) = whole.K @ point, part.K @ point
    np.testing.assert_allclose([u / q, v / q], [(x / w - 100) / 2, (y / w - 50) / 2])


FOOTAGE = {
    "window": {"size": 300},
    "tracking": {"focal": [700.0], "T_camera_rig": [np.eye(4).tolist()], "habits": [[0.0, 0.0, 0.0]]},
}


def test_what_an_avatar_remembers() -> None:
    known = Known.of(FOOTAGE, 0)
    assert (known.focal, known.window, known.habits.shape) == (700.0, 300, (1, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {"tracking": None},
        {"tracking": {**FOOTAGE["tracking"], "focal": [0.0]}},
        {"tracking": {**FOOTAGE["tracking"], "focal": ["x"]}},
        {"tracking": {**FOOTAGE["tracking"], "habits": [[0.0, 1.0]]}},
        {"tracking": {**FOOTAGE["tracking"], "T_camera_rig": [[1.0, float("nan")] * 8]}},
        {"window": {}},
    ],
)
def test_a_damaged_memory(changes: dict[str, Any]) -> None:
    with pytest.raises(CaptureError, match=r"does not remember the camera of its video; bake it again$"):
        Known.of({**FOOTAGE, **changes}, 0)
    with pytest.raises(CaptureError, match=r"bake it again$"):
        Known.of(FOOTAGE, 1)
