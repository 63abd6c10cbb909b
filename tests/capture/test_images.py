from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Frame
from splatavatar.capture.images import load_frame, load_frames
from splatavatar.capture.references import PictureFile, PictureReference
from splatavatar.errors import CaptureError


def path_of(picture: PictureReference | None) -> Path:
    assert isinstance(picture, PictureFile)
    return picture.path


@pytest.fixture
def frame(tiny_capture: Path) -> Frame:
    return read_capture(tiny_capture).frames[0]


def test_colours_are_rgb_and_the_matte_is_the_mask(frame: Frame) -> None:
    Image.new("RGB", (24, 16), (250, 120, 10)).save(path_of(frame.picture))
    picture, matte = load_frame(frame)
    assert picture.shape == (16, 24, 3)
    assert picture.dtype == matte.dtype == np.uint8
    assert (picture == (250, 120, 10)).all()
    assert (matte[3, 6], matte[4, 6], matte[0, 0]) == (128, 255, 0)


def test_alpha_of_the_picture_stands_in_for_a_missing_mask(frame: Frame) -> None:
    Image.new("RGBA", (24, 16), (1, 2, 3, 77)).save(path_of(frame.picture))
    picture, matte = load_frame(replace(frame, mask=None))
    assert (picture == (1, 2, 3)).all()
    assert (matte == 77).all()
    assert load_frame(frame)[1].max() == 255


def test_no_mask_and_no_alpha(frame: Frame) -> None:
    assert (load_frame(replace(frame, mask=None))[1] == 255).all()


@pytest.mark.parametrize(
    ("mode", "value", "expected"), [("1", 1, 255), ("L", 9, 9), ("I;16", 65535, 255), ("I;16", 257, 1)]
)
def test_masks_of_other_depths(frame: Frame, mode: str, value: int, expected: int) -> None:
    Image.new(mode, (24, 16), value).save(path_of(frame.mask))
    assert (load_frame(frame)[1] == expected).all()


def test_orientation_tags_do_not_turn_the_pixels(frame: Frame) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = path_of(frame.picture).with_suffix(".jpg")
    Image.new("RGB", (24, 16)).save(path, exif=exif)
    assert load_frame(replace(frame, picture=PictureFile(path)))[0].shape == (16, 24, 3)


def test_frames_come_in_order_with_progress(tiny_capture: Path) -> None:
    frames = read_capture(tiny_capture).frames
    steps: list[tuple[int, int]] = []
    loaded = load_frames(frames, lambda done, total: steps.append((done, total)))
    assert steps == [(done, 6) for done in range(1, 7)]
    for one, (picture, _) in zip(frames, loaded, strict=True):
        np.testing.assert_array_equal(picture, load_frame(one)[0])


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_truncated_picture(tiny_capture: Path, frame: Frame, suffix: str) -> None:
    path = path_of(frame.picture).with_suffix(suffix)
    Image.open(path_of(frame.picture)).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CaptureError) as caught:
        load_frames([replace(frame, picture=PictureFile(path))])
    assert str(caught.value) == f"{path}: not a readable image"


def test_a_picture_that_changed_since_reading(frame: Frame) -> None:
    Image.new("RGB", (16, 24)).save(path_of(frame.picture))
    with pytest.raises(CaptureError) as caught:
        load_frame(frame)
    assert str(caught.value) == f"{frame.picture}: 16x24 pixels, expected 24x16"
    path_of(frame.picture).unlink()
    with pytest.raises(CaptureError) as caught:
        load_frame(frame)
    assert str(caught.value) == f"{frame.picture}: no such file, expected a picture."
