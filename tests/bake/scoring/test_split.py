from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.avatar.avatar import Avatar
from splatavatar.bake.scoring.metrics import PSNR_CEILING
from splatavatar.bake.scoring.split import score_split
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.images import load_frame
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError, OutputError
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.rig import PoseParameters, Rig


def zeros(*shape: int, kind: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, kind)


@pytest.fixture
def avatar() -> Avatar:
    """Five Gaussians on one triangle; what they look like is up to each test's ``render``."""
    rig = Rig(
        kind="triangle",
        template=np.eye(3, dtype=np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        uv=zeros(1, 3, 2),
        identity_basis=zeros(0, 3, 3),
        identity_names=(),
        expression_basis=zeros(0, 3, 3),
        expression_names=(),
        joints=zeros(1, 3),
        joint_identity_basis=zeros(0, 1, 3),
        joint_names=("root",),
        parents=np.array([-1], np.int32),
        skin_joints=zeros(3, 4, kind=np.int32),
        skin_weights=np.full((3, 4), 0.25, np.float32),
        arkit_map=zeros(0, 52),
        head_chain=((0, 1.0),),
        eye_joints=(-1, -1),
    )
    rotation = zeros(5, 4) + np.array([1, 0, 0, 0], np.float32)
    third = np.full((5, 3), 1 / 3, np.float32)
    face = zeros(5, kind=np.int32)
    gaussians = BoundGaussians(face, third, zeros(5, 3), rotation, third, zeros(5), zeros(5, 3), zeros(5, 3, 3))
    return Avatar(rig, gaussians, Correctives(zeros(0, 5, 3), zeros(0, 5, 3), zeros(0, 3), zeros(0)), {"name": "tri"})


@pytest.fixture
def capture(tiny_capture: Path) -> Capture:
    return read_capture(tiny_capture)


def truth(frame: Frame) -> np.ndarray:
    image, matte = load_frame(frame)
    return np.dstack([image, matte]).astype(np.float32) / 255


def dimmed(frame: Frame) -> np.ndarray:
    """The truth with colours and alpha that are no multiples of 1/255."""
    return truth(frame) * np.float32(0.93)


def test_the_truth_scores_perfectly(avatar: Avatar, capture: Capture) -> None:
    summary = score_split(avatar, capture, "val", None, truth)
    assert summary["mean"]["psnr"] == summary["mean"]["psnr_masked"] == PSNR_CEILING
    assert summary["mean"]["ssim"] == pytest.approx(1)
    assert summary["mean"]["flip"] == pytest.approx(0, abs=1e-6)


def test_files_that_it_leaves(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    out = tmp_path / "some" / "where"
    summary = score_split(
        avatar, capture, "train", out, dimmed, lambda stage, fraction: steps.append((stage, fraction))
    )
    assert steps == [("scoring", 1 / 3), ("scoring", 2 / 3), ("scoring", 1.0)]
    assert json.loads((out / "metrics.json").read_text()) == summary
    assert summary["avatar"] == {"name": "tri", "gaussians": 5}
    assert list(summary["images"]) == ["t000_cam00", "t000_cam01", "t001_cam00"]
    assert sorted(path.name for path in out.iterdir()) == [
        "contact_sheet.png",
        "masks",
        "metrics.json",
        "renders",
        "truth",
    ]
    assert sorted(path.name for path in (out / "renders").iterdir()) == [f"{stem}.png" for stem in summary["images"]]
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width > 3 * 24
        assert sheet.height > 3 * 16


def test_scores_follow_from_the_written_files(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    summary = score_split(avatar, capture, "test", tmp_path / "out", dimmed)
    for frame in capture.split("test"):
        stem = Path(frame.name).stem
        render = np.asarray(Image.open(tmp_path / "out" / "renders" / f"{stem}.png"), np.float64) / 255
        image, matte = (array.astype(np.float64) / 255 for array in load_frame(frame))
        assert render.shape == (16, 24, 4)
        shown = render[..., :3] * render[..., 3:] + 0.6 * (1 - render[..., 3:])
        true = image * matte[..., None] + 0.6 * (1 - matte[..., None])
        error = (shown - true) ** 2
        scores = summary["images"][stem]
        assert scores["psnr"] == pytest.approx(-10 * np.log10(error.mean()), abs=1e-4)
        assert scores["psnr_masked"] == pytest.approx(-10 * np.log10(error[matte > 0].mean()), abs=1e-4)
    values = [scores["psnr"] for scores in summary["images"].values()]
    assert summary["mean"]["psnr"] == pytest.approx(np.mean(values))


def test_values_outside_of_the_range_are_cut(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    score_split(avatar, capture, "val", tmp_path / "out", lambda frame: np.full((16, 24, 4), 1.5, np.float32))
    render = np.asarray(Image.open(tmp_path / "out" / "renders" / "t001_cam01.png"))
    assert (render == 255).all()


def test_pictures_with_the_same_stem_keep_apart(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    names = ("cam0/0001.png", "cam1/0001.png", "cam1/0002.png")
    frames = tuple(replace(frame, name=name) for frame, name in zip(capture.frames[:3], names, strict=True))
    summary = score_split(avatar, replace(capture, frames=frames), "train", tmp_path / "out", truth)
    assert list(summary["images"]) == ["cam0_0001", "cam1_0001", "0002"]


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (("p/a.jpg", "p/a.png", "p/b.png"), ["p_a", "p_a_2", "b"]),
        (("x/y.png", "z/y.png", "x_y.png"), ["x_y", "z_y", "x_y_2"]),
    ],
)
def test_no_picture_takes_the_place_of_another(
    avatar: Avatar, capture: Capture, tmp_path: Path, names: tuple[str, ...], stems: list[str]
) -> None:
    frames = tuple(replace(frame, name=name) for frame, name in zip(capture.frames[:3], names, strict=True))

    def once_wrong(frame: Frame) -> np.ndarray:
        return truth(frame) * np.float32(frame.name != names[0])

    summary = score_split(avatar, replace(capture, frames=frames), "train", tmp_path / "out", once_wrong)
    assert list(summary["images"]) == stems
    assert sorted(path.stem for path in (tmp_path / "out" / "renders").iterdir()) == sorted(stems)
    scores = [image["psnr"] for image in summary["images"].values()]
    assert scores[0] < PSNR_CEILING / 2 and scores[1:] == [PSNR_CEILING] * 2
    assert summary["mean"]["psnr"] == pytest.approx(np.mean(scores))


def test_an_empty_matte_has_no_masked_score(avatar: Avatar, capture: Capture) -> None:
    (frame,) = capture.split("val")
    assert isinstance(frame.mask, PictureFile)
    Image.new("L", (24, 16)).save(frame.mask.path)
    summary = score_split(avatar, capture, "val", None, truth)
    assert summary["mean"]["psnr_masked"] is None
    assert summary["mean"]["psnr"] == PSNR_CEILING


def test_a_render_of_nothing_scores_nothing_where_the_head_is(capture: Capture, avatar: Avatar) -> None:
    """Against a matte of nothing as well; and a head that no camera sees is said."""
    (frame,) = capture.split("val")
    assert isinstance(frame.mask, PictureFile)
    Image.new("L", (24, 16)).save(frame.mask.path)
    triangle = np.float32([[0, -0.3, 0.3], [0, 0.3, 0.3], [0, 0, -0.3]])
    large = replace(avatar, rig=replace(avatar.rig, template=triangle))

    def nothing(frame: Frame) -> np.ndarray:
        return np.zeros((16, 24, 4), np.float32)

    def still(frame: Frame) -> PoseParameters:
        return PoseParameters.neutral(avatar.rig)

    blind = score_split(large, capture, "val", None, nothing)["mean"]
    seen = score_split(large, capture, "val", None, nothing, pose=still)["mean"]
    assert blind["psnr"] == PSNR_CEILING and blind["psnr_head"] is None
    assert seen["psnr"] < 20 and seen["psnr_masked"] == seen["psnr_head"] < 12
    away = replace(avatar, rig=replace(avatar.rig, template=triangle + np.float32([9, 0, 0])))
    with pytest.raises(CaptureError, match="no camera of the split 'val' sees the head of the rig"):
        score_split(away, capture, "val", None, nothing, pose=still)


def test_an_empty_split(avatar: Avatar, capture: Capture) -> None:
    bare = replace(capture, splits=capture.splits | {"val": ()})
    with pytest.raises(CaptureError) as caught:
        score_split(avatar, bare, "val", None, truth)
    assert str(caught.value) == f"{capture.root}: the split 'val' has no frames, expected one of train, test"


def test_a_folder_that_cannot_be_made(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        score_split(avatar, capture, "val", tmp_path / "file" / "out", truth)
    assert str(caught.value) == f"cannot make the folder {tmp_path}/file/out/renders: {tmp_path}/file is a file"


def test_a_failing_render_ends_the_evaluation(avatar: Avatar, capture: Capture, tmp_path: Path) -> None:
    def broken(frame: Frame) -> np.ndarray:
        raise CaptureError("out of pictures")

    with pytest.raises(CaptureError, match="out of pictures"):
        score_split(avatar, capture, "train", tmp_path / "out", broken)
    assert not (tmp_path / "out" / "metrics.json").exists()
