"""What a bake learns of how its person looks to a landmark detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.bake.likeness import FEWEST, learn_likeness, likeness_of, seen_turn
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.faces.face_shape import aligned, features
from splatavatar.capture.references import PictureFile
from splatavatar.drive.face.likeness_signal import STRANGE
from splatavatar.render.camera import Camera
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import axis_angles, rotation_matrices
from support.likenesses import filmed, likeness, poses_of, turns_of


def test_the_map_knows_frames_that_it_was_not_learnt_from() -> None:
    """Scores are half of the coefficients; the map says them whole, and the head to a third of a degree."""
    known = likeness("ada")
    taken, landmarks = filmed("ada", first=200, steps=100)
    faces = aligned(landmarks.points.astype(np.float64), known.shape)
    inputs = features(faces, landmarks.scores.astype(np.float64), known.shape)
    shown = [known.shown(row) for row in inputs]
    coefficients, right = (np.array(column) for column in zip(*shown, strict=True))
    for name in ("jawOpen", "mouthSmileLeft", "eyeBlinkRight"):
        error = np.abs(coefficients[:, INDEX[name]] - taken.expression[:, INDEX[name]])
        assert np.median(error) < 0.05, name
    off = axis_angles(turns_of(taken).transpose(0, 2, 1) @ faces.rotation @ rotation_matrices(right))
    assert np.degrees(np.abs(np.median(off, 0))).max() < 0.35
    assert np.median([known.familiar(row) for row in inputs]) == 1


@pytest.mark.parametrize(("name", "other"), [("ada", "bob"), ("bob", "ada")])
def test_it_knows_its_person_from_another(name: str, other: str) -> None:
    known = likeness(name)

    def strangeness(who: str) -> float:
        points = filmed(who, first=200, steps=100)[1].points[:25].astype(np.float64)
        return known.strangeness(aligned(points, known.shape).bones(known.shape).mean(0))

    assert strangeness(name) < STRANGE < strangeness(other)


def test_the_same_frames_give_the_same_likeness() -> None:
    taken, landmarks = filmed("ada")
    rows = np.stack([np.zeros(60, np.int64), np.arange(60)], 1)
    one, two = (
        likeness_of([landmarks], rows, taken.rig, poses_of(taken)[:60], turns_of(taken)[:60]).to_json()
        for _ in range(2)
    )
    assert one == two


def test_takes_are_read_one_by_one() -> None:
    """Two halves of a clip say the same as the whole of it, nearly: only what a drive remembers begins anew."""
    taken, landmarks = filmed("ada")
    rows = np.array([[t // 100, t % 100] for t in range(200)])
    halves = [landmarks.part(0, 100), landmarks.part(100, 200)]
    found = likeness_of(halves, rows, taken.rig, poses_of(taken), turns_of(taken))
    np.testing.assert_allclose(found.weights, likeness("ada").weights)
    np.testing.assert_allclose(found.usual_high, likeness("ada").usual_high, atol=0.3)


def test_the_seen_turn_is_that_of_all_joints_of_the_head() -> None:
    taken, _ = filmed("ada")
    camera = Camera(taken.T_camera_rig[0], np.diag([1100.0, 1100.0, 1.0]), 640, 480)
    frame = Frame("a.png", PictureFile(Path("a.png")), None, camera, 0, 0)
    turn = seen_turn(taken.rig, poses_of(taken)[10], frame)
    np.testing.assert_allclose(turn, turns_of(taken)[10], atol=1e-6)


def test_a_capture_that_is_no_video_has_no_likeness(tmp_path: Path) -> None:
    taken, _ = filmed("ada")
    parameters = RigParameters("anny-head", {}, np.zeros((0, 0), np.float32), (), {})
    assert FEWEST > 1
    assert learn_likeness(Capture(tmp_path, (), {}, parameters), taken.rig, parameters, [0]) is None
