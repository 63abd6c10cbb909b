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
        (
            {"rig": np.array({"code": "runs"}, object)},
            "pickled objects in 'rig', which are never read, expected rig parameters as .npz.",
        ),
    ],
)
def test_parameters_that_do_not_fit(
    tiny_capture: Path, edit_rig_params: Any, changes: dict[str, Any], expected: str
) -> None:
    edit_rig_params(**changes)
    assert message(tiny_capture) == f"tiny/rig_params.npz: {expected}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04 cut short", "damaged"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "a single array as npy files hold it"),
    ],
)
def test_a_damaged_file(tiny_capture: Path, content: bytes, said: str) -> None:
    (tiny_capture / "rig_params.npz").write_bytes(content)
    assert message(tiny_capture) == f"tiny/rig_params.npz: {said}, expected rig parameters as .npz."


def test_a_single_array_instead_of_an_archive(tiny_capture: Path) -> None:
    with open(tiny_capture / "rig_params.npz", "wb") as file:
        np.save(file, np.zeros(3))
    said = "a single array as npy files hold it, expected rig parameters as .npz."
    assert message(tiny_capture) == f"tiny/rig_params.npz: {said}"


def test_no_such_file(tiny_capture: Path) -> None:
    assert message(tiny_capture, tiny_capture.parent / "other.npz") == (
        "other.npz: no such file, expected rig parameters as .npz."
    )


PLACEMENT = np.array([[0, 0, 0.375, 1], [0.375, 0, 0, -2], [0, 0.375, 0, 0.5], [0, 0, 0, 1]])
"""an eighth of three, turned by a third about (1, 1, 1), and away"""


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
        "expression_offset": np.arange(24, dtype=np.float32).reshape(2, 4, 3) / 64,
        "placement": PLACEMENT,
    }
    return RigParameters(**{**values, **changes})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = any_parameters()
    write_rig_params(tmp_path / "p.npz", written)
    read = read_rig_params(tmp_path / "p.npz", 3)
    for field in dataclasses.fields(RigParameters):
        np.testing.assert_equal(getattr(read, field.name), getattr(written, field.name), field.name)


def test_what_may_be_absent_is_nothing(tmp_path: Path) -> None:
    absent = dict.fromkeys(("translation", "template_offset", "expression_offset", "placement"))
    bare = any_parameters(**absent, joint_rotations={}, identity={})
    write_rig_params(tmp_path / "p.npz", bare)
    read = read_rig_params(tmp_path / "p.npz", 3)
    assert (read.identity, read.joint_rotations, read.template_offset, read.placement) == ({}, {}, None, None)
    assert read.expression_offset is None
    assert read.translation is not None and not read.translation.any()


@pytest.mark.parametrize(("factor", "placement"), [(1.0, None), (0.375, np.diag([0.375, 0.375, 0.375, 1.0]))])
def test_files_that_know_a_unit_alone(tmp_path: Path, factor: float, placement: np.ndarray | None) -> None:
    write_rig_params(tmp_path / "p.npz", any_parameters(placement=None))
    with np.load(tmp_path / "p.npz") as file:
        np.savez(tmp_path / "old.npz", camera_scale=np.array(factor), **file)
    np.testing.assert_equal(read_rig_params(tmp_path / "old.npz", 3).placement, placement)


def test_cameras_are_placed(tiny_capture: Path, tmp_path: Path) -> None:
    before = read_capture(tiny_capture)
    write_rig_params(tmp_path / "p.npz", any_parameters())
    after = read_capture(tiny_capture, tmp_path / "p.npz")
    for one, other in zip(before.frames, after.frames, strict=True):
        np.testing.assert_allclose(other.camera.position, PLACEMENT[:3, :3] @ one.camera.position + PLACEMENT[:3, 3])
        R = other.camera.T_camera_world[:3, :3]
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
        # What one camera sees at a pixel, the other sees there too, at its new place.
        point = np.array([0.02, 0.03, -0.01])
        seen = [
            camera.T_camera_world[:3, :3] @ at + camera.T_camera_world[:3, 3]
            for camera, at in ((one.camera, point), (other.camera, PLACEMENT[:3, :3] @ point + PLACEMENT[:3, 3]))
        ]
        np.testing.assert_allclose(seen[1], 0.375 * seen[0], atol=1e-12)
        np.testing.assert_array_equal(other.camera.K, one.camera.K)


def test_timesteps_that_nobody_saw_are_left_out(tiny_capture: Path, tmp_path: Path) -> None:
    write_rig_params(tmp_path / "p.npz", any_parameters(seen=np.array([True, False, True])))
    capture = read_capture(tiny_capture, tmp_path / "p.npz")
    stems = ("t000_cam00", "t000_cam01", "t002_cam00", "t002_cam01")
    assert [frame.name for frame in capture.frames] == [f"images/{stem}.png" for stem in stems]
    assert [frame.timestep for frame in capture.frames] == [0, 0, 1, 1]
    assert capture.splits == {"train": (0, 1), "val": (), "test": (2, 3)}
    parameters = capture.rig_parameters
    assert parameters is not None and parameters.translation is not None
    np.testing.assert_array_equal(parameters.expression[:, 1], [1, 0.125])
    np.testing.assert_array_equal(parameters.joint_rotations["head"][1], [6, 7, 8])
    np.testing.assert_array_equal(parameters.translation[1], np.array([6, 7, 8]) / 8)
    # The cameras are placed, as without it.
    write_rig_params(tmp_path / "all.npz", any_parameters())
    whole = read_capture(tiny_capture, tmp_path / "all.npz")
    np.testing.assert_array_equal(capture.frames[2].camera.T_camera_world, whole.frames[4].camera.T_camera_world)


def test_rows_for_the_timesteps_that_have_pictures(tiny_capture: Path, edit_transforms: Any, tmp_path: Path) -> None:
    def spread(numbers: tuple[int, ...]) -> Any:
        return lambda data: [frame.update(timestep_index=numbers[i // 2]) for i, frame in enumerate(data["frames"])]

    # Three rows for three numbers, however far apart.
    edit_transforms(spread((5, 999_999, 10**6)))
    capture = read_capture(tiny_capture)
    assert [frame.timestep for frame in capture.frames] == [0, 0, 1, 1, 2, 2]
    assert capture.rig_parameters is not None and len(capture.rig_parameters.expression) == 3
    # Rows for all numbers: those without pictures are left out.
    edit_transforms(spread((0, 2, 4)))
    rows = any_parameters(
        expression=np.arange(10, dtype=np.float32).reshape(5, 2),
        joint_rotations={"head": np.arange(15, dtype=np.float32).reshape(5, 3)},
        translation=np.arange(15, dtype=np.float32).reshape(5, 3),
    )
    write_rig_params(tmp_path / "p.npz", rows)
    read = read_capture(tiny_capture, tmp_path / "p.npz").rig_parameters
    assert read is not None and read.translation is not None
    np.testing.assert_array_equal(read.expression, rows.expression[[0, 2, 4]])
    np.testing.assert_array_equal(read.joint_rotations["head"], rows.joint_rotations["head"][[0, 2, 4]])
    np.testing.assert_array_equal(read.translation[:, 0], [0, 6, 12])


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
        (
            {"expression": np.full((3, 2), 1e39)},
            "expression holds values up to 1e+39, expected metres, radians or coefficients",
        ),
        (
            {"translation": np.full((3, 3), 1e300)},
            "translation holds values up to 1e+300, expected metres, radians or coefficients",
        ),
        ({"placement": None, "camera_scale": np.array(0.0)}, "camera_scale is 0, expected more than 0"),
        (
            {"placement": None, "camera_scale": np.ones(2)},
            "camera_scale is float64 with 1 dimensions, expected numbers with 0",
        ),
        ({"seen": np.ones(2)}, "seen has 2 timesteps, the capture has 3"),
        ({"seen": np.zeros(3)}, "seen says that no timestep shows a face"),
        ({"placement": np.diag([1, 1, -1, 1])}, "placement is no rotation times a factor and a shift"),
        ({"placement": np.diag([1, 1, 2, 1])}, "placement is no rotation times a factor and a shift"),
        ({"placement": np.zeros((4, 4))}, "placement is no 4x4 matrix whose last row is 0 0 0 1"),
        ({"placement": np.eye(3)}, "placement is no 4x4 matrix whose last row is 0 0 0 1"),
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


def test_offsets_of_nobody_are_none(tmp_path: Path) -> None:
    """As of frames that are tracked for a rig that is known."""
    nobody = {"template_offset": np.zeros((0, 3), np.float32), "expression_offset": np.zeros((0, 0, 3), np.float32)}
    write_rig_params(tmp_path / "p.npz", any_parameters(**nobody))
    read = read_rig_params(tmp_path / "p.npz", 3)
    assert (read.template_offset, read.expression_offset) == (None, None)


@pytest.mark.parametrize("shape", [(3, 4, 3), (2, 4, 2)])
def test_an_expression_offset_of_another_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    write_rig_params(tmp_path / "p.npz", any_parameters(expression_offset=np.zeros(shape, np.float32)))
    with pytest.raises(RigError, match=r"expression_offset has the shape \(\d, 4, \d\), expected \(2, vertices, 3\)"):
        read_rig_params(tmp_path / "p.npz", 3)
