from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.capture.readers.views import View, capture_of, rigid
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError, RigError
from support.flame_captures import gaussian_blendshapes
from support.flame_like import FlameLike, projected

K = np.array([[100.0, 0, 32.0], [0, 100.0, 24.0], [0, 0, 1]])
PICTURE, MASK = PictureFile(Path("a.png")), PictureFile(Path("m.png"))
VIEW = View("here", "a.png", PICTURE, None, np.eye(4), K, (64, 48), 3, 0)


def of(*views: View, **sizes: tuple[int, int]) -> object:
    known = {PICTURE: sizes.get("picture", (64, 48)), MASK: sizes.get("mask", (64, 48))}
    return capture_of(Path("nowhere"), (Path("file"),), views, known, None, None)


def test_a_picture_made_smaller_as_a_whole() -> None:
    capture = capture_of(Path("nowhere"), (), [VIEW], {PICTURE: (32, 24)}, None, None)
    (frame,) = capture.frames
    assert (frame.camera.width, frame.camera.height, frame.camera_index) == (32, 24, 3)
    np.testing.assert_allclose(frame.camera.K, np.diag([0.5, 0.5, 1]) @ K)
    assert capture.splits == {"train": (0,), "val": (), "test": ()} and capture.convention.inverted


def test_a_lens_goes_with_its_picture() -> None:
    lens = Lens("opencv", (-0.1, 0.0, 0.0, 0.0), K)
    capture = capture_of(Path("nowhere"), (), [replace(VIEW, lens=lens)], {PICTURE: (64, 48)}, None, None)
    assert capture.frames[0].lens is lens
    folds = replace(VIEW, lens=Lens("opencv", (-50.0, 0.0, 0.0, 0.0), K))
    with pytest.raises(CaptureError, match=r"here: this lens distortion folds the picture"):
        of(folds)


def test_what_does_not_go_together() -> None:
    with pytest.raises(CaptureError, match=r"here: the camera is of 64x48 pixels, the image a.png has 64x64"):
        of(VIEW, picture=(64, 64))
    with pytest.raises(CaptureError, match=r"m.png: the mask has 9x9 pixels, its image a.png has 64x48"):
        of(replace(VIEW, mask=MASK), mask=(9, 9))
    with pytest.raises(CaptureError, match=r"here: intrinsics reach 1e.302, expected pixels"):
        of(replace(VIEW, K=1e300 * K))
    with pytest.raises(CaptureError, match=r"here: the focal length is -100 pixels, expected more than 0"):
        of(replace(VIEW, K=-K))


def test_rigid_motions() -> None:
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    found = rigid("here", "R", turn + 1e-5, np.array([1.0, 2, 3]))
    np.testing.assert_allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(found, [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]], atol=1e-4)
    for rotation, shift, said in (
        (2 * turn, np.zeros(3), "R is no rotation"),
        (-turn, np.zeros(3), "R mirrors"),
        (np.full((3, 3), 1e200), np.zeros(3), "R is no rotation"),
        (np.full((3, 3), np.nan), np.zeros(3), "R holds values that are not finite"),
        (turn, np.array([np.inf, 0, 0]), "R holds values that are not finite"),
        (turn, np.array([1e12, 0, 0]), "the camera stands 1e.12 units from the origin"),
    ):
        with pytest.raises(CaptureError, match=f"here: {said}"):
            rigid("here", "R", rotation, shift)


def test_parameters_of_a_file_place_the_cameras(tmp_path: Path) -> None:
    """As a bake on another rig has tracked the head anew."""
    root = gaussian_blendshapes(tmp_path / "a")
    capture = read_capture(root)
    assert capture.rig_parameters is not None
    placement = np.diag([2.0, 2.0, 2.0, 1.0])
    placement[:3, 3] = [0.1, 0.2, 0.3]
    own = replace(capture.rig_parameters, rig="anny-head", tracker="", placement=placement)
    write_rig_params(tmp_path / "own.npz", own)
    placed = read_capture(root, tmp_path / "own.npz")
    assert placed.rig_parameters is not None and placed.rig_parameters.rig == "anny-head"
    points = FlameLike().of(capture.rig_parameters, 1)
    before, after = capture.frames[1].camera, placed.frames[1].camera
    seen = projected(points, before.T_camera_world, before.K)
    np.testing.assert_allclose(projected(2 * points + placement[:3, 3], after.T_camera_world, after.K), seen, atol=1e-6)
    write_rig_params(tmp_path / "own.npz", replace(own, expression=own.expression[:2]))
    with pytest.raises(RigError, match=r"expression has 2 timesteps, the capture has 3"):
        read_capture(root, tmp_path / "own.npz")
