"""Photos as they come off phones: turned by EXIF, of any format, under any name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture.photos.gather import copied, digests_of, names_of, photos_of
from splatavatar.errors import CaptureError, SplatAvatarError
from splatavatar.pictures import read_picture

STORED = np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def save(path: Path, orientation: int | None = None, kind: str | None = None) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.fromarray(STORED).save(path, kind, exif=exif)
    return path


@pytest.mark.parametrize("orientation", [None, 1])
@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".png"])
def test_upright_photos_are_copied_as_they_are(
    tmp_path: Path, images: Path, suffix: str, orientation: int | None
) -> None:
    source = save(tmp_path / f"a{suffix}", orientation)
    photo = copied(source, images, set())
    assert (photo.name, photo.width, photo.height) == (f"a{suffix}", 12, 8)
    assert (images / photo.name).read_bytes() == source.read_bytes()
    assert digests_of([source]) == {source.name: hashlib.sha256(source.read_bytes()).hexdigest()}
    assert photo.jpeg == (suffix != ".png")


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_photos_that_exif_turns_are_copied_upright(tmp_path: Path, images: Path, orientation: int, turns: int) -> None:
    source = save(tmp_path / "a.jpg", orientation)
    stored = read_picture(save(tmp_path / "plain.jpg"), SplatAvatarError)
    photo = copied(source, images, set())
    assert photo.name == "a.png" and photo.jpeg
    found = np.asarray(Image.open(images / "a.png"))
    assert (photo.height, photo.width) == found.shape[:2]
    np.testing.assert_array_equal(found, np.rot90(stored, turns))


def test_other_formats_become_png(tmp_path: Path, images: Path) -> None:
    photo = copied(save(tmp_path / "a.bmp"), images, set())
    assert photo.name == "a.png" and not photo.jpeg
    np.testing.assert_array_equal(np.asarray(Image.open(images / "a.png")), STORED)
    # Called otherwise than it is.
    assert copied(save(tmp_path / "b.png", kind="JPEG"), images, set()).name == "b.jpg"


def test_names_are_such_as_every_program_takes(tmp_path: Path, images: Path) -> None:
    taken: set[str] = set()
    sources = ["me 1.png", "me_1.png", "ü\n#.png", "...png", "x" * 200 + ".png", os.fsdecode(b"\xff.png")]
    found = [copied(save(tmp_path / name, kind="PNG"), images, taken).name for name in sources]
    assert found == ["me_1.png", "me_1-2.png", "___.png", "photo.png", "x" * 100 + ".png", "_.png"]
    assert taken == set(found) == {path.name for path in images.iterdir()}


def test_the_order_is_that_in_which_people_count(tmp_path: Path) -> None:
    for name in ("a10.png", "a9.png", "a1.jpg", "._a1.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in photos_of(tmp_path)] == ["a1.jpg", "a9.png", "a10.png"]


def test_too_few(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r": 0 photos \(\.jpg, .*\), expected 3 to 2000 of one moment"):
        photos_of(tmp_path)
    (tmp_path / "a.jpg").touch()
    with pytest.raises(CaptureError, match=r": 1 photo \("):
        photos_of(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="absent: no such file, expected a folder of photos"):
        photos_of(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(CaptureError, match=r"file: .*, expected a folder of photos"):
        photos_of(tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"no picture"])
def test_a_file_that_is_no_picture(tmp_path: Path, images: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(CaptureError, match=r"a\.jpg: not a picture, expected a photo\."):
        copied(tmp_path / "a.jpg", images, set())
    assert not list(images.iterdir())


def test_a_photo_that_ends_in_the_middle_is_a_picture_or_refused(tmp_path: Path, images: Path) -> None:
    whole = save(tmp_path / "a.png").read_bytes()
    for length in range(1, len(whole) - 12, 23):
        (tmp_path / "b.png").write_bytes(whole[:length])
        try:
            photo = copied(tmp_path / "b.png", images, set())
        except CaptureError as error:
            assert "not a picture" in str(error)
        else:
            assert (photo.width, photo.height) == (12, 8)


def test_of_many_names_six_are_said(tmp_path: Path, images: Path) -> None:
    photos = [copied(save(tmp_path / f"{number}.png"), images, set()) for number in range(8)]
    assert names_of(photos[:6]) == "0.png, 1.png, 2.png, 3.png, 4.png, 5.png"
    assert names_of(photos) == "0.png, 1.png, 2.png, 3.png, 4.png, 5.png and 2 more"


def test_photos_that_are_not_read_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        save(tmp_path / name)
    (tmp_path / "4.HEIC").write_bytes(b"ftypheic")
    assert [path.name for path in photos_of(tmp_path)] == ["1.jpg", "2.jpg", "3.jpg"]
    assert f"{tmp_path}: 1 picture (.heic) left out, which cannot be read here; convert to JPEG first." in caplog.text
