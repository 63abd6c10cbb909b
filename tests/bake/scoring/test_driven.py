"""What a drive shows of pictures of a video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.bake.scoring.driven import driven_poses, placed
from splatavatar.capture.capture import Frame
from splatavatar.capture.preparation.folder import Extraction, landmarks_path, write_extraction
from splatavatar.capture.references import PictureFile
from splatavatar.capture.video.crop import Crop
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.face.seen import seen_at
from splatavatar.render.camera import Camera
from splatavatar.rotations import axis_angles, rotation_matrices
from support.likenesses import filmed, likeness, person, poses_of
from support.small_avatar import small_avatar
from support.synthetic_track import CENTRE, FOCAL

STEPS = 30
WINDOW = Crop(100, 20, 400, 300)
"""of a frame of 640 x 480"""
NOBODY = np.zeros((1, 3))


def camera(window: Crop = WINDOW) -> Camera:
    taken, _ = filmed("ada", first=200, steps=STEPS)
    cx, cy = (CENTRE - [window.x, window.y]) * window.scale
    K = np.array([[FOCAL * window.scale, 0, cx], [0, FOCAL * window.scale, cy], [0, 0, 1.0]])
    return Camera(taken.T_camera_rig[0], K, window.out, window.out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As pictures of a clip are extracted into it, but for the pictures."""
    _, landmarks = filmed("ada", first=200, steps=STEPS)
    path = landmarks_path(tmp_path, 0)
    path.parent.mkdir()
    landmarks.save(path)
    chosen = [(0, frame) for frame in range(0, STEPS, 3)]
    clips = [{"name": "a.mp4", "width": 640, "height": 480}]
    write_extraction(tmp_path, Extraction(clips, False, [200], chosen, [WINDOW] * len(chosen), 0.44))
    return tmp_path


@pytest.fixture
def avatar() -> Avatar:
    """The rig of the person; nothing is drawn of it."""
    return replace(small_avatar(), rig=person("ada"), metadata={"likeness": likeness("ada").to_json()})


def frames() -> list[Frame]:
    names = [f"images/00_{200 + frame:05d}.png" for frame in range(0, STEPS, 3)]
    return [Frame(name, PictureFile(Path(name)), None, camera(), 0, n) for n, name in enumerate(names)]


def test_the_place_of_a_head_is_found_from_where_its_landmarks_are_seen() -> None:
    taken, landmarks = filmed("ada", first=200, steps=STEPS)
    for step, pose in enumerate(poses_of(taken)[:5]):
        pixels = (landmarks.points[step, :, :2] - [WINDOW.x, WINDOW.y]) * WINDOW.scale
        away = replace(pose, translation=np.float32([9, 9, 9]))
        found = placed(taken.rig, away, NOBODY, camera(), pixels.astype(np.float64)).translation
        # Along the view it is known least.
        np.testing.assert_allclose(found, pose.translation, atol=0.004)
        np.testing.assert_allclose(found[:2], pose.translation[:2], atol=0.0005)


def test_a_landmark_that_is_far_off_moves_nothing() -> None:
    taken, landmarks = filmed("ada", first=200, steps=STEPS)
    pose, pixels = poses_of(taken)[0], (landmarks.points[0, :, :2] - [WINDOW.x, WINDOW.y]) * WINDOW.scale
    right = placed(taken.rig, pose, NOBODY, camera(), pixels.astype(np.float64)).translation
    pixels[:20] += 200
    torn = placed(taken.rig, pose, NOBODY, camera(), pixels.astype(np.float64)).translation
    np.testing.assert_allclose(torn, right, atol=0.003)


def test_frames_are_posed_as_a_drive_poses_them(avatar: Avatar, folder: Path) -> None:
    """The signals are those of the reader of a drive that sees all frames, in order."""
    landmarks, signal = filmed("ada", first=200, steps=STEPS)[1], LandmarkSignal()
    signals = [signal(seen_at(landmarks, frame), float(landmarks.time[frame])) for frame in range(STEPS)]
    poses = driven_poses(avatar, folder, frames(), NOBODY, "other")
    assert len(poses) == 10
    for pose, expected in zip(poses, signals[::3], strict=True):
        turn = rotation_matrices(pose.joint_rotations[1].astype(np.float64) * 2)
        np.testing.assert_allclose(axis_angles(turn), expected.head_rotation, atol=1e-5)


def test_the_own_face_is_shown_nearer_to_the_truth(avatar: Avatar, folder: Path) -> None:
    truth = poses_of(filmed("ada", first=200, steps=STEPS)[0])[::3]

    def error(who: str) -> tuple[float, float]:
        poses = driven_poses(avatar, folder, frames(), NOBODY, who)
        both = list(zip(poses, truth, strict=True))
        turn = [np.linalg.norm((p.joint_rotations - t.joint_rotations)[:3].sum(0)) for p, t in both]
        return float(np.median(turn)), float(np.median([np.abs(p.expression - t.expression).mean() for p, t in both]))

    mine, other = error("me"), error("other")
    assert mine[0] < other[0] / 3
    assert mine[1] < other[1] / 2
