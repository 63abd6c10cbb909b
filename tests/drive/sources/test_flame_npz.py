from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded import read_signal
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
    np.savez(path, **arrays)
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
        ({"fps": np.array(0.0)}, "0 frames a second"),
    ],
)
def test_damaged_files(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        read_signal(save(tmp_path / "a.npz", vhap(**changes)))


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", {"picture": np.zeros((3, 3))})
    with pytest.raises(SignalError, match="no array 'jaw_pose'"):
        read_signal(tmp_path)
