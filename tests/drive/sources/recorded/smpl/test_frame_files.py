"""Folders of SMPL-X with one file a frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rotations import yaw_pitch_roll
from support.body_motions import T, exavatar, save, smplerx

TURNS = np.linspace(0, 0.4, T)


def fitted(folder: Path, numbers: Any = range(T)) -> Path:
    """ExAvatar's fits, of the frames by these ``numbers``."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, number in enumerate(numbers):
        (folder / f"{number}.json").write_text(json.dumps(exavatar(frame)))
    return folder


def yaw(path: Path) -> np.ndarray:
    return yaw_pitch_roll(read_signal(path).head_rotation)[:, 0]


def refusal(path: Path) -> str:
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}")


@pytest.mark.parametrize("inner", [".", "smplx_params_smoothed", "smplx_optimized/smplx_params_smoothed"])
def test_exavatar(tmp_path: Path, inner: str) -> None:
    fitted(tmp_path / inner)
    (tmp_path / inner).parent.joinpath("shape_param.json").write_text("[0.1]")
    np.testing.assert_allclose(yaw(tmp_path), TURNS, atol=1e-6)


def test_smoothed_fits_are_preferred(tmp_path: Path) -> None:
    fitted(tmp_path / "smplx_params", range(3))
    fitted(tmp_path / "smplx_params_smoothed")
    assert len(read_signal(tmp_path)) == T


def test_numbers_say_when_frames_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = read_signal(fitted(tmp_path, [8, 9, 10, 11, 15, 16, 17, 100]))
    np.testing.assert_allclose(recording.time * 30, [0, 1, 2, 3, 7, 8, 9, 92], atol=1e-9)
    assert "85 frames are missing between 8.json and 100.json" in caplog.text
    np.testing.assert_allclose(yaw_pitch_roll(recording.head_rotation)[:, 0], TURNS, atol=1e-6)


def test_the_person_with_most_frames(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for frame in range(T):
        save(tmp_path / f"{frame + 1:05d}_1.npz", smplerx(frame))
        if frame % 2:
            save(tmp_path / f"{frame + 1:05d}_0.npz", smplerx(0))
    np.testing.assert_allclose(yaw(tmp_path), TURNS, atol=1e-6)
    assert f"{T // 2} files such as 00002_0.npz are no frames of it and are left out" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jaw_pose": [0, 0]}, "/2.json: 2 numbers of jaw_pose, expected 3 as in 0.json."),
        ({"body_pose": None}, "/2.json: body_pose does not hold numbers."),
        ({"body_pose": [["a"] * 3] * 21}, "/2.json: body_pose does not hold numbers."),
        ({"body_pose": [[[[[0]]]]]}, "/2.json: body_pose does not hold numbers."),
        ({"leye_pose": [True, False, True]}, "/2.json: leye_pose does not hold numbers."),
        ({"jaw_pose": [0, float("nan"), 0]}, ": jaw_pose is not a finite number in frame 2"),
        ({"reye_pose": [0, 1e400, 0]}, ": reye_pose is not a finite number in frame 2"),
        ({"jaw_pose": [0, 99, 0]}, ": jaw_pose is beyond 12.57 in frame 2"),
    ],
)
def test_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (fitted(tmp_path) / "2.json").write_text(json.dumps(exavatar(2) | change))
    assert refusal(tmp_path).startswith(message)


def test_other_files_in_their_place(tmp_path: Path) -> None:
    fitted(tmp_path)
    for content, message in (
        ("[1]", "/5.json: no JSON object, expected SMPL-X parameters, one file a frame."),
        ("{", "/5.json: not valid JSON (line 1), expected SMPL-X parameters, one file a frame."),
        ("", "/5.json: an empty file, expected SMPL-X parameters, one file a frame."),
        ('{"root_pose": [0, 0, 0]}', "/5.json: no body_pose, expected SMPL-X parameters, one file a frame."),
        (" " * (1 << 20) + "{}", "/5.json: more than 1 MiB, expected SMPL-X parameters, one file a frame."),
    ):
        (tmp_path / "5.json").write_text(content)
        assert refusal(tmp_path) == message


def test_folders_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"names": [], "frames": []}')
    assert refusal(tmp_path) == ": a folder, expected a face signal (.json, .csv or .npz)."
    (tmp_path / "smplx_params").mkdir()
    assert (
        refusal(tmp_path) == "/smplx_params: a folder without json files, expected SMPL-X parameters, one file a frame."
    )


def test_missing_parts_are_at_rest(tmp_path: Path) -> None:
    fitted(tmp_path)
    one = exavatar(3)
    del one["jaw_pose"], one["expr"]
    (tmp_path / "3.json").write_text(json.dumps(one))
    recording = read_signal(tmp_path)
    assert not recording.arkit.any() and recording.gaze.any()
