"""Exports of head trackers: points of the head fall on the pixels that their own formulas say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.readers.flame.head_trackers import exporter
from splatavatar.rotations import rotation_matrices

W, H = 64, 48
FL_X, FL_Y, CX, CY = 90.0, 92.0, 30.0, 17.0
"""as OpenCV counts them, from the upper edge; far from the middle"""
POINTS = np.array([[0.03, 0.05, 0.08], [-0.04, -0.06, 0.1], [0.0, 0.02, -0.05]])
"""of a head in the axes of the rig, which are FLAME's: Y up, facing +Z"""
SHARED = Path(__file__).parents[5] / "shared" / "layouts" / "flame" / "vhap_export"


def poses() -> list[np.ndarray]:
    """From the world to cameras, OpenCV axes, before the head."""
    out = []
    for turn in ([0.1, 0.2, 0.05], [-0.2, -0.4, 0.1]):
        pose = np.eye(4)
        pose[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ rotation_matrices(np.array(turn))
        pose[:3, 3] = [0.01, -0.02, 1.0]
        out.append(pose)
    return out


def pixels(pose: np.ndarray) -> np.ndarray:
    """(P, 2) of ``POINTS``, by the formula of a pinhole with OpenCV's axes."""
    x, y, z = (POINTS @ pose[:3, :3].T + pose[:3, 3]).T
    return np.stack([FL_X * x / z + CX, FL_Y * y / z + CY], 1)


def written(root: Path, matrices: list[np.ndarray], cy: float, **fields: Any) -> Path:
    (root / "images").mkdir(parents=True)
    frames = []
    for number, matrix in enumerate(matrices):
        Image.fromarray(np.zeros((H, W, 4), np.uint8)).save(root / "images" / f"{number:05d}.png")
        named = {name: value.format(number) if isinstance(value, str) else value for name, value in fields.items()}
        frames.append({"file_path": f"images/{number:05d}.png", "transform_matrix": matrix.tolist(), **named})
    data = {"w": W, "h": H, "fl_x": FL_X, "fl_y": FL_Y, "cx": CX, "cy": cy, "frames": frames}
    (root / "transforms.json").write_text(json.dumps(data))
    return root


def check(capture: Capture) -> None:
    for frame, pose in zip(capture.frames, poses(), strict=True):
        local = POINTS @ frame.camera.T_camera_world[:3, :3].T + frame.camera.T_camera_world[:3, 3]
        seen = local @ frame.camera.K.T
        np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], pixels(pose), atol=1e-9)


def test_vhap(tmp_path: Path) -> None:
    matrices = [np.linalg.inv(pose) @ np.diag([1.0, -1.0, -1.0, 1.0]) for pose in poses()]
    fields = {"flame_param_path": "flame_param/{:05d}.npz", "timestep_index": 0, "timestep_index_original": 3}
    root = written(tmp_path / "a", matrices, H - CY, **fields)
    assert exporter(root) == "vhap"
    capture = read_capture(root)
    check(capture)
    assert capture.recognised.startswith("vhap: transforms.json with the fields of vhap (")
    assert [(frame.timestep, frame.camera_index) for frame in capture.frames] == [(0, 0), (0, 1)]
    # Read as what its name promises the points would miss.
    plain = read_capture(root, layout="nerfstudio").frames[0].camera.K[1, 2]
    assert plain == H - CY != capture.frames[0].camera.K[1, 2] == CY


def test_vhap_with_meshes(tmp_path: Path) -> None:
    matrices = [np.linalg.inv(pose) @ np.diag([1.0, -1.0, -1.0, 1.0]) for pose in poses()]
    root = written(tmp_path / "a", matrices, H - CY, mesh_path="m/{}.obj", exp_path="e/{}.txt", timestep_index=0)
    assert exporter(root) == "vhap"
    check(read_capture(root))


def test_insta(tmp_path: Path) -> None:
    matrices = [np.linalg.inv(pose) for pose in poses()]
    root = written(tmp_path / "a", matrices, CY, mesh_path="meshes/{:05d}.obj", exp_path="flame/exp/{:05d}.txt")
    assert exporter(root) == "insta"
    capture = read_capture(root)
    check(capture)
    assert [(frame.timestep, frame.camera_index) for frame in capture.frames] == [(0, 0), (1, 0)]


def test_moments_of_insta_are_counted_by_name(tmp_path: Path) -> None:
    root = written(tmp_path / "a", [np.linalg.inv(pose) for pose in poses()], CY, exp_path="flame/exp/{:05d}.txt")
    data = json.loads((root / "transforms.json").read_text())
    data["frames"].reverse()
    (root / "transforms.json").write_text(json.dumps(data))
    frames = read_capture(root).frames
    assert [(frame.name, frame.timestep) for frame in frames] == [("images/00001.png", 1), ("images/00000.png", 0)]


def test_an_export_in_splits_means_the_same(tmp_path: Path) -> None:
    matrices = [np.linalg.inv(pose) @ np.diag([1.0, -1.0, -1.0, 1.0]) for pose in poses()]
    root = written(tmp_path / "a", matrices, H - CY, flame_param_path="flame_param/{:05d}.npz", timestep_index=0)
    (root / "transforms.json").rename(root / "transforms_train.json")
    assert exporter(root) == "vhap"
    check(read_capture(root))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"frames": []}', '{"frames": [3]}', '{"frames": {"a": 1}}', '{"a": 1}']
)
def test_what_is_of_neither(tmp_path: Path, content: str) -> None:
    assert exporter(tmp_path) is None
    (tmp_path / "transforms.json").write_text(content)
    assert exporter(tmp_path) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared layouts are absent")
def test_a_real_export_is_known() -> None:
    assert exporter(SHARED) == "vhap"
