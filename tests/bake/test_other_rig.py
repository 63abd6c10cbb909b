"""A rig of another package, whose expressions have names of their own, from a capture to a picture that is driven."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.limits import ExpressionLimit
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX
from support.egg_rig import JAW, install, write_capture  # type: ignore[import-not-found]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("egg")
    write_capture(folder / "capture")
    install(folder / "site")
    path = os.pathsep.join([str(folder / "site"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "SPLATAVATAR_HOME": str(folder / "home")}

    def run(*arguments: object) -> None:
        command = [sys.executable, "-m", "splatavatar", *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr

    run("bake", "capture", "-o", "egg.splatavatar", "--preset", "fast", "--iterations", "30")
    run("eval", "egg.splatavatar", "capture", "--split", "val")
    run("info", "egg.splatavatar")
    return folder


def test_it_bakes_to_the_end_and_looks_like_its_pictures(baked: Path) -> None:
    avatar = load_avatar(baked / "egg.splatavatar")
    assert avatar.rig.kind == "egg" and avatar.rig.expression_names == ("wide", "surprise")
    (scores,) = baked.rglob("metrics.json")
    assert json.loads(scores.read_text())["mean"]["psnr"] > 24


def test_its_calibration_is_in_arkits_coefficients(baked: Path) -> None:
    avatar = load_avatar(baked / "egg.splatavatar")
    calibration = Calibration.from_json(avatar.metadata["calibration"])
    assert calibration.frames == 4
    assert calibration.high[INDEX["jawOpen"]] == pytest.approx(0.8, abs=0.1)
    smile = calibration.high[[INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]]
    assert smile.sum() == pytest.approx(1.4, abs=0.2)
    assert calibration.high[INDEX["browInnerUp"]] == pytest.approx(0.6, abs=0.15)
    assert "noseSneerLeft" in calibration.still()


def test_a_face_signal_opens_its_jaw(baked: Path) -> None:
    avatar = load_avatar(baked / "egg.splatavatar")
    arkit = np.zeros(52, np.float32)
    arkit[INDEX["jawOpen"]] = 0.5
    zeros = np.zeros(3, np.float32)
    signal = FaceSignal(0.0, arkit, zeros, zeros, np.zeros((2, 2), np.float32), 1.0)
    limit = ExpressionLimit(Calibration.from_json(avatar.metadata["calibration"]))
    pose = retarget(signal, avatar.rig, limit)
    np.testing.assert_allclose(pose.joint_rotations[2], 0.5 * JAW, atol=0.02)
    assert not pose.joint_rotations[:2].any()
