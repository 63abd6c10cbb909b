"""What is said of captures of known cameras: the sample capture as it is, and with each mistake made on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.inspection.cameras import CameraReport, camera_report
from splatavatar.capture.lens import Lens
from splatavatar.progress import unheard
from support.retaken import HEIGHT, WIDTH, retake
from support.shared import landmark_model

Edit = Callable[[dict[str, Any]], object]
LENS = Lens("opencv", (-0.9, 0.3, 0.0, 0.0, 0.0), np.eye(3))
ACROSS = np.diag([-1.0, 1.0, 1.0, 1.0])
FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def report(root: Path) -> CameraReport:
    return camera_report(read_capture(root), landmark_model(), unheard)


def error(said: CameraReport) -> float:
    found = re.search(r"fall on the pixels within (\S+) px", "\n".join(said.lines))
    assert found is not None
    return float(found[1])


def matrices(change: Callable[[np.ndarray], np.ndarray]) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        for frame in data["frames"]:
            frame["transform_matrix"] = change(np.array(frame["transform_matrix"])).tolist()

    return edit


def numbers(*names: str, factor: float) -> Edit:
    return lambda data: data.update({name: factor * data[name] for name in names}) or (data.pop("w") and data.pop("h"))


def one_moment_on(data: dict[str, Any]) -> None:
    """The pictures of camera 3 are called by the timestep behind."""
    for frame in data["frames"]:
        if frame["camera_index"] == 3:
            frame["file_path"] = frame["file_path"].replace("t02", "t09").replace("t01", "t02").replace("t00", "t01")
            frame["file_path"] = frame["file_path"].replace("t09", "t00")


@pytest.mark.shared
def test_the_sample_as_it_is(sample_capture: Path) -> None:
    said = report(sample_capture)
    assert said.wrong == []
    text = "\n".join(said.lines)
    assert text.startswith("nerfstudio: transforms.json (not ")
    assert "180 pictures of 512x512: 10 cameras, 18 timesteps; 144 train, 16 val, 20 test; pinhole; 180 mattes" in text
    assert error(said) < 3  # 2.1
    missed = re.search(r"its rig parameters \(anny-head\) put landmarks of the face (\S+) px", text)
    assert missed is not None and float(missed[1]) < 4  # 3.0
    unit = re.search(r"one unit of the world is about (\S+) m, .* up is \+Z, the face looks along -Y", text)
    assert unit is not None and float(unit[1]) == pytest.approx(1, abs=0.05)
    assert len(said.landmarks) > 50 and all(seen.shape == met.shape == (21, 2) for seen, met in said.landmarks.values())


@pytest.mark.shared
@pytest.mark.parametrize("lens", [None, LENS])
def test_other_cameras_that_are_right(sample_capture: Path, tmp_path: Path, lens: Lens | None) -> None:
    stated = {} if lens is None else dict(zip(("k1", "k2"), lens.coefficients, strict=False))
    said = report(retake(sample_capture, tmp_path / "it", lens=lens, edit=lambda data: data.update(stated)))
    assert said.wrong == []
    assert error(said) < 2  # 1.2 px
    assert ("opencv; no mattes" if lens else "pinhole; no mattes") in said.lines[1]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (
            matrices(lambda M: M @ FLIP),
            "the axes of the cameras seem to be OpenCV's (y down, z forward), this",
        ),
        (
            matrices(np.linalg.inv),
            "transform_matrix seems to go from the world to the camera, expected from",
        ),
        (
            matrices(lambda M: ACROSS @ M @ np.diag([-1.0, 1, 1, 1])),
            "the world of the cameras is mirrored",
        ),
        (
            lambda data: data.update(cy=HEIGHT - data["cy"]),
            "cy seems to count from below, expected from the upper",
        ),
        (
            lambda data: data.update(cx=data["cy"], cy=data["cx"], fl_x=data["fl_y"], fl_y=data["fl_x"]),
            "cx and cy seem to be exchanged",
        ),
        (numbers("fl_x", "fl_y", "cx", "cy", factor=2), "of pictures 2 times the size of these"),
        (numbers("fl_x", "fl_y", "cx", "cy", factor=0.25), "of pictures 1/4 of the size of these"),
        (numbers("fl_x", "fl_y", factor=2), "the focal lengths seem to be 2 times what they should be"),
        (numbers("fl_x", "fl_y", factor=WIDTH / HEIGHT), "from the wrong side of the picture, its width"),
        (lambda data: data.update(k1=-0.9, k2=0.3), "the pictures seem to be straightened already; leave out the"),
    ],
    ids=["axes", "inverse", "mirrored", "cy", "exchanged", "twice", "quarter", "focal", "side", "straightened"],
)
def test_each_mistake_is_named(sample_capture: Path, tmp_path: Path, edit: Edit, named: str) -> None:
    said = report(retake(sample_capture, tmp_path / "it", edit=edit))
    assert len(said.wrong) == 1 and named in said.wrong[0]


@pytest.mark.shared
def test_a_lens_that_is_not_stated(sample_capture: Path, tmp_path: Path) -> None:
    (wrong,) = report(retake(sample_capture, tmp_path / "it", lens=LENS)).wrong
    assert wrong.startswith("the pictures seem to be bent by a lens that is not stated (k1 about -0.")


@pytest.mark.shared
def test_a_camera_whose_pictures_are_a_timestep_off(sample_capture: Path, tmp_path: Path) -> None:
    (wrong,) = report(retake(sample_capture, tmp_path / "it", timesteps=(0, 1, 2), edit=one_moment_on)).wrong
    assert wrong.startswith("the pictures of camera 3 seem to be of the ")
