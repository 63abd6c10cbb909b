"""A capture as nerfstudio has it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from nerfstudio.configs.dataparser_configs import all_dataparsers
from splatavatar_nerfstudio.datamanager import CaptureDataset
from splatavatar_nerfstudio.dataparser import SUBJECT, SplatAvatarDataParser, SplatAvatarDataParserConfig
from splatavatar_nerfstudio.world import T_WORLD_RIG, TIMESTEP, camera_of

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.errors import CaptureError, RigError, SettingsError


@pytest.fixture(scope="module")
def parser(capture: Path) -> SplatAvatarDataParser:
    return SplatAvatarDataParser(SplatAvatarDataParserConfig(data=capture))


def test_nerfstudio_finds_it() -> None:
    assert isinstance(all_dataparsers["splat-avatar-data"], SplatAvatarDataParserConfig)


@pytest.mark.parametrize(
    ("split", "count", "timesteps"), [("train", 54, range(6)), ("val", 6, range(6)), ("test", 10, [6])]
)
def test_the_splits_are_the_captures(
    parser: SplatAvatarDataParser, capture: Path, split: str, count: int, timesteps: list[int]
) -> None:
    outputs = parser.get_dataparser_outputs(split)
    frames = read_capture(capture).split(split)
    assert len(outputs.image_filenames) == len(outputs.cameras) == len(frames) == count
    assert outputs.image_filenames[0] == frames[0].picture.path  # type: ignore[attr-defined]
    assert outputs.cameras.metadata is not None
    assert set(outputs.cameras.metadata[TIMESTEP].flatten().tolist()) == set(timesteps)
    for number in (0, count - 1):
        back = camera_of(outputs.cameras[number : number + 1])
        np.testing.assert_allclose(back.T_camera_world, frames[number].camera.T_camera_world, atol=1e-6)


def test_it_has_time_and_is_in_metres(parser: SplatAvatarDataParser) -> None:
    outputs = parser.get_dataparser_outputs("val")
    assert parser.includes_time
    assert outputs.cameras.times is not None
    assert outputs.cameras.times.flatten().tolist() == pytest.approx([i / 6 for i in range(6)])
    assert outputs.dataparser_scale == 1
    np.testing.assert_array_equal(outputs.dataparser_transform.numpy(), T_WORLD_RIG[:3])
    low, high = outputs.scene_box.aabb
    head = parser.subject.rig.template @ T_WORLD_RIG[:3, :3].T
    assert (low.numpy() < head.min(0)).all() and (high.numpy() > head.max(0)).all()
    assert float((high - low).max()) < 1


def test_pictures_come_with_their_mattes(parser: SplatAvatarDataParser, capture: Path) -> None:
    dataset = CaptureDataset(parser.get_dataparser_outputs("val"))
    data = dataset.get_data(3, image_type="uint8")
    picture, matte = load_frame(read_capture(capture).split("val")[3])
    np.testing.assert_array_equal(data["image"].numpy(), np.dstack([picture, matte]))
    assert data["frame"].name == "images/t03_cam03.jpg"
    assert dataset[3]["image"].dtype == torch.float32


def test_pictures_are_not_resized(parser: SplatAvatarDataParser) -> None:
    with pytest.raises(SettingsError, match=r"camera-res-scale-factor 0\.5: splat-avatar bakes pictures as they are"):
        CaptureDataset(parser.get_dataparser_outputs("val"), 0.5)


def test_a_split_without_pictures_is_another(parser: SplatAvatarDataParser) -> None:
    subject = deepcopy(parser.get_dataparser_outputs("train").metadata)[SUBJECT]
    assert subject is parser.subject  # data sets copy what they are told
    capture = subject.capture
    bare = type(subject)(
        type(capture)(capture.root, capture.frames, {**capture.splits, "test": (), "val": ()}, capture.rig_parameters),
        *(subject.parameters, subject.rig, subject.footage, subject.settings),
    )
    assert bare.frames("test") == bare.frames("val") == bare.frames("train") == subject.frames("train")


def test_what_is_wrong_is_said(capture: Path, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such folder"):
        SplatAvatarDataParserConfig(data=tmp_path / "none").setup().get_dataparser_outputs()
    with pytest.raises(RigError, match="the rig parameters are of anny-head, the bake asks for anny-bust"):
        SplatAvatarDataParserConfig(data=capture, rig="anny-bust").setup().get_dataparser_outputs()
