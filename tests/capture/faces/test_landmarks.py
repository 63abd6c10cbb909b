from __future__ import annotations

import tracemalloc
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture.faces.landmarks import FACES, Landmarks, detect, detect_pictures, follow
from splatavatar.capture.faces.shoulders import shows_shoulders
from splatavatar.capture.video.clips import open_clips
from splatavatar.errors import CaptureError
from splatavatar.rig.arkit import INDEX
from support.faces import FRAMES, SPAN, good_landmarks, without
from support.footage import write_video
from support.people import portrait
from support.shared import landmark_model


def face(x: float, size: float = 100.0) -> dict[str, Any]:
    """A face with its middle at (``x``, 0)."""
    corners = np.array([[-1, -1, 0], [1, 1, 0]], np.float32) * size / 2
    return {"points": corners + np.array([x, 0, 0], np.float32)}


def places(rows: list[dict[str, Any] | None]) -> list[float | None]:
    return [None if row is None else float(row["points"][:, 0].mean()) for row in rows]


def test_one_face_that_comes_and_goes() -> None:
    seen = [[face(0)], [], [face(20)], [face(500)], []]
    assert places(follow(seen, None)) == [0, None, 20, 500, None]


def test_passers_by_are_not_taken_for_the_person() -> None:
    seen = [[face(0)], [face(300), face(5)], [face(10), face(310)], [face(320)], [face(15)]]
    # In the frame in which the person is hidden the other one is not the person.
    assert places(follow(seen, None)) == [0, 5, 10, None, 15]


def test_the_order_in_which_faces_are_found_does_not_matter() -> None:
    seen = [[face(0), face(300)], [face(310), face(10)], [face(20), face(320)], [face(330), face(30)]]
    assert places(follow(seen, 1)) == [0, 10, 20, 30]
    assert places(follow(seen, 2)) == [300, 310, 320, 330]


def test_the_chosen_face_is_counted_where_most_are_seen() -> None:
    seen = [[face(300)], [face(300), face(0)], [face(0)], []]
    assert places(follow(seen, 1)) == [None, 0, 0, None]
    assert places(follow(seen, 2)) == [300, 300, None, None]


def test_a_face_of_another_size_is_another_face() -> None:
    """A photograph behind the person."""
    seen = [[face(0, 100), face(40, 30)], [face(40, 30)], [face(0, 100), face(40, 30)]]
    assert places(follow(seen, 1)) == [0, None, 0]


def test_eye_spans_are_those_of_the_face_seen_from_the_front() -> None:
    np.testing.assert_allclose(good_landmarks().eye_spans, SPAN, rtol=1e-5)


def test_what_needs_a_few_landmarks_takes_no_memory_for_all() -> None:
    """Those of a film of half an hour are 300 MB, and three times as much as numbers of 64 bits beside."""
    landmarks = without(good_landmarks(), "found", slice(0, 10), False)
    wanted = landmarks.points[10:, [152, 33]].astype(np.float64)
    np.testing.assert_array_equal(landmarks.of(152, 33), wanted)
    names = [field.name for field in fields(Landmarks) if field.name not in ("width", "height")]
    landmarks = replace(landmarks, **{name: np.concatenate([getattr(landmarks, name)] * 20) for name in names})
    for ask in (lambda: landmarks.eye_spans, lambda: shows_shoulders([landmarks])):
        tracemalloc.start()
        try:
            ask()
            assert tracemalloc.get_traced_memory()[1] < landmarks.points.nbytes / 4
        finally:
            tracemalloc.stop()


def test_a_part_has_the_frames_of_the_part() -> None:
    whole = without(good_landmarks(), "found", slice(5, 8), False)
    part = whole.part(4, 10)
    assert part.found.tolist() == [True, False, False, False, True, True]
    for field in fields(Landmarks):
        if field.name not in ("width", "height"):
            np.testing.assert_array_equal(getattr(part, field.name), getattr(whole, field.name)[4:10])
    assert (part.width, part.height) == (whole.width, whole.height)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = without(good_landmarks(), "points", slice(0, 3), np.nan)
    saved.save(tmp_path / "l.npz")
    loaded = Landmarks.load(tmp_path / "l.npz")
    for field in fields(Landmarks):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(saved, field.name))
    assert type(loaded.width) is int


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    """Whatever is changed in a file: it is refused with the one sentence, or what is read is what was saved."""
    path = tmp_path / "l.npz"
    saved = good_landmarks().part(0, 3)
    saved.save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(150):
        content = bytearray(whole)
        if trial % 3 == 0:
            content = content[: rng.integers(0, len(content))]
        else:
            for at in rng.integers(0, len(content), 1 + trial % 5):
                content[at] ^= 1 << rng.integers(0, 8)
        path.write_bytes(content)
        try:
            loaded = Landmarks.load(path)
        except CaptureError as error:
            assert str(error) == f"{path}: not the landmarks of a clip; extract the video again"
            refused += 1
        else:
            np.testing.assert_array_equal(loaded.points, saved.points)
    assert refused > 120
    with pytest.raises(CaptureError):
        Landmarks.load(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    "changes",
    [{"points": np.zeros((FRAMES, 68, 3))}, {"scores": np.zeros((3, 52))}, {"found": np.zeros((FRAMES, 2), bool)}],
)
def test_arrays_of_other_shapes_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    landmarks = good_landmarks()
    arrays = {field.name: getattr(landmarks, field.name) for field in fields(Landmarks)} | changes
    np.savez(tmp_path / "l.npz", **arrays)
    with pytest.raises(CaptureError, match="not the landmarks of a clip"):
        Landmarks.load(tmp_path / "l.npz")


@pytest.mark.shared
def test_a_real_face(tmp_path: Path) -> None:
    """Its eyes lie where they are in the picture, its mouth opens when the score says so, and the time is known."""
    video = write_video(tmp_path / "v.mp4", portrait(), fps=30)
    (clip,) = open_clips([video])
    told: list[float] = []
    landmarks = detect(clip, landmark_model(), None, told.append)
    assert told == sorted(told) and told[-1] == 1.0
    assert landmarks.found.all() and (landmarks.faces == 1).all()
    assert (landmarks.width, landmarks.height) == (480, 480)
    np.testing.assert_allclose(landmarks.time, np.arange(72) / 30, atol=1e-3)
    points = landmarks.points
    right, left, mouth = points[:, 468, :2], points[:, 473, :2], points[:, [13, 14], :2].mean(1)
    # The right eye of a person is on the left of the picture.
    assert (right[:, 0] < mouth[:, 0]).all() and (mouth[:, 0] < left[:, 0]).all()
    assert (mouth[:, 1] > right[:, 1]).all()
    # Pupils are dark against the cheeks.
    for image, row in zip(portrait()[::20], points[::20], strict=True):
        eye, cheek = (image[int(y), int(x)].mean() for x, y in (row[468, :2], row[50, :2]))
        assert eye < cheek - 30
    gap = np.linalg.norm(points[:, 13, :2] - points[:, 14, :2], axis=1)
    assert np.corrcoef(gap, landmarks.scores[:, INDEX["jawOpen"]])[0, 1] > 0.7
    forward = landmarks.transform[:, :3, 2]
    assert (forward[:, 2] / np.linalg.norm(forward, axis=1) > 0.95).all()  # she looks into the camera
    np.testing.assert_allclose(landmarks.brightness, 0.5, atol=0.25)


@pytest.mark.shared
def test_the_choice_of_a_face(tmp_path: Path) -> None:
    """The right half shows the same, mirrored."""
    frames = [np.concatenate([f[::2, ::2], f[::2, ::-2]], 1) for f in portrait()[:30:2]]
    video = write_video(tmp_path / "v.mkv", frames, fps=15)
    (clip,) = open_clips([video])
    one, two = (detect(clip, landmark_model(), number) for number in (1, 2))
    assert one.found.all() and two.found.all() and (one.faces == 2).all()
    assert one.points[:, :, 0].max() < 240 < two.points[:, :, 0].min()
    nose = np.stack([480 - one.points[:, 1, 0], one.points[:, 1, 1]], 1)
    np.testing.assert_allclose(two.points[:, 1, :2], nose, atol=4)
    with pytest.raises(CaptureError, match=r"more than one face in 15 of its 15 frames; say which one with --face N"):
        detect(clip, landmark_model())
    assert FACES == 2


@pytest.mark.shared
def test_pictures_one_by_one() -> None:
    image = portrait()[0]
    empty = np.full_like(image, 127)
    rows = list(detect_pictures([image, empty, image], landmark_model()))
    assert rows[1] is None and rows[0] is not None and rows[2] is not None
    np.testing.assert_array_equal(rows[0]["points"], rows[2]["points"])
    assert rows[0]["points"].shape == (478, 3) and rows[0]["transform"].shape == (4, 4)
