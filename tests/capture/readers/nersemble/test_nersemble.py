"""NeRSemble: points of the head fall on the pixels of its pictures, in every layout, and so does FLAME."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.readers.nersemble import nersemble, sequence
from splatavatar.capture.readers.nersemble.folders import find_places
from splatavatar.errors import CaptureError, RigError
from support.flame_like import FlameLike, check_pixels, projected
from support.footage import write_video
from support.nersemble import (
    HEIGHT,
    SERIALS,
    WIDTH,
    benchmark,
    camera_params,
    intrinsics,
    poses,
    tracked_rows,
    version_1,
    version_2,
    world_points,
)

MODEL = FlameLike()


def check_world(capture: Capture, timesteps: tuple[int, ...], bright: int) -> None:
    """Points of the world lie on the dots of the pictures, which are ``bright`` by the correction of their colours."""
    for frame in capture.frames:
        picture, camera = load_frame(frame)[0], frame.camera
        pixels = projected(world_points(timesteps[frame.timestep]), camera.T_camera_world, camera.K)
        x, y = (
            np.floor(pixels[((pixels > 3) & (pixels < np.array([camera.width, camera.height]) - 3)).all(1)])
            .astype(int)
            .T
        )
        assert len(x) > 40
        assert np.median(picture[y, x]) == pytest.approx(bright, abs=6)
        assert picture[y, x].min() > bright - 90 and picture.mean() < 60


def test_version_1(tmp_path: Path) -> None:
    capture = read_capture(version_1(tmp_path))
    assert capture.recognised.startswith("nersemble: camera_params.json and pictures called cam_ (")
    assert [(frame.camera_index, frame.timestep) for frame in capture.frames] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert capture.frames[0].name == f"images/cam_{SERIALS[0]}_00004"
    # White is 0.8 or 0.9 and some; the shift is of what is black, too.
    first = Capture(capture.root, capture.frames[:2], {}, None)
    check_world(first, (4, 8), round(255 * 0.83))
    check_world(Capture(capture.root, capture.frames[2:], {}, None), (4, 8), round(255 * 0.93))
    np.testing.assert_allclose(load_frame(capture.frames[0])[0][0, 0], [5, 8, 10], atol=2)
    assert all(frame.mask is not None for frame in capture.frames)
    assert len(capture.descriptions) == 3


def test_all_sequences_of_a_person_of_version_1(tmp_path: Path) -> None:
    version_1(tmp_path, "EXP-2-eyes")
    capture = read_capture(version_1(tmp_path, "EMO-1-shout").parent)
    assert [frame.timestep for frame in capture.frames] == [0, 1, 0, 1, 2, 3, 2, 3]
    assert capture.frames[0].name.startswith("EMO-1-shout/images/cam_")
    check_world(Capture(capture.root, capture.frames[:2], {}, None), (4, 8, 4, 8), round(255 * 0.83))


def test_version_2(tmp_path: Path) -> None:
    root = version_2(tmp_path / "240")
    capture = read_capture(root)
    names = [frame.name for frame in capture.frames]
    assert names[0] == f"sequences/EXP-1-head/images/cam_{SERIALS[0]}_00000" and len(set(names)) == 16
    assert [frame.timestep for frame in capture.frames] == [*range(4)] * 2 + [*range(4, 8)] * 2
    # 0.9 of the light, as sRGB has it.
    check_world(capture, (0, 1, 2, 3) * 2, round(255 * (1.055 * 0.9 ** (1 / 2.4) - 0.055)))
    one = read_capture(root / "sequences" / "EXP-10-x")
    assert len(one.frames) == 8 and one.frames[0].name == f"images/cam_{SERIALS[0]}_00000"
    check_world(one, (0, 1, 2, 3), 243)


def test_large_films_are_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "SIDE", 80)
    capture = read_capture(version_2(tmp_path / "240", ("EXP-1-head",)))
    camera = capture.frames[0].camera
    assert (camera.width, camera.height) == (WIDTH // 2, HEIGHT // 2)
    assert camera.K[0, 0] == pytest.approx(6000 * WIDTH / 2200 / 2)
    assert load_frame(capture.frames[0])[0].shape == (HEIGHT // 2, WIDTH // 2, 3)


def test_cameras_of_large_films_of_a_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the benchmark of novel views have 1100x1604 pixels, and a matrix each that is for just these."""
    root = version_2(tmp_path / "388", ("GLASSES",))
    K = np.diag([WIDTH / 2200, HEIGHT / 3208, 1]) @ intrinsics()
    camera_params(root / "calibration" / "camera_params.json", {serial: K.tolist() for serial in SERIALS})
    np.testing.assert_allclose(read_capture(root).frames[0].camera.K, K)
    monkeypatch.setattr(sequence, "SIDE", 80)
    camera = read_capture(root).frames[0].camera
    assert (camera.width, camera.height) == (WIDTH // 2, HEIGHT // 2)
    np.testing.assert_allclose(camera.K, np.diag([0.5, 0.5, 1]) @ K)


def test_long_sequences_are_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nersemble, "PIXELS", 8 * WIDTH * HEIGHT)
    capture = read_capture(version_2(tmp_path / "240"))
    assert len(capture.frames) == 8 and "4 of 8 timesteps are read" in caplog.text
    check_world(capture, (0, 2, 0, 2), 243)


def test_the_benchmark(tmp_path: Path) -> None:
    capture = read_capture(benchmark(tmp_path / "461"))
    check_pixels(capture, MODEL)
    parameters = capture.rig_parameters
    assert parameters is not None and (parameters.rig, parameters.tracker) == ("flame", "nersemble")
    assert list(parameters.joint_rotations) == ["neck", "jaw", "left_eye", "right_eye"]
    assert parameters.translation is None
    frame = capture.frames[0]
    assert load_frame(frame)[1].min() >= 254
    # In the world of the cameras the same points are where the benchmark puts them.
    seen = projected(MODEL.of(parameters, 1), capture.frames[1].camera.T_camera_world, frame.camera.K)
    K = np.array([[300.0, 0, 60.0], [0, 300.0, 66.0], [0, 0, 1]])
    np.testing.assert_allclose(seen, projected(world_points(1), poses()[SERIALS[1]], K), atol=2e-3)


def test_trackings_of_some_frames_and_of_some_sequences(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = benchmark(tmp_path / "461")
    path = root / "sequences" / "EXP-1-head" / "tracking" / "flame2023_tracking_v2.npz"
    rows = {name: values[[0, 2]] if len(values) == 3 else values for name, values in tracked_rows(3).items()}
    np.savez(path, **rows)  # type: ignore[arg-type]
    capture = read_capture(root)
    assert [frame.name[-5:] for frame in capture.frames] == ["00000", "00002"]
    check_pixels(capture, MODEL)
    path.rename(path.with_name("flame2023_tracking.npz"))
    assert read_capture(root).rig_parameters is not None  # version 1 of it
    benchmark(tmp_path / "461", sequence="EXP-2-eyes")
    (root / "sequences" / "EXP-2-eyes" / "tracking" / "flame2023_tracking_v2.npz").unlink()
    assert read_capture(root).rig_parameters is None
    assert "FLAME of 1 of 2 sequences; it is left out" in caplog.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"jaw": None}, "no array 'jaw', expected a tracking of NeRSemble's benchmark"),
        ({"jaw": np.zeros((2, 3))}, "jaw is of the shape 2x3, expected 3x3"),
        ({"rotation": np.full((3, 3), np.nan)}, "rotation holds values that are not finite"),
        ({"scale": np.zeros((1, 1))}, "scale is 0, expected about 1"),
        ({"expression": np.array(["a"])}, "expression holds <U1, expected numbers"),
        ({name: np.zeros((2, n)) for name, n in (("expression", 100), ("eyes", 6))}, "rotation is of the shape 3x3"),
    ],
)
def test_trackings_that_make_no_sense(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    root = benchmark(tmp_path / "461")
    path = root / "sequences" / "EXP-1-head" / "tracking" / "flame2023_tracking_v2.npz"
    arrays = {name: values for name, values in (tracked_rows(3) | changes).items() if values is not None}
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with pytest.raises(RigError) as caught:
        read_capture(root)
    assert str(caught.value).startswith(f"{path}: {expected}")


@pytest.mark.parametrize(
    ("frames", "expected"), [(None, "2 timesteps, the films have 3 frames"), ([0, 7], "frames names")]
)
def test_trackings_of_other_films(tmp_path: Path, frames: Any, expected: str) -> None:
    root = benchmark(tmp_path / "461")
    path = root / "sequences" / "EXP-1-head" / "tracking" / "flame2023_tracking_v2.npz"
    arrays = tracked_rows(2)
    del arrays["frames"]
    np.savez(path, **arrays, **({} if frames is None else {"frames": np.array(frames)}))  # type: ignore[arg-type]
    with pytest.raises(RigError, match=expected):
        read_capture(root)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"world_2_cam": []}, "no world_2_cam, expected a matrix of each camera by its serial number"),
        ({"world_2_cam": {"a": 1}}, "camera a: world_2_cam is no 4x4 matrix of numbers"),
        ({"world_2_cam": {"a": np.full((4, 4), np.nan).tolist()}}, "camera a: world_2_cam holds values that are not"),
        ({"world_2_cam": {"a": np.diag([2.0, 2, 2, 1]).tolist()}}, "camera a: world_2_cam is no rotation"),
        ({"world_2_cam": {"a": np.diag([1.0, 1, -1, 1]).tolist()}}, "camera a: world_2_cam mirrors"),
        ({"world_2_cam": {"a": (2 * np.eye(4)).tolist()}}, "camera a: the last row of world_2_cam is not 0 0 0 1"),
        ({"world_2_cam": {"a": np.eye(4).tolist()}}, f"no camera {SERIALS[1]}, of which"),
        ({"intrinsics": None}, f"camera {SERIALS[0]}: intrinsics is no 3x3 matrix of numbers"),
        ({"intrinsics": {}}, f"camera {SERIALS[0]}: no intrinsics"),
        ({"intrinsics": np.ones((3, 3)).tolist()}, f"camera {SERIALS[0]}: intrinsics is no matrix of a pinhole"),
        ({"intrinsics": np.eye(3).tolist()}, f"camera {SERIALS[0]}: the focal length is"),
        ({"width": 0}, "width is 0, expected a number of pixels"),
        ({"width": "wide"}, "width is 'wide', expected a number of pixels"),
        ({"height": 2200}, f"camera {SERIALS[0]}: the camera is of 2200x2200 pixels, the image cam_"),
    ],
)
def test_calibrations_that_make_no_sense(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    folder = version_1(tmp_path)
    path = tmp_path / "camera_params" / "074" / "camera_params.json"
    data = json.loads(path.read_text()) | change
    path.write_text(json.dumps(data))
    with pytest.raises(CaptureError) as caught:
        read_capture(folder)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_a_calibration_that_says_its_size(tmp_path: Path) -> None:
    folder = version_1(tmp_path)
    path = tmp_path / "camera_params" / "074" / "camera_params.json"
    before = read_capture(folder).frames[0].camera.K
    camera_params(path, (np.diag([0.5, 0.5, 1]) @ intrinsics()).tolist(), width=1100, height=1604)
    np.testing.assert_allclose(read_capture(folder).frames[0].camera.K, before)
    path.write_text("[1]")
    with pytest.raises(CaptureError, match="no world_2_cam"):
        read_capture(folder)
    path.write_text("{")
    with pytest.raises(CaptureError, match="not valid JSON"):
        read_capture(folder)


def test_colours_that_make_no_sense(tmp_path: Path) -> None:
    folder = version_1(tmp_path)
    path = tmp_path / "color_correction" / "074" / f"{SERIALS[0]}.npy"
    for matrix, expected in (
        (np.zeros((2, 4)), r"an array of the shape \(2, 4\), expected 3x4 numbers of colours"),
        (np.full((3, 4), np.inf), "values that are not finite, or too large"),
        (np.array([{}], object), "pickled objects"),
    ):
        np.save(path, matrix, allow_pickle=True)
        with pytest.raises(CaptureError, match=expected):
            read_capture(folder)
    path.unlink()
    with pytest.raises(CaptureError, match="no such file, expected a correction of colours"):
        read_capture(folder)
    root = version_2(tmp_path / "240", ("EXP-1-head",))
    path = root / "calibration" / "color_calibration.json"
    for data, expected in (
        ([1], "expected a matrix of colours of each camera"),
        ({SERIALS[0]: [[1, 0, 0]] * 3}, f"no colours of camera {SERIALS[1]}"),
        ({SERIALS[0]: [[1, 0, 0, 0, 0, 0]] * 3}, "a polynomial of 6 terms, expected one of 3, 4, 5, 7, 8"),
        ({SERIALS[0]: 5}, "its matrix is no 3xN matrix of numbers"),
        ({SERIALS[0]: [[1e9, 0, 0]] * 3}, "values that are not finite, or too large"),
    ):
        path.write_text(json.dumps(data))
        with pytest.raises(CaptureError, match=expected):
            read_capture(root)
    path.unlink()
    assert read_capture(root).frames[0].colour is None


def test_mattes_films_and_pictures_that_do_not_go_together(tmp_path: Path) -> None:
    folder = version_1(tmp_path)
    mattes = sorted((folder / "alpha_maps").iterdir())
    Image.new("L", (9, 9)).save(mattes[0])
    with pytest.raises(CaptureError, match="the mask has 9x9 pixels"):
        read_capture(folder)
    mattes[0].unlink()
    with pytest.raises(CaptureError, match="alpha_maps: mattes of 3 of 4 pictures"):
        read_capture(folder)
    (folder / "images" / f"cam_{SERIALS[0]}.mp4").write_bytes(b"")
    with pytest.raises(CaptureError, match="films and pictures of cameras, expected either"):
        read_capture(folder)
    root = benchmark(tmp_path / "461")
    film = root / "sequences" / "EXP-1-head" / "images" / f"cam_{SERIALS[1]}.mp4"
    write_video(film.parents[1] / "alpha_maps" / film.name, [np.zeros((32, 32, 3), np.uint8)] * 3)
    with pytest.raises(CaptureError, match=r"the mattes have 32x32 pixels, their film cam_\d+.mp4 has 128x128"):
        read_capture(root)
    film.write_bytes(b"no film")
    with pytest.raises(CaptureError, match="not a video"):
        read_capture(root)


def test_pictures_that_lie_elsewhere(tmp_path: Path) -> None:
    folder = version_1(tmp_path)
    picture = next((folder / "images").iterdir())
    picture.rename(tmp_path / "other.jpg")
    os.symlink(tmp_path / "other.jpg", picture)
    with pytest.raises(CaptureError, match="lies outside of the folder of the capture"):
        read_capture(folder)
    assert len(read_capture(folder, allow_outside=True).frames) == 4


def test_folders_that_are_none(tmp_path: Path) -> None:
    assert find_places(tmp_path) is None
    camera_params(tmp_path / "camera_params.json", intrinsics().tolist())
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "cam_others.png").write_bytes(b"")
    assert find_places(tmp_path) is None
    (tmp_path / "images" / "cam_1_2.png").write_bytes(b"")
    assert find_places(tmp_path) is not None
