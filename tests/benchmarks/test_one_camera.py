"""``benchmarks/one_camera.py``: a capture is baked from its frontal camera, the others tell how well."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import one_camera
import pytest
from PIL import Image
from published.smaller_capture import write_smaller

from splatavatar.bake.scoring.contact_sheet import GAP
from splatavatar.capture import read_capture
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.rig.loader import load_rig

SAMPLE = Path(__file__).parents[2] / "data" / "sample-capture"


def test_cameras_are_known_by_their_azimuth_around_the_head() -> None:
    capture = read_capture(SAMPLE)
    parameters = capture.rig_parameters
    assert parameters is not None
    rig = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    found = one_camera.views(capture, rig, parameters)
    # Cameras 0 to 5 go round from the subject's right to their left; 7 and 9 are in front, above and below.
    order = [view.index for view in found if view.index < 6]
    assert order == [0, 1, 2, 3, 4, 5]
    by_index = {view.index: view for view in found}
    assert by_index[0].azimuth < -60
    assert by_index[5].azimuth > 60
    assert by_index[7].elevation > 10
    assert one_camera.most_frontal(found).index == 9


def test_the_part_of_one_camera_keeps_its_poses(tmp_path: Path) -> None:
    whole = read_capture(SAMPLE)
    timesteps = {frame.timestep for frame in whole.split("train")}
    last = max(timesteps)
    one_camera.write_part(SAMPLE, tmp_path, 9, {last})
    part = read_capture(tmp_path, SAMPLE / "rig_params.npz", allow_outside=True)
    assert [frame.camera_index for frame in part.frames] == [9]
    assert part.splits == {"train": (0,), "val": (), "test": ()}
    assert part.rig_parameters is not None
    assert whole.rig_parameters is not None
    row = part.rig_parameters.expression[part.frames[0].timestep]
    np.testing.assert_array_equal(row, whole.rig_parameters.expression[last])


def test_both_sides_of_an_azimuth_are_one_row() -> None:
    def row(azimuth: float, psnr: float, baked: bool = False) -> dict[str, object]:
        return {"azimuth": azimuth, "baked": baked, "psnr": psnr, "psnr_masked": psnr, "flip": None, "alpha": 1.0}

    rows = [row(-36.0, 20), row(-12.0, 30), row(0.0, 40, baked=True), row(12.5, 32), row(38.0, 22), row(65.0, 18)]
    said = one_camera.summary(rows)
    assert [(line["azimuth"], line["psnr"]) for line in said] == [(12.25, 31.0), (37.0, 21.0), (65.0, 18.0)]
    assert [line["flip"] for line in said] == [None] * 3


def test_every_other_camera_is_scored(tmp_path: Path) -> None:
    write_smaller(SAMPLE, tmp_path / "capture", 64)
    options = argparse.Namespace(
        out=tmp_path / "out", preset="fast", budget=None, iterations=2, device="cpu", seed=0, fix_rig=True, timesteps=1
    )
    options.out.mkdir()
    rows = list(one_camera.measured(tmp_path / "capture", options))
    others = [row for row in rows if not row["baked"]]
    assert len(others) == 9
    assert [row["azimuth"] for row in rows] == sorted(row["azimuth"] for row in rows)
    assert all(10 < row["psnr_masked"] < 40 and 0 < row["alpha"] <= 1 for row in rows)
    sheet = np.asarray(Image.open(options.out / "sheet.png"))
    assert sheet.shape[1] == GAP + len(rows) * (one_camera.CELL + GAP)
    assert (options.out / "one-camera.splatavatar").is_file()


def test_a_capture_without_rig_parameters_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_smaller(SAMPLE, tmp_path / "capture", 64)
    (tmp_path / "capture" / "rig_params.npz").unlink()
    with pytest.raises(SystemExit) as ended:
        one_camera.main([str(tmp_path / "capture"), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "no rig parameters" in capsys.readouterr().err
