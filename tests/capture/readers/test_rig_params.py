from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.readers.rig_params import read_rig_params, write_rig_params
from splatavatar.errors import RigError


def test_names_values_and_axes(tiny_capture: Path) -> None:
    parameters = read_capture(tiny_capture).rig_parameters
    assert parameters is not None
    assert parameters.rig == "anny-head"
    assert parameters.identity == {"gender": 0.25, "age": 0.5, "chin-prominent-incr": 0.75}
    assert parameters.expression_names == ("jawOpen", "mouthPucker")
    np.testing.assert_array_equal(parameters.expression, np.array([[0, 0], [0.5, 0], [0, 1]], np.float32))
    # (0.25, 0.5, 1) in Anny's axes is (0.25, 1, -0.5) in rig axes; half for each joint.
    assert set(parameters.joint_rotations) == {"neck03", "head"}
    for rotations in parameters.joint_rotations.values():
        np.testing.assert_array_equal(rotations[1], np.array([0.125, 0.5, -0.25], np.float32))
        assert rotations.dtype == np.float32


def message(capture: Path, rig_params: Path | None = None) -> str:
    with pytest.raises(RigError) as caught:
        read_capture(capture, rig_params)
    return str(caught.value).replace(f"{capture.parent}/", "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"facial_actions": np.zeros((2, 2), np.float32)},
            "facial_actions has 2 timesteps, the capture has 3",
        ),
        ({"neck_rotvec": np.zeros((4, 3), np.float32)}, "neck_rotvec has 4 timesteps, the capture has 3"),
        ({"neck_rotvec": np.zeros((3, 4), np.float32)}, "neck_rotvec has 4 columns, expected 3"),
        (
            {"facial_actions": np.zeros(3, np.float32)},
            "facial_actions is float32 with 1 dimensions, expected numbers with 2",
        ),
        ({"rig": np.array("flame")}, "rig parameters of the rig 'flame', expected 'anny-head'"),
        ({"rig": None}, "no array 'rig', expected the rig parameters of a capture"),
        ({"phenotype": np.zeros(5)}, "phenotype has 5 values for 2 phenotype_names"),
        ({"facial_actions": np.zeros((3, 4))}, "facial_actions has 4 values for 2 facial_action_names"),
        ({"local_changes": np.array([np.nan])}, "local_changes holds values that are not finite"),
        ({"phenotype_names": np.arange(2)}, "phenotype_names is int64 with 1 dimensions, expected text with 1"),
        ({"rig": np.array({"code": "runs"}, object)}, "not a readable .npz file of plain arrays"),
    ],
)
def test_parameters_that_do_not_fit(
    tiny_capture: Path, edit_rig_params: Any, changes: dict[str, Any], expected: str
) -> None:
    edit_rig_params(**changes)
    assert message(tiny_capture) == f"tiny/rig_params.npz: {expected}"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"\x93NUMPY\x01\x00v\x00{'descr'"])
def test_a_damaged_file(tiny_capture: Path, content: bytes) -> None:
    (tiny_capture / "rig_params.npz").write_bytes(content)
    assert message(tiny_capture) == "tiny/rig_params.npz: not a readable .npz file of plain arrays"


def test_a_single_array_instead_of_an_archive(tiny_capture: Path) -> None:
    with open(tiny_capture / "rig_params.npz", "wb") as file:
        np.save(file, np.zeros(3))
    assert message(tiny_capture) == "tiny/rig_params.npz: not a readable .npz file of plain arrays"


def test_no_such_file(tiny_capture: Path) -> None:
    assert message(tiny_capture, tiny_capture.parent / "other.npz") == (
        "other.npz: no such file, expected rig parameters as .npz"
    )


def any_parameters(**changes: Any) -> RigParameters:
    """Of a rig with two coefficients and one joint, over the three timesteps of ``tiny_capture``."""
    values: dict[str, Any] = {
        "rig": "anny-bust",
        "identity": {"age": 0.25},
        "expression": np.array([[0, 1], [0.5, 0], [0.25, 0.125]], np.float32),
        "expression_names": ("jawOpen", "eyeBlinkLeft"),
        "joint_rotations": {"head": np.arange(9, dtype=np.float32).reshape(3, 3)},
        "translation": np.arange(9, dtype=np.float32).reshape(3, 3) / 8,
        "template_offset": np.arange(12, dtype=np.float32).reshape(4, 3) / 64,
        "camera_scale": 0.375,
    }
    return RigParameters(**{**values, **changes})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = any_parameters()
    write_rig_params(tmp_path / "p.npz", written)
    read = read_rig_params(tmp_path / "p.npz", 3)
    for field in dataclasses.fields(RigParameters):
        np.testing.assert_equal(getattr(read, field.name), getattr(written, field.name), field.name)


def test_what_may_be_absent_is_nothing(tmp_path: Path) -> None:
    bare = any_parameters(translation=None, template_offset=None, joint_rotations={}, identity={}, camera_scale=1.0)
    write_rig_params(tmp_path / "p.npz", bare)
    read = read_rig_params(tmp_path / "p.npz", 3)
    assert (read.identity, read.joint_rotations, read.template_offset, read.camera_scale) == ({}, {}, None, 1.0)
    assert read.translation is not None and not read.translation.any()
    # Files from before cameras could be in another unit.
    with np.load(tmp_path / "p.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "camera_scale"}
    np.savez(tmp_path / "old.npz", **arrays)
    assert read_rig_params(tmp_path / "old.npz", 3).camera_scale == 1.0


def test_cameras_become_metres(tiny_capture: Path, tmp_path: Path) -> None:
    before = read_capture(tiny_capture)
    write_rig_params(tmp_path / "p.npz", any_parameters())
    after = read_capture(tiny_capture, tmp_path / "p.npz")
    for one, other in zip(before.frames, after.frames, strict=True):
        T = one.camera.T_camera_world.copy()
        T[:3, 3] *= 0.375
        np.testing.assert_array_equal(other.camera.T_camera_world, T)
        np.testing.assert_array_equal(other.camera.K, one.camera.K)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expression": np.zeros((2, 2))}, "expression has 2 timesteps, the capture has 3"),
        ({"joint_rotations": np.zeros((4, 1, 3))}, "joint_rotations has 4 timesteps, the capture has 3"),
        ({"translation": np.zeros((1, 3))}, "translation has 1 timesteps, the capture has 3"),
        ({"translation": np.zeros((3, 2))}, "translation has 2 columns, expected 3"),
        ({"template_offset": np.zeros((4, 4))}, "template_offset has 4 columns, expected 3"),
        ({"joint_names": np.array(["head", "neck"])}, "joint_rotations has 1 values for 2 joint_names"),
        ({"expression_names": np.array(["jawOpen"])}, "expression has 2 values for 1 expression_names"),
        ({"identity": np.zeros(0)}, "identity has 0 values for 1 identity_names"),
        ({"expression": np.full((3, 2), np.inf)}, "expression holds values that are not finite"),
        ({"rig": None}, "no array 'rig', expected the rig parameters of a capture"),
        ({"translation": None}, "no array 'translation', expected the rig parameters of a capture"),
        (
            {"joint_rotations": np.zeros((3, 3))},
            "joint_rotations is float64 with 2 dimensions, expected numbers with 3",
        ),
        ({"camera_scale": np.array(0.0)}, "camera_scale is 0, expected more than 0"),
        ({"camera_scale": np.ones(2)}, "camera_scale is float64 with 1 dimensions, expected numbers with 0"),
    ],
)
def test_parameters_of_any_rig_that_do_not_fit(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    path = tmp_path / "p.npz"
    write_rig_params(path, any_parameters())
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(RigError) as caught:
        read_rig_params(path, 3)
    assert str(caught.value) == f"{path}: {expected}"
