"""Mattes of a drawn person and of a rendered one."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from splatavatar.capture.matting import estimate_mattes
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import DependencyError, SettingsError
from support.drawn import Drawn, draw, overlap


def test_finds_hair_and_clothes_that_the_rig_does_not_have(drawn: Drawn) -> None:
    found = estimate_mattes(drawn.images, drawn.silhouettes, drawn.windows)
    assert min(overlap(m, t) for m, t in zip(found.mattes, drawn.truth, strict=True)) > 0.95
    assert (found.weights > 0.9).all()
    assert not found.foreign.any()


def test_same_input_gives_the_same_mattes(drawn: Drawn) -> None:
    clip = drawn.images[:5], drawn.silhouettes[:5], drawn.windows[:5]
    first, second = estimate_mattes(*clip), estimate_mattes(*clip)
    assert all(np.array_equal(a, b) for a, b in zip(first.mattes, second.mattes, strict=True))
    assert np.array_equal(first.weights, second.weights)


def test_outside_the_frame_is_nobody() -> None:
    clip = draw(4, side=60)
    for matte in estimate_mattes(clip.images, clip.silhouettes, clip.windows).mattes:
        assert not matte[:, -59:].any()
        assert matte[-1, 128] == 255


def test_one_picture_is_enough(drawn: Drawn) -> None:
    found = estimate_mattes(drawn.images[:1], drawn.silhouettes[:1], drawn.windows[:1])
    assert overlap(found.mattes[0], drawn.truth[0]) > 0.9


def test_picture_without_the_rig_is_empty_and_weighs_nothing(drawn: Drawn) -> None:
    silhouettes = [*drawn.silhouettes[:3], np.zeros_like(drawn.silhouettes[3])]
    found = estimate_mattes(drawn.images[:4], silhouettes, drawn.windows[:4])
    assert not found.mattes[3].any()
    assert found.weights[3] == 0 and (found.weights[:3] > 0).all()


def test_no_pictures() -> None:
    assert estimate_mattes([], [], []).mattes == []


def test_progress_ends_at_one(drawn: Drawn) -> None:
    heard: list[float] = []
    estimate_mattes(drawn.images[:4], drawn.silhouettes[:4], drawn.windows[:4], progress=heard.append)
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_unknown_method(drawn: Drawn) -> None:
    with pytest.raises(SettingsError, match="unknown matting method 'magic'; known are grabcut, rembg"):
        estimate_mattes(drawn.images[:1], drawn.silhouettes[:1], drawn.windows[:1], "magic")


@pytest.mark.skipif(importlib.util.find_spec("rembg") is not None, reason="rembg is installed")
def test_rembg_absent(drawn: Drawn) -> None:
    with pytest.raises(DependencyError, match=r'pip install "rembg\[cpu\]"'):
        estimate_mattes(drawn.images[:1], drawn.silhouettes[:1], drawn.windows[:1], "rembg")


@pytest.mark.shared
def test_rendered_head(subject_a: Path) -> None:
    frames = json.loads((subject_a / "transforms.json").read_text())
    with np.load(subject_a / "rig_params.npz") as rig:
        vertices, faces = rig["vertices"], rig["faces"]
    images, silhouettes, truth = [], [], []
    for frame in [f for f in frames["frames"] if f["camera_index"] == 3][:10]:
        T = np.linalg.inv(np.array(frame["transform_matrix"]) @ np.diag([1, -1, -1, 1]))
        seen = vertices[frame["timestep_index"]] @ T[:3, :3].T + T[:3, 3]
        lens = {key: frame.get(key, frames.get(key)) for key in ("fl_x", "fl_y", "cx", "cy")}
        x = lens["fl_x"] * seen[:, 0] / seen[:, 2] + lens["cx"]
        y = lens["fl_y"] * seen[:, 1] / seen[:, 2] + lens["cy"]
        outline = np.zeros((512, 512), np.uint8)
        for triangle in np.rint(np.stack([x, y], 1)).astype(np.int32)[faces]:
            cv2.fillConvexPoly(outline, triangle, 1)
        images.append(cv2.imread(str(subject_a / frame["file_path"]))[..., ::-1].copy())
        silhouettes.append(outline > 0)
        truth.append(cv2.imread(str(subject_a / frame["mask_path"]), cv2.IMREAD_GRAYSCALE))
    found = estimate_mattes(images, silhouettes, [Crop(0, 0, 512, 512)] * len(images))
    for matte, true, outline in zip(found.mattes, truth, silhouettes, strict=True):
        # The head ends at the neck, where nobody does: only what is above the chin is judged.
        rows = np.flatnonzero(outline.any(1))
        chin = int(rows[0] + 0.75 * (rows[-1] - rows[0]))
        assert overlap(matte[:chin], true[:chin] > 127) > 0.97
        assert np.abs(matte[:chin].astype(int) - true[:chin]).mean() / 255 < 0.015
