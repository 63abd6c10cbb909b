"""Frames of a video against an avatar: which of them, and how the finished avatar is followed through them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.scoring.footage import _followed, _habits, _known, _landmarks_alone, clip_of, evaluate_footage
from splatavatar.bake.scoring.metrics import score, unit
from splatavatar.capture.capture import Frame
from splatavatar.capture.head_region import head_region
from splatavatar.capture.images import load_frame
from splatavatar.capture.references import PictureFile
from splatavatar.capture.video.clips import open_clips
from splatavatar.capture.video.extract import ExtractOptions
from splatavatar.errors import CaptureError
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from support.ball import around, ball
from support.shared import shared


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    """A ball with a Gaussian on each triangle, in colours that vary over it."""
    rig = ball()
    F = len(rig.faces)
    centre = rig.template[rig.faces].mean(1)
    colour = (0.5 + 0.4 * np.sin(60 * centre + [0, 1, 2])).astype(np.float32)
    rotation = np.tile(np.float32([1, 0, 0, 0]), (F, 1))
    third = np.full((F, 3), 1 / 3, np.float32)
    scale = np.tile(np.float32([0.5, 0.1, 0.5]), (F, 1))
    bound = BoundGaussians(
        np.arange(F, dtype=np.int32),
        third,
        np.zeros((F, 3), np.float32),
        rotation,
        scale,
        np.full(F, 0.95, np.float32),
        colour,
        np.zeros((F, 3, 3), np.float32),
    )
    none = np.zeros((0, F, 3), np.float32)
    return Avatar(rig, bound, Correctives(none, none, np.zeros((0, 3), np.float32), np.zeros(0, np.float32)))


def pose(avatar: Avatar, yaw: float = 0.0, side: float = 0.0) -> PoseParameters:
    out = PoseParameters.neutral(avatar.rig)
    out.joint_rotations[0, 1], out.translation[0] = yaw, side
    return out


def filmed(avatar: Avatar, poses: list[PoseParameters], folder: Path, cameras: list[int] | None = None) -> list[Frame]:
    """Pictures of the avatar in ``poses``."""
    (view,) = around(np.zeros(1))
    renderer, frames = CpuRenderer(avatar), []
    for i, standing in enumerate(poses):
        rgba = renderer.render(standing, view)
        image, mask = folder / f"{i}.png", folder / f"{i}m.png"
        Image.fromarray(rgba[..., :3]).save(image)
        Image.fromarray(rgba[..., 3]).save(mask)
        frames.append(Frame(f"{i}.png", PictureFile(image), PictureFile(mask), view, cameras[i] if cameras else 0, i))
    return frames


def test_frames_are_followed_from_where_the_landmarks_put_them(avatar: Avatar, tmp_path: Path) -> None:
    """And shown better than they alone do."""
    truth = [pose(avatar, 0.05 * i, 0.002 * i) for i in range(4)]
    starts = [pose(avatar, p.joint_rotations[0, 1] + 0.03, p.translation[0] - 0.004) for p in truth]
    frames, told = filmed(avatar, truth, tmp_path), []
    found = list(
        _followed(avatar, CpuRenderer(avatar), frames, starts, lambda stage, fraction: told.append((stage, fraction)))
    )
    assert told == [("following the face", quarter / 4) for quarter in (1, 2, 3, 4)]
    # A turn of a ball looks much like a shift: the first frames trade one for the other.
    for f, t in zip(found[2:], truth[2:], strict=True):
        assert abs(f.translation[0] - t.translation[0]) < 0.0005
        assert abs(f.joint_rotations[0, 1] - t.joint_rotations[0, 1]) < 0.005
    renderer = CpuRenderer(avatar)
    alone, followed, right = (_landmarks_alone(renderer, frames, poses) for poses in (starts, found, truth))
    assert alone["psnr"] + 6 < followed["psnr"] <= right["psnr"] + 0.1
    assert alone["psnr_masked"] < alone["psnr"] and right["psnr_masked"] > 35


def test_what_landmarks_give_is_scored_by_the_rule_for_all_scores(avatar: Avatar, tmp_path: Path) -> None:
    """Emptiness scores nothing where the head is: beside ``mean`` stands what can be compared with it."""
    poses, renderer = [pose(avatar)] * 2, CpuRenderer(avatar)
    frames = filmed(avatar, poses, tmp_path)
    assert isinstance(frames[1].mask, PictureFile)
    camera = frames[1].camera
    Image.new("L", (camera.width, camera.height)).save(frames[1].mask.path)
    head = head_region(avatar.rig, pose_numpy(avatar.rig, poses[0]), camera)
    right = [score(unit(renderer.render(poses[0], camera)), *load_frame(frame), head) for frame in frames]
    alone = _landmarks_alone(renderer, frames, poses)
    assert alone["psnr"] == pytest.approx(np.mean([one.psnr for one in right]), abs=0.1)
    assert alone["psnr_masked"] == pytest.approx(np.mean([one.psnr_masked for one in right]), abs=0.1)
    far = PoseParameters(poses[0].expression, poses[0].joint_rotations, np.float32([9, 0, 0]))
    nowhere = _landmarks_alone(renderer, frames[1:], [far])
    assert nowhere["psnr_masked"] is None and nowhere["psnr"] is not None


def test_what_was_put_right_before_is_put_right_again(avatar: Avatar, tmp_path: Path) -> None:
    """An error that a single frame cannot make good is, after a few frames that share it; another camera starts
    anew."""
    truth = [pose(avatar)] * 8
    starts = [pose(avatar, side=0.02)] * 8
    frames = filmed(avatar, truth, tmp_path, [0] * 6 + [1] * 2)
    off = [
        abs(float(p.translation[0]))
        for p in _followed(avatar, CpuRenderer(avatar), frames, starts, lambda done, total: None)
    ]
    assert off[0] > 0.01 and off[5] < 0.5 * off[0]
    assert off[6] == pytest.approx(off[0], abs=1e-6)


def write_video(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(10):
            image = np.full((48, 64, 3), 20 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "me.mp4"
    write_video(path)
    return path


def remembering(avatar: Avatar, video: Path, holdout: float | None, yaw: float | None = None) -> Avatar:
    """An avatar baked from another clip and ``video``."""
    tracking: dict[str, Any] = {
        "focal": [500.0, 700.0],
        "T_camera_rig": [np.eye(4).tolist()] * 2,
        "habits": [[0, 0, 0.1]],
    }
    footage = {
        "sha256": ["another", open_clips([video])[0].info.sha256],
        "window": {"size": 300},
        "tracking": tracking,
    }
    return replace(avatar, metadata={"capture": {"holdout": holdout, "holdout_yaw": yaw}, "footage": footage})


def test_the_end_that_was_kept_out_is_the_test(avatar: Avatar, video: Path) -> None:
    known, options = _known(remembering(avatar, video, 0.2), video, "test", ExtractOptions(face=2), 2)
    assert options.part == pytest.approx((0.8, 1.0))
    assert options.yaw is None and options.face == 2
    assert known is not None and known.focal == 700 and known.window == 300
    assert _known(remembering(avatar, video, 0.2), video, "train", ExtractOptions(), 2)[1].part == pytest.approx(
        (0, 0.8)
    )


def test_the_turned_heads_that_were_kept_out_are_the_test(avatar: Avatar, video: Path) -> None:
    baked = remembering(avatar, video, 0.0, yaw=0.4)
    tested, trained = (_known(baked, video, split, ExtractOptions(), 2)[1] for split in ("test", "train"))
    assert tested.yaw == pytest.approx((0.4, np.pi))
    assert trained.yaw == pytest.approx((0, 0.4))
    assert tested.part == trained.part == (0.0, 1.0)


def test_of_another_video_all_is_the_test(avatar: Avatar, video: Path, tmp_path: Path) -> None:
    elsewhere = remembering(avatar, video, 0.2)
    assert clip_of(elsewhere, video, "test", None) == 2
    video.write_bytes(video.read_bytes() + b"\0")
    assert clip_of(elsewhere, video, "test", None) == 0
    assert clip_of(avatar, video, "test", None) == 0  # one that remembers nothing
    assert _known(elsewhere, video, "test", ExtractOptions(), 0) == (None, ExtractOptions())


def test_of_clips_without_a_checksum_somebody_says_which(avatar: Avatar, video: Path) -> None:
    """Where it matters; else a video is another than those of the bake."""
    unnamed = remembering(avatar, video, 0.2)
    del unnamed.metadata["footage"]["sha256"]
    assert [clip_of(unnamed, video, "test", said) for said in (0, 1, 2)] == [0, 1, 2]
    assert [clip_of(remembering(avatar, video, 0.2), video, "test", said) for said in (0, 1)] == [0, 1]
    with pytest.raises(CaptureError) as error:
        clip_of(unnamed, video, "test", None)
    assert str(error.value) == (
        f"{video}: the avatar does not say which clips it was baked from; "
        "say --clip 1 where this is its first, --clip 0 where it is none of them"
    )
    with pytest.raises(CaptureError, match=r"^--clip 3: the avatar was baked from 2 clips of video$"):
        clip_of(unnamed, video, "test", 3)
    with pytest.raises(CaptureError, match=r"^--clip 1: the avatar was baked from 0 clips of video$"):
        clip_of(avatar, video, "test", 1)
    whole = remembering(avatar, video, 0.0)
    del whole.metadata["footage"]["sha256"]
    assert clip_of(whole, video, "val", None) == 0
    with pytest.raises(CaptureError, match="does not say which clips"):
        clip_of(whole, video, "train", None)


@pytest.mark.parametrize(
    ("holdout", "yaw", "split", "end"),
    [
        (None, None, "test", "from all of this video; bake with some of it held out (last:20% or yaw:25)"),
        (0.2, None, "val", "from its beginning; the end is 'test'"),
        (0.0, 0.4, "val", "from the pictures in which the head is turned less; the others are 'test'"),
    ],
)
def test_splits_that_there_are_not(
    avatar: Avatar, video: Path, holdout: float | None, yaw: float | None, split: str, end: str
) -> None:
    with pytest.raises(CaptureError) as error:
        _known(remembering(avatar, video, holdout, yaw), video, split, ExtractOptions(), 2)
    assert str(error.value) == f"{video}: no frames of the split {split!r}: the avatar was baked {end}"


def test_habits_are_remembered(avatar: Avatar, video: Path) -> None:
    assert _habits(remembering(avatar, video, None)).tolist() == [[0, 0, 0.1]]
    assert _habits(avatar).tolist() == [[0, 0, 0]]


@pytest.mark.slow
def test_a_video_from_end_to_end(tmp_path: Path) -> None:
    """A mannequin instead of the person: followed, it shows more of the video than where the landmarks alone put it."""
    from splatavatar.rig.loader import load_rig

    clip = shared("videos/liveportrait-d18.mp4")
    rig = load_rig("anny-head", {})
    F = len(rig.faces)
    bound = BoundGaussians(
        np.arange(F, dtype=np.int32),
        np.full((F, 3), 1 / 3, np.float32),
        np.zeros((F, 3), np.float32),
        np.tile(np.float32([1, 0, 0, 0]), (F, 1)),
        np.tile(np.float32([0.5, 0.1, 0.5]), (F, 1)),
        np.full(F, 0.95, np.float32),
        np.tile(np.float32([0.8, 0.6, 0.5]), (F, 1)),
        np.zeros((F, 3, 3), np.float32),
    )
    none = np.zeros((0, F, 3), np.float32)
    linear = Correctives(none, none, np.zeros((0, rig.corrective_inputs), np.float32), np.zeros(0, np.float32))
    metrics = evaluate_footage(Avatar(rig, bound, linear, {"name": "nobody"}), clip, "test", tmp_path / "out")
    assert metrics["mean"]["psnr"] > metrics["landmarks_alone"]["psnr"] > 8
    assert len(metrics["images"]) == len(list((tmp_path / "out" / "truth").iterdir())) > 50
