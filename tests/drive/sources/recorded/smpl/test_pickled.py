"""Motions in pickles: WHAM's and ROMP's are read, and nothing in them runs."""

from __future__ import annotations

import os
import pickle
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rotations import yaw_pitch_roll
from support.body_motions import T, amass, parts, poses, save
from support.joblib_files import joblib_dump
from support.shared import shared

ADVICE = "write its poses as npz: numpy.savez('motion.npz', poses=poses, fps=30)."


def wham(people: int = 1) -> dict[Any, Any]:
    """Two frames of everybody else, and all frames of person 7, of which two were lost after the fourth."""
    made: dict[Any, Any] = defaultdict(dict)
    for number in range(people):
        frames = T if number == 0 else 2
        made[np.int64(7 + number)] = {
            "pose": poses(72).astype(np.float32)[:frames],
            "trans": np.zeros((frames, 3), np.float32),
            "pose_world": np.full((frames, 72), np.nan, np.float32),
            "betas": np.zeros((frames, 10), np.float32),
            "verts": np.zeros((frames, 12, 3), np.float32),
            "frame_ids": 100 + np.arange(frames) + 2 * (np.arange(frames) > 3),
        }
    return made


def romp(frames: range, person: int = 3) -> dict[str, Any]:
    """By the name of the picture: person 3, whose head turns, and before them another one in every second picture."""
    turns = poses(72).astype(np.float32)
    found = {}
    for frame in frames:
        people = [person] if frame % 2 else [9, person]
        rows = {9: np.zeros(72, np.float32), person: turns[frame]}
        thetas = np.stack([rows[number] for number in people])
        found[f"video/frame_{frame}.jpg"] = {
            **{"cam": np.zeros((len(people), 3)), "global_orient": thetas[:, :3], "body_pose": thetas[:, 3:]},
            **{"smpl_thetas": thetas, "smpl_betas": np.zeros((len(people), 10)), "track_ids": np.array(people)},
        }
    return found


def as_npz(path: Path, held: Any) -> Path:
    np.savez(path, results=np.array(held, dtype=object))
    return path


def yaw(path: Path) -> np.ndarray:
    return yaw_pitch_roll(read_signal(path).head_rotation)[:, 0]


def refusal(path: Path) -> str:
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("people", [1, 3])
def test_wham(tmp_path: Path, caplog: pytest.LogCaptureFixture, people: int) -> None:
    path = tmp_path / "wham_output.pkl"
    path.write_bytes(joblib_dump(wham(people)))
    np.testing.assert_allclose(yaw(path), np.linspace(0, 0.4, T), atol=1e-6)
    np.testing.assert_allclose(read_signal(path).time * 30, [0, 1, 2, 3, 6, 7, 8, 9], atol=1e-9)
    who = "3 people; number 7, who is in most frames, is taken."
    assert (who in caplog.text) == (people > 1)
    assert "it has no frame rate, 30 a second are assumed" in caplog.text


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_one_body(tmp_path: Path, protocol: int) -> None:
    held = amass(72, mocap_framerate=None) | {"fps": 25}
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(held, protocol))
    np.testing.assert_allclose(yaw(path), np.linspace(0, 0.4, T), atol=1e-6)
    assert read_signal(path).fps == 25


def test_romp_of_a_video(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = as_npz(tmp_path / "video_results.npz", romp(range(T)))
    np.testing.assert_allclose(yaw(path), np.linspace(0, 0.4, T), atol=1e-6)
    assert "2 people; number 3, who is in most frames, is taken." in caplog.text
    # Names of pictures are in the order of their numbers, and a picture without the person is held.
    held = {**romp(range(5, T)), **romp(range(5))}
    held["video/frame_4.jpg"] = romp(range(4, 5), person=1)["video/frame_4.jpg"]
    recording = read_signal(as_npz(path, held))
    kept = [0, 1, 2, 3, 5, 6, 7]
    np.testing.assert_allclose(recording.time * 30, kept, atol=1e-9)
    np.testing.assert_allclose(yaw_pitch_roll(recording.head_rotation)[:, 0], np.linspace(0, 0.4, T)[kept], atol=1e-6)


def test_romp_of_a_picture_and_of_lists(tmp_path: Path) -> None:
    picture = romp(range(5, 6))["video/frame_5.jpg"]
    assert yaw(as_npz(tmp_path / "a.npz", picture)) == pytest.approx([0.4 * 5 / 7])
    lists = {f"{frame:06d}.png": [{"pose": poses(72)[frame], "betas": np.zeros(10)}] for frame in range(T)}
    np.testing.assert_allclose(yaw(as_npz(tmp_path / "a.npz", lists)), np.linspace(0, 0.4, T), atol=1e-6)


@pytest.mark.shared
def test_a_real_picture_of_romp() -> None:
    recording = read_signal(shared("layouts/motion/aitviewer-romp_output.npz"))
    assert len(recording) == 1
    assert 0 < np.degrees(np.linalg.norm(recording.head_rotation)) < 20


class Runs:
    """Runs a command where a pickle of it is read as usual."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.made = function, arguments

    def __reduce__(self) -> Any:
        return self.made


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_runs(tmp_path: Path, protocol: int) -> None:
    ran = tmp_path / "ran"
    for value, name in (
        (Runs(os.system, f"touch {ran}"), "posix.system"),
        ({7: {"pose": Runs(os.system, f"touch {ran}")}}, "posix.system"),
        (Runs(eval, f"open({str(ran)!r}, 'w')"), "builtins.eval"),
    ):
        path = tmp_path / "a.pkl"
        path.write_bytes(pickle.dumps(value, protocol))
        assert refusal(path) == f"it asks for {name}, which no motion needs, and was not opened; {ADVICE}"
        npz = as_npz(tmp_path / "a.npz", {"a.jpg": value})
        assert refusal(npz) == f"it asks for {name}, which no motion needs, and was not opened; {ADVICE}"
    assert not ran.exists()


def test_pickles_of_other_things(tmp_path: Path) -> None:
    path, none = tmp_path / "a.pkl", "no poses of SMPL in it, expected a motion of a body, as WHAM and ROMP write it; "
    for held in (
        [1, 2],
        {},
        {"a": 1},
        {0: {"pose": np.zeros((T, 24, 3, 3))}},
        {"shapedirs": np.zeros((3, 3)), "pose": np.zeros(3)},
        {"a.jpg": []},
        {"a.jpg": {"track_ids": np.arange(2)}},
    ):
        path.write_bytes(pickle.dumps(held))
        assert refusal(path) == none + ADVICE
        assert refusal(as_npz(tmp_path / "a.npz", held)) == none + ADVICE
    assert refusal(save(tmp_path / "a.npz", {"results": np.zeros(3)})) == "no array 'time'; found results."
    path.write_bytes(b"")
    assert refusal(path) == "damaged, expected a motion of a body, as WHAM and ROMP write it."
    path.write_bytes(zlib.compress(joblib_dump(wham())))
    assert refusal(path) == (
        "compressed, or no pickle, expected a motion of a body, as WHAM and ROMP write it; save it by joblib without "
        f"compression, or {ADVICE}"
    )
    wrong = wham()
    wrong[7]["frame_ids"] = np.zeros(T, int)
    path.write_bytes(joblib_dump(wrong))
    assert refusal(path) == "frame_ids do not increase, expected the numbers of the frames of one person."


def test_cut_off(tmp_path: Path) -> None:
    whole, path = joblib_dump(wham()), tmp_path / "a.pkl"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert refusal(path).startswith(("damaged", "no poses"))
    npz = as_npz(tmp_path / "whole.npz", romp(range(T)))
    with zipfile.ZipFile(npz) as archive:
        content = archive.read("results.npy")
    for length in range(0, len(content), 997):
        with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
            archive.writestr("results.npy", content[:length])
        assert refusal(tmp_path / "b.npz").startswith(("damaged", "no poses", "cut off", "a member"))


def test_files_of_torch(tmp_path: Path) -> None:
    path = tmp_path / "hmr4d_results.pt"
    path.write_bytes(b"PK\x03\x04")
    assert refusal(path).startswith(
        "a file of torch, expected a face signal (.json, .csv or .npz); of a motion by SMPL"
    )
    # What that sentence says to do is read.
    made = {"body_pose": parts()["body"].reshape(T, 63), "global_orient": parts()["root"]}
    np.testing.assert_allclose(yaw(save(tmp_path / "motion.npz", made)), np.linspace(0, 0.4, T), atol=1e-6)
