"""A whole bake on a GPU: interpreted, tiny and short where there is none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.avatar.file import load_avatar
from splatavatar.bake import run
from splatavatar.bake.completion import ground, lids
from splatavatar.bake.engines import device
from splatavatar.bake.engines.gpu_engine import GpuEngine
from splatavatar.bake.scoring.evaluate import evaluate
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.rig.rig import Rig


def test_from_capture_to_avatar(sample_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps with densification, all penalties and the rig moving give the file that they give on the CPU, about."""
    capture = _thumbnails(sample_capture, tmp_path)
    monkeypatch.setitem(PRESETS, "fast", replace(PRESETS["fast"], gaussians=200))
    # These layers are as dense as they are whatever the preset says: the interpreter would take ten minutes.
    monkeypatch.setattr(ground, "SPACING", 0.05)
    monkeypatch.setattr(lids, "SPACING", 0.01)
    baked = {}
    for name in ("cpu", "gpu"):
        out = tmp_path / f"{name}.splatavatar"
        with monkeypatch.context() as patch:
            patch.setattr(device.BakeDevice, "pictures", 2)
            if name == "gpu" and not torch.cuda.is_available():
                patch.setattr(device.BakeDevice, "engine", interpreted)
            place = "cuda" if name == "gpu" and torch.cuda.is_available() else "cpu"
            run.bake(BakeSettings(capture, out=out, preset="fast", iterations=3, device=place))
        baked[name] = load_avatar(out)
    one, other = baked["cpu"].gaussians, baked["gpu"].gaussians
    assert len(one) == len(other) > 100
    assert np.array_equal(one.face, other.face)
    # Adam's first steps have the size of the rate whatever the gradient: where that is nearly zero its sign is chance.
    for field in ("position", "colour", "opacity"):
        away = np.abs(getattr(one, field) - getattr(other, field))
        assert np.median(away) < 1e-4 and np.quantile(away, 0.9) < 2e-3, field


def interpreted(self: device.BakeDevice, rig: Rig) -> GpuEngine:
    return GpuEngine(torch.from_numpy(rig.faces), torch.device("cpu"))


def _thumbnails(capture: Path, root: Path) -> Path:
    """The first pictures of the first camera of ``capture``, of as few pixels as the interpreter bears."""
    data = json.loads((capture / "transforms.json").read_text())
    first = data["frames"][0]["camera_index"]
    frames = [frame for frame in data["frames"] if frame["camera_index"] == first and frame["timestep_index"] < 2]
    for frame in frames:
        frame |= {name: (frame if name in frame else data)[name] / 16 for name in ("fl_x", "fl_y", "cx", "cy")}
        for name in (frame["file_path"], frame["mask_path"]):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            with Image.open(capture / name) as picture:
                size = (picture.width // 16, picture.height // 16)
                picture.resize(size, Image.Resampling.BOX).save(root / name)
        frame |= {"w": size[0], "h": size[1]}
    with np.load(capture / "rig_params.npz") as file:
        arrays = dict(file)
    for name in ("facial_actions", "neck_rotvec"):
        arrays[name] = arrays[name][:2]
    np.savez(root / "rig_params.npz", **arrays)
    (root / "transforms.json").write_text(json.dumps({"frames": frames}))
    return root


@pytest.mark.gpu
def test_the_quality_of_the_cpu(tmp_path: Path, sample_capture: Path) -> None:
    """The same steps of one picture score the same, about: what is added atomically differs in the last bits."""
    scores = []
    for place in ("cpu", "cuda"):
        out = tmp_path / f"{place}.splatavatar"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(device, "GPU_PICTURES", 1)
            run.bake(BakeSettings(sample_capture, out=out, preset="fast", iterations=200, device=place))
        scores.append(evaluate(load_avatar(out), sample_capture, "test", None)["mean"]["psnr"])
    assert scores[1] == pytest.approx(scores[0], abs=0.2)
