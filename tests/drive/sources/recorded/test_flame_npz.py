from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import INDEX

T = 12


def vhap(**changes: Any) -> dict[str, Any]:
    """The arrays of a track by VHAP: the jaw opens, then the head turns left."""
    jaw, rotation = np.zeros((T, 3), np.float32), np.zeros((T, 3), np.float32)
    jaw[:, 0] = np.linspace(0, 0.185, T)
    rotation[:, 1] = np.linspace(0, 0.4, T)
    arrays = {
        "rotation": rotation,
        "translation": np.linspace([0.1, 0.2, 0.3], [0.12, 0.2, 0.3], T).astype(np.float32),
        "neck_pose": np.tile(np.array([0, 0.1, 0], np.float32), (T, 1)),
        "jaw_pose": jaw,
        "eyes_pose": np.tile(np.array([0.1, 0.2, 0, 0.1, -0.2, 0], np.float32), (T, 1)),
        "shape": np.zeros(300, np.float32),
        "expr": np.random.default_rng(0).normal(size=(T, 100)).astype(np.float32),
        "timestep_id": np.array([f"{index:05d}" for index in range(T)]),
        "n_processed_frames": np.array(T),
    }
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def save(path: Path, arrays: dict[str, Any]) -> Path:
    with path.open("wb") as file:  # which adds no suffix
        np.savez(file, **arrays)
    return path


def test_vhap(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = read_signal(save(tmp_path / "tracked_flame_params_30.npz", vhap()))
    assert len(recording) == T
    assert recording.fps == 30
    np.testing.assert_allclose(recording.arkit[-1, INDEX["jawOpen"]], 0.5, atol=1e-6)
    assert np.count_nonzero(recording.arkit.any(0)) == 1
    np.testing.assert_allclose(recording.head_rotation[-1], [0, 0.5, 0], atol=1e-6)
    # Both eyes look down; the left one to the left, the right one to the right.
    np.testing.assert_allclose(recording.gaze[0], [[0.2, -0.1], [-0.2, -0.1]], atol=1e-6)
    np.testing.assert_allclose(np.median(recording.head_translation, 0), 0, atol=1e-6)
    np.testing.assert_allclose(np.ptp(recording.head_translation, 0), [0.02, 0, 0], atol=1e-6)
    assert len(caplog.records) == 1
    assert "expression" in caplog.text


def test_the_jaw_goes_aside(tmp_path: Path) -> None:
    jaw = np.zeros((T, 3))
    jaw[:6, 1], jaw[6:, 1] = 0.0485, -0.0485
    arkit = read_signal(save(tmp_path / "a.npz", vhap(jaw_pose=jaw))).arkit
    np.testing.assert_allclose(arkit[0, [INDEX["jawLeft"], INDEX["jawRight"]]], [0.5, 0], atol=1e-6)
    np.testing.assert_allclose(arkit[-1, [INDEX["jawLeft"], INDEX["jawRight"]]], [0, 0.5], atol=1e-6)


def test_the_neck_turns_the_head_as_matrices_say(tmp_path: Path) -> None:
    import cv2

    rng = np.random.default_rng(1)
    rotation, neck = rng.normal(0, 0.5, (T, 3)), rng.normal(0, 0.5, (T, 3))
    recording = read_signal(save(tmp_path / "a.npz", vhap(rotation=rotation, neck_pose=neck)))
    for index in range(T):
        expected = cv2.Rodrigues(rotation[index])[0] @ cv2.Rodrigues(neck[index])[0]
        got = cv2.Rodrigues(recording.head_rotation[index].astype(np.float64))[0]
        np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize("inner", ["flame_param", "."])
def test_a_folder_of_frames(tmp_path: Path, inner: str) -> None:
    whole = vhap()
    (tmp_path / inner).mkdir(exist_ok=True)
    per_frame = ("rotation", "neck_pose", "jaw_pose", "eyes_pose", "translation", "expr")
    for index in range(T):
        frame = {name: whole[name][index : index + 1] for name in per_frame} | {"shape": whole["shape"]}
        save(tmp_path / inner / f"{index:05d}.npz", frame)
    folder, file = read_signal(tmp_path), read_signal(save(tmp_path / "whole.npz", whole))
    np.testing.assert_array_equal(folder.arkit, file.arkit)
    np.testing.assert_array_equal(folder.head_rotation, file.head_rotation)


def test_diffposetalk(tmp_path: Path) -> None:
    pose = np.zeros((T, 6), np.float32)
    pose[:, 0], pose[:, 3] = 0.2, 0.37
    arrays = {"exp": np.zeros((T, 50), np.float32), "pose": pose, "shape": np.zeros((T, 100), np.float32)}
    recording = read_signal(save(tmp_path / "a.npz", arrays))
    assert recording.fps == 25
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], 1, atol=1e-6)
    np.testing.assert_allclose(recording.head_rotation, np.tile([0.2, 0, 0], (T, 1)), atol=1e-6)


@pytest.mark.parametrize("name", ["motions", "arr_0"])
def test_artalk(tmp_path: Path, name: str) -> None:
    motions = np.zeros((T, 106), np.float32)
    motions[:, 101], motions[:, 103] = 0.3, 0.185
    recording = read_signal(save(tmp_path / "a.npz", {name: motions}))
    assert recording.fps == 25
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], 0.5, atol=1e-6)
    np.testing.assert_allclose(recording.head_rotation[:, 1], 0.3, atol=1e-6)


def test_a_file_may_say_its_rate(tmp_path: Path) -> None:
    assert read_signal(save(tmp_path / "a.npz", vhap(fps=np.array(60)))).fps == 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"jaw_pose": np.zeros((T, 4))}, r"jaw_pose has the shape \(12, 4\)"),
        ({"neck_pose": np.zeros((3, 3))}, "3 frames of one FLAME parameter but 12"),
        ({"jaw_pose": np.full((T, 3), np.nan)}, "not a finite number"),
        ({"jaw_pose": np.zeros((0, 3))}, "does not hold numbers"),
        ({"jaw_pose": None}, "no array 'jaw_pose', expected FLAME parameters as VHAP exports them"),
        ({"expr": np.array(None)}, "pickled objects in 'expr', which are never read"),
        ({"fps": np.array(0.0)}, "0 frames a second"),
    ],
)
def test_damaged_files(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        read_signal(save(tmp_path / "a.npz", vhap(**changes)))


def test_what_is_not_of_the_face_may_be_anything(tmp_path: Path) -> None:
    plain = read_signal(save(tmp_path / "a.npz", vhap()))
    entries = {"static_offset": np.array(None), "camera": np.array([{"name": "left"}])}
    for changes in (entries, {**entries, "time": np.array([{}])}):
        recording = read_signal(save(tmp_path / "b.npz", vhap(**changes)))
        assert np.array_equal(recording.arkit, plain.arkit) and np.array_equal(recording.time, plain.time)
    talk = {"exp": np.zeros((T, 50)), "pose": np.tile([0, 0.3, 0, 0.185, 0, 0], (T, 1)), "audio": np.array([{}])}
    recording = read_signal(save(tmp_path / "c.npz", talk))
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], 0.5, atol=1e-6)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", {"picture": np.zeros((3, 3))})
    with pytest.raises(SignalError, match="no array 'jaw_pose'"):
        read_signal(tmp_path)


def frames(folder: Path, names: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Files of one frame each under ``names``, the jaw opening from file to file; (N) how far."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = np.linspace(0.0, 0.3, len(names))
    for name, angle in zip(names, opened, strict=True):
        save(folder / name, {"jaw_pose": np.array([[angle, 0.0, 0.0]]), "rotation": np.zeros((1, 3))})
    return opened / 0.37


@pytest.mark.parametrize("names", [[f"{i}.npz" for i in range(24)], [f"frame_{i}.NPZ" for i in range(95, 119)]])
def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path, names: list[str]) -> None:
    expected = frames(tmp_path, names)
    recording = read_signal(tmp_path)
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], expected, atol=1e-6)
    np.testing.assert_allclose(recording.time, np.arange(24) / 30, atol=1e-9)


def test_other_files_between_the_frames(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = frames(tmp_path / "flame_param", [f"{i:05d}.npz" for i in range(12)])
    for name in ("canonical_flame_param.npz", "tracked_30.npz", "._00003.npz", "transforms.json"):
        (tmp_path / "flame_param" / name).write_bytes(b"something else")
    recording = read_signal(tmp_path)
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], expected, atol=1e-6)
    assert "2 files such as" in caplog.text


def test_missing_numbers_are_held(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames(tmp_path, [f"{i}.npz" for i in range(24) if i not in (7, 8)])
    recording = read_signal(tmp_path)
    np.testing.assert_allclose(recording.time[5:9], np.array([5, 6, 9, 10]) / 30, atol=1e-9)
    assert recording.fps == 30
    assert "2 frames are missing between 0.npz and 23.npz" in caplog.text


def test_every_tenth_frame_is_a_recording(tmp_path: Path) -> None:
    frames(tmp_path, [f"{i}.npz" for i in range(0, 240, 10)])
    np.testing.assert_allclose(read_signal(tmp_path).time, np.arange(24) / 30, atol=1e-9)


def test_two_files_of_one_frame(tmp_path: Path) -> None:
    frames(tmp_path, ["0.npz", "1.npz", "00001.npz", "2.npz"])
    with pytest.raises(SignalError, match=r"00001\.npz and 1.npz are both frame 1; keep one of them"):
        read_signal(tmp_path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["jaw_pose", "rotation", "neck_pose", "eyes_pose", "translation"])
@pytest.mark.parametrize("value", [1e308, -1e30, np.inf])
def test_huge_numbers(tmp_path: Path, name: str, value: float) -> None:
    array = vhap()[name].astype(np.float64)
    array[3, 0] = value
    with pytest.raises(SignalError, match=f"{name} is (not a finite number|beyond .*) in frame 3"):
        read_signal(save(tmp_path / "a.npz", vhap(**{name: array})))
