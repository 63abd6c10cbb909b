from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture.video.clips import open_clips
from splatavatar.errors import CaptureError, SettingsError
from support.footage import BLUE, GREEN, GREY, RED, corners, numbered, quarters, write_video

pytest.importorskip("av")


def folder_of_pictures(root: Path, names: list[str], size: tuple[int, int] = (40, 30)) -> Path:
    """Picture k, in the order of ``names``, has the value k."""
    root.mkdir()
    for number, name in enumerate(names):
        Image.new("RGB", size, (number,) * 3).save(root / name)
    return root


def test_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "me.mp4", numbered(12))
    (clip,) = open_clips([path])
    info = clip.info
    assert (info.name, info.path, info.width, info.height) == ("me.mp4", str(path), 64, 48)
    assert (info.frames, info.fps, info.codec, info.hdr, info.still) == (12, 25.0, "h264", False, False)
    assert info.duration == pytest.approx(12 / 25)
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    frames = list(clip.frames())
    assert [frame.index for frame in frames] == list(range(12))
    assert frames[-1].time == pytest.approx(11 / 25)


def test_pictures_come_in_the_order_people_count_in(tmp_path: Path) -> None:
    names = ["f1.png", "f2.PNG", "f10.png", "f11.jpg"]
    folder = folder_of_pictures(tmp_path / "p", names)
    (folder / "._f1.png").write_bytes(b"not a picture")
    (folder / "notes.txt").write_text("not a picture")
    (clip,) = open_clips([folder])
    assert [int(frame.image.mean()) for frame in clip.frames()] == [0, 1, 2, 3]
    assert [int(frame.image.mean()) for frame in clip.frames({3, 1})] == [1, 3]
    assert (clip.info.frames, clip.info.fps, clip.info.still) == (4, 25.0, True)


def test_names_with_signs_that_only_look_like_digits(tmp_path: Path) -> None:
    names = ["f2.png", "f10.png", "f².png"]
    (clip,) = open_clips([folder_of_pictures(tmp_path / "p", names)])
    assert [int(frame.image.mean()) for frame in clip.frames()] == [0, 1, 2]


def test_the_rate_of_pictures(tmp_path: Path) -> None:
    folder = folder_of_pictures(tmp_path / "p", ["a.png", "b.png", "c.png"])
    (clip,) = open_clips([folder], fps=10)
    assert [frame.time for frame in clip.frames()] == pytest.approx([0, 0.1, 0.2])
    assert clip.info.duration == pytest.approx(0.3)
    with pytest.raises(SettingsError, match=r"must be above 0, got 0$"):
        open_clips([folder], fps=0)


def test_pictures_of_a_phone_that_was_turned(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    exif = Image.Exif()
    exif[274] = 6  # orientation: to be turned clockwise
    Image.fromarray(quarters()).save(folder / "a.png", exif=exif)
    (frame,) = open_clips([folder])[0].frames()
    assert corners(frame.image) == [list(BLUE), list(RED), list(GREY), list(GREEN)]


def test_the_hash_is_of_names_and_contents(tmp_path: Path) -> None:
    one = open_clips([folder_of_pictures(tmp_path / "a", ["1.png", "2.png"])])[0].info.sha256
    same = open_clips([folder_of_pictures(tmp_path / "b", ["1.png", "2.png"])])[0].info.sha256
    renamed = open_clips([folder_of_pictures(tmp_path / "c", ["1.png", "3.png"])])[0].info.sha256
    other = open_clips([folder_of_pictures(tmp_path / "d", ["1.png", "2.png"], (8, 8))])[0].info.sha256
    assert one == same
    assert len({one, renamed, other}) == 3


def test_several_clips_keep_their_order(tmp_path: Path) -> None:
    paths = [write_video(tmp_path / name, numbered(5)) for name in ("orbit.mp4", "faces.mp4")]
    assert [clip.info.name for clip in open_clips(paths)] == ["orbit.mp4", "faces.mp4"]


def test_a_folder_of_videos_is_the_cameras_of_one_take(tmp_path: Path) -> None:
    for name, count in (("cam10.mp4", 9), ("cam2.mov", 10)):
        write_video(tmp_path / name, numbered(count))
    assert [clip.info.name for clip in open_clips([tmp_path])] == ["cam2.mov", "cam10.mp4"]


def test_cameras_that_did_not_run_together(tmp_path: Path) -> None:
    for name, count in (("left.mp4", 12), ("right.mp4", 10)):
        write_video(tmp_path / name, numbered(count))
    with pytest.raises(CaptureError) as caught:
        open_clips([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}: its videos differ in length, right.mp4 has 10 frames and left.mp4 has 12; "
        "the cameras of one take must run together"
    )


def test_cameras_beside_other_clips(tmp_path: Path) -> None:
    cameras = tmp_path / "cameras"
    cameras.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_video(cameras / name, numbered(5))
    other = write_video(tmp_path / "other.mp4", numbered(5))
    with pytest.raises(CaptureError, match=r"a folder of several videos is one capture; give it alone$"):
        open_clips([cameras, other])


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"gone\.mp4: no such file or folder, expected a video$"):
        open_clips([tmp_path / "gone.mp4"])


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"no videos and no pictures in this folder, expected \.jpg, "):
        open_clips([tmp_path])


def test_a_picture_of_another_size(tmp_path: Path) -> None:
    folder = folder_of_pictures(tmp_path / "p", ["1.png", "2.png"])
    Image.new("RGB", (10, 20)).save(folder / "3.png")
    with pytest.raises(CaptureError, match=r"3\.png: 10x20 pixels, the first picture of the folder has 40x30$"):
        list(open_clips([folder])[0].frames())


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    folder = folder_of_pictures(tmp_path / "p", ["1.png", "2.png"])
    (folder / "2.png").write_bytes(np.arange(100, dtype=np.uint8).tobytes())
    with pytest.raises(CaptureError, match=r"2\.png: not a readable image$"):
        list(open_clips([folder])[0].frames())


def test_pictures_of_16_bits(tmp_path: Path) -> None:
    """Machine cameras leave them; clipped instead of scaled they were white."""
    (tmp_path / "p").mkdir()
    ramp = np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (30, 1))
    for number in (1, 2):
        Image.fromarray(ramp).save(tmp_path / "p" / f"{number}.png")
    frames = list(open_clips([tmp_path / "p"])[0].frames())
    np.testing.assert_array_equal(frames[1].image, np.repeat((ramp // 257)[..., None], 3, 2))


def test_a_folder_of_camcorder_films(tmp_path: Path) -> None:
    write_video(tmp_path / "00000.m2ts", numbered(5), container_format="mpegts")
    assert [clip.info.name for clip in open_clips([tmp_path])] == ["00000.m2ts"]


def test_pictures_of_phones_that_are_not_read_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = folder_of_pictures(tmp_path / "p", ["1.png", "3.png"])
    for name in ("2.HEIC", "4.heic", "5.dng", "._4.heic"):
        (folder / name).write_bytes(b"no picture that is read")
    assert open_clips([folder])[0].info.frames == 2
    assert (
        f"{folder}: 3 pictures (.dng, .heic) left out, which cannot be read here; convert to JPEG first." in caplog.text
    )
