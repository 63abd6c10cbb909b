from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
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
