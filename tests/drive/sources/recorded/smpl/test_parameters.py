"""Which arrays are motions of a body, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.drive.sources.recorded.smpl.parameters import HEAD, JAW, LEFT_EYE, NECK, is_body
from splatavatar.errors import SignalError
from splatavatar.rig.body_models.model_file import SMPLX
from support.body_motions import T, amass, parts, poses, save


def refusal(folder: Path, arrays: dict[str, Any]) -> str:
    path = save(folder / "a.npz", arrays)
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_joints_are_those_of_the_model() -> None:
    names = SMPLX.joint_names
    assert [names[joint] for joint in (NECK, HEAD, JAW, LEFT_EYE)] == ["neck", "head", "jaw", "left_eye"]
    assert SMPLX.eyes == (LEFT_EYE, LEFT_EYE + 1)


def test_nothing_else_is_a_body(tmp_path: Path) -> None:
    vhap = {name: np.zeros((T, width)) for name, width in {"rotation": 3, "neck_pose": 3, "jaw_pose": 3}.items()}
    for arrays in (
        vhap | {"expr": np.zeros((T, 100)), "translation": np.zeros((T, 3))},
        {"exp": np.zeros((T, 50)), "pose": np.zeros((T, 6)), "shape": np.zeros(100)},
        {"motions": np.zeros((T, 106))},
        {"poses": np.zeros((T, 17))},  # LLFF's cameras
        {"poses": np.zeros((T, 4, 4))},
        {"time": np.zeros(T), "arkit": np.zeros((T, 52)), "poses": np.zeros((T, 72))},
        {"trans": np.zeros((T, 3)), "betas": np.zeros(10)},
    ):
        assert not is_body(arrays)
    assert is_body(amass()) and is_body({"body_pose": np.zeros((T, 63))}) and is_body({"poses": np.zeros((T, 165))})
    # FLAME and our own are read as what they are.
    assert not read_signal(save(tmp_path / "flame.npz", vhap)).arkit.any()
    write_signal(tmp_path / "ours.npz", moving_signal(0.5))
    assert read_signal(tmp_path / "ours.npz").arkit.any()
    assert "no array 'time'; found poses" in refusal(tmp_path, {"poses": np.zeros((T, 17))})


def test_joints_in_rows_of_their_own(tmp_path: Path) -> None:
    flat = read_signal(save(tmp_path / "a.npz", amass(165)))
    rows = read_signal(save(tmp_path / "b.npz", amass(165, poses=poses(165).reshape(T, 55, 3))))
    np.testing.assert_array_equal(flat.head_rotation, rows.head_rotation)
    np.testing.assert_array_equal(flat.arkit, rows.arkit)


def test_pickled_labels_beside_the_poses_are_not_read(tmp_path: Path) -> None:
    labels = np.array([{"a": 1}, None], dtype=object)
    assert len(read_signal(save(tmp_path / "a.npz", amass(labels=labels)))) == T


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"poses": np.zeros((T, 150))},
            f"poses has the shape ({T}, 150), expected (frames, 66, 72, 156 or 165): the joints of SMPL, SMPL-H or "
            "SMPL-X in axis-angle.",
        ),
        ({"poses": np.zeros((0, 156))}, "poses does not hold numbers."),
        ({"poses": np.full((T, 156), "a")}, "poses does not hold numbers."),
        ({"mocap_framerate": np.array(0.0)}, "0 frames a second; expected between 0.1 and 1000."),
        ({"mocap_framerate": np.array([30.0, 60.0])}, "mocap_framerate does not hold one number."),
        ({"mocap_framerate": np.array(np.nan)}, "nan frames a second; expected between 0.1 and 1000."),
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert refusal(tmp_path, amass(**changes)) == message


@pytest.mark.parametrize("joint", [NECK, HEAD])
def test_turns_of_nobody(tmp_path: Path, joint: int) -> None:
    for value, what in ((np.nan, "not a finite number"), (np.inf, "not a finite number"), (90.0, "beyond 12.57")):
        wrong = poses(156)
        wrong[5, 3 * joint + 1] = value
        expected = f"poses is {what} in frame 5, expected numbers of size 12.57 at most."
        assert refusal(tmp_path, amass(poses=wrong)) == expected
    # What does not drive may be anything.
    wrong = poses(156)
    wrong[:, :3], wrong[:, 75:] = np.nan, 1e9
    assert np.isfinite(read_signal(save(tmp_path / "a.npz", amass(poses=wrong))).head_rotation).all()


def test_parts_that_do_not_go_together(tmp_path: Path) -> None:
    made = parts()
    body = {"body_pose": made["body"].reshape(T, 63), "jaw_pose": made["jaw"]}
    assert refusal(tmp_path, body | {"jaw_pose": made["jaw"][:-2]}) == (
        f"{T - 2} frames of one part of the body but {T} of another."
    )
    assert refusal(tmp_path, body | {"leye_pose": made["left_eye"], "reye_pose": made["left_eye"][1:]}) == (
        f"{T - 1} frames of one part of the body but {T} of another."
    )
    assert refusal(tmp_path, body | {"jaw_pose": np.zeros((T, 9))}) == (
        f"jaw_pose has the shape ({T}, 9), expected (frames, 3)."
    )
    assert refusal(tmp_path, {"body_pose": np.zeros((T, 23, 3, 3))}) == (
        f"body_pose has the shape ({T}, 23, 3, 3), expected (frames, 63 or 69): the joints of SMPL-X or SMPL but the "
        "root in axis-angle."
    )


def test_too_many_frames(tmp_path: Path) -> None:
    frames = (1 << 20) + 1
    assert refusal(tmp_path, amass(poses=np.zeros((frames, 66), np.float16))) == (
        f"{frames} frames, expected 1048576 at most; cut it into several."
    )
