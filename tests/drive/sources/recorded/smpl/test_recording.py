"""Heads that turn in a known way turn so on the avatar, whatever the layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import rotation_matrices, yaw_pitch_roll
from support.body_motions import TURN, T, amass, exavatar, parts, poses, save, smplerx, talkshow
from support.shared import shared

LAYOUTS = ("smpl", "smplh", "smplx", "parts", "exavatar", "smplerx", "talkshow")


@pytest.fixture(autouse=True)
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPLATAVATAR_BODY_MODELS", raising=False)


def written(folder: Path, layout: str, axis: str) -> Path:
    """The motion of ``parts`` in a layout."""
    if layout == "talkshow":
        np.save(folder / "take.npy", talkshow(axis))
        return folder / "take.npy"
    if layout in ("exavatar", "smplerx"):
        for frame in range(T):
            if layout == "exavatar":
                (folder / f"{frame}.json").write_text(json.dumps(exavatar(frame, axis)))
            else:
                save(folder / f"{frame + 1:05d}_0.npz", smplerx(frame, axis))
        return folder
    if layout == "parts":  # NeuMan's, and what is made of GVHMR's own
        body = np.pad(parts(axis)["body"].reshape(T, 63), ((0, 0), (0, 6)))
        return save(folder / "a.npz", {"global_orient": parts()["root"], "body_pose": body, "transl": parts()["trans"]})
    return save(folder / "a.npz", amass({"smpl": 72, "smplh": 156, "smplx": 165}[layout], axis))


@pytest.mark.parametrize("axis", TURN)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_head_turns_as_neck_and_head_do(tmp_path: Path, layout: str, axis: str) -> None:
    recording = read_signal(written(tmp_path, layout, axis))
    assert len(recording) == T
    angles = yaw_pitch_roll(recording.head_rotation)
    expected = np.zeros((T, 3))
    expected[:, list(TURN).index(axis)] = np.linspace(0, 0.4, T)
    np.testing.assert_allclose(angles, expected, atol=1e-6)
    assert not recording.head_translation.any()


@pytest.mark.parametrize("layout", ["smplx", "exavatar", "smplerx", "talkshow"])
def test_jaw_and_eyes_of_smplx(tmp_path: Path, layout: str) -> None:
    recording = read_signal(written(tmp_path, layout, "yaw"))
    np.testing.assert_allclose(recording.gaze, np.tile([0.2, -0.1], (T, 2, 1)), atol=1e-6)
    np.testing.assert_allclose(recording.arkit[:, INDEX["jawOpen"]], np.linspace(0, 0.5, T), atol=1e-6)
    assert np.count_nonzero(recording.arkit.any(0)) == 1


def test_the_head_turns_within_the_turn_of_the_neck(tmp_path: Path) -> None:
    random = np.random.default_rng(2).normal(0, 0.5, (T, 156))
    recording = read_signal(save(tmp_path / "a.npz", amass(poses=random)))
    neck, head = (rotation_matrices(random[:, 3 * joint : 3 * joint + 3]) for joint in (12, 15))
    np.testing.assert_allclose(rotation_matrices(recording.head_rotation), neck @ head, atol=1e-6)


@pytest.mark.parametrize("name", ["mocap_framerate", "mocap_frame_rate", "fps"])
def test_rates(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    changes = {"mocap_framerate": None, name: np.array(60)}
    recording = read_signal(save(tmp_path / "a.npz", amass(**changes)))
    assert recording.fps == 60
    np.testing.assert_allclose(recording.time, np.arange(T) / 60)
    assert "assumed" not in caplog.text


def test_one_line_says_what_drives(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = save(tmp_path / "a.npz", amass(72, mocap_framerate=None))
    assert read_signal(path).fps == 30
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: a body of SMPL: its head drives this avatar; arms, body and where it goes are left out; it has no "
        "frame rate, 30 a second are assumed."
    ]
    caplog.clear()
    eyes_ahead = poses(165)
    eyes_ahead[:, 69:75] = 0
    read_signal(save(path, amass(165, poses=eyes_ahead)))
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: a body of SMPL-X: its head and jaw drive this avatar; arms, body and where it goes are left out."
    ]
    caplog.clear()
    np.save(tmp_path / "a.npy", talkshow())
    read_signal(tmp_path / "a.npy")
    first, second = (record.getMessage() for record in caplog.records)
    assert "its head, gaze, jaw and expression drive this avatar" in first
    assert "its expression is left out (SPLATAVATAR_BODY_MODELS names no file of SMPL-X)" in second


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "frames", "fps"),
    [
        ("gvhmr-tennis-hmr4d_results.npz", 312, 30),
        ("human_body_prior-amass_sample.npz", 500, 120),
        ("instantavatar-neuman-seattle-train.npz", 41, 30),
        ("talkshow-oliver.npy", 300, 30),
    ],
)
def test_real_motions(name: str, frames: int, fps: float) -> None:
    recording: Recording = read_signal(shared(f"layouts/motion/{name}"))
    assert len(recording) == frames and recording.fps == fps
    yaw, pitch, roll = np.degrees(np.abs(yaw_pitch_roll(recording.head_rotation))).max(0)
    assert 1 < yaw < 80 and 1 < pitch < 60 and 1 < roll < 60
    if name.startswith("talkshow"):
        opens = recording.arkit[:, INDEX["jawOpen"]]
        assert 0.2 < opens.max() < 1 and opens.min() < 0.1
