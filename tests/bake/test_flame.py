"""FLAME from a capture that brings its parameters to a picture that is driven."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.bake.run import bake
from splatavatar.bake.scoring.evaluate import evaluate
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME
from support.face_models import face_model
from support.flame_scene import performance, write_vhap


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The capture and the avatar of a few steps."""
    folder = tmp_path_factory.mktemp("flame")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(face_model(FLAME).save(folder)))
        write_vhap(folder / "capture", timesteps=4, cameras=4, size=160, tests=1)
        out = folder / "flame.splatavatar"
        bake(BakeSettings(folder / "capture", out=out, rig="flame", iterations=120))
    return folder / "capture", out


@pytest.fixture(scope="module")
def avatar(baked: tuple[Path, Path]) -> Avatar:
    """Without the file of the model: the avatar has all that it needs."""
    return load_avatar(baked[1])


def test_the_splits_are_those_of_the_export(baked: tuple[Path, Path]) -> None:
    capture = read_capture(baked[0])
    assert {name: len(rows) for name, rows in capture.splits.items()} == {"train": 12, "val": 4, "test": 4}
    assert capture.rig_parameters is not None and capture.rig_parameters.rig == "flame"


def test_novel_views_and_novel_expressions(baked: tuple[Path, Path], avatar: Avatar, tmp_path: Path) -> None:
    """After so few steps of so few pictures a shell of hair still stands about the head; a wrong pose has 15 dB."""
    for split in ("val", "test"):
        assert evaluate(avatar, baked[0], split, tmp_path / split)["mean"]["psnr"] > 23


def test_the_avatar_is_of_flame_and_says_so(avatar: Avatar) -> None:
    assert avatar.rig.kind == "flame" and "Max Planck" in avatar.rig.licence
    assert avatar.rig.pose_basis is not None and avatar.rig.joint_expression_basis is not None
    assert not avatar.rig.identity_names


def test_what_was_filmed_is_known_in_arkit_coefficients(avatar: Avatar) -> None:
    calibration = Calibration.from_json(avatar.metadata["calibration"])
    shown = np.stack(performance(4))[:, INDEX["jawOpen"]]
    assert calibration.high[INDEX["jawOpen"]] == pytest.approx(shown.max(), abs=0.25)


def test_a_signal_drives_it(avatar: Avatar) -> None:
    performer = Performer(avatar, limit=None)
    camera = default_camera(avatar, 160, 160)
    pictures = {
        name: performer.draw(FaceSignal.neutral(**{name: 1.0}), camera).astype(int)
        for name in ("jawOpen", "eyeBlinkLeft", "browInnerUp")
    }
    rest = performer.draw(FaceSignal.neutral(), camera).astype(int)
    rows = {name: np.flatnonzero(np.abs(picture - rest).sum(2).max(1) > 60) for name, picture in pictures.items()}
    # Each moves its part of the face: the mouth lies below the eyes.
    assert np.median(rows["jawOpen"]) > rows["eyeBlinkLeft"].max()
    assert min(map(len, rows.values())) > 2
