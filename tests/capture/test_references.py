from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.images import image_sizes, load_frame
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError


@dataclass(frozen=True)
class InMemory:
    """A picture that no file holds, as a reader of archives or videos would give it."""

    png: bytes

    def __str__(self) -> str:
        return "takes.zip: 0001.png"

    @contextmanager
    def opened(self) -> Iterator[Image.Image]:
        with Image.open(io.BytesIO(self.png)) as image:
            yield image

    def fingerprint(self) -> bytes:
        return self.png


def png(size: tuple[int, int], value: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", size, value).save(out, "png")
    return out.getvalue()


def test_a_frame_may_refer_to_a_picture_that_is_no_file(tiny_capture: Path) -> None:
    frame = read_capture(tiny_capture).frames[0]
    picture, matte = load_frame(replace(frame, picture=InMemory(png((24, 16), 7)), mask=InMemory(png((24, 16), 255))))
    assert picture.shape == (16, 24, 3) and (picture == 7).all() and (matte == 255).all()
    with pytest.raises(CaptureError, match=r"^takes\.zip: 0001\.png: 5x5 pixels, expected 24x16$"):
        load_frame(replace(frame, picture=InMemory(png((5, 5), 7))))


def test_a_file_is_opened_and_tells_when_it_changes(tmp_path: Path) -> None:
    picture = PictureFile(tmp_path / "a.png")
    Image.new("RGB", (3, 2), (1, 2, 3)).save(picture.path)
    before = picture.fingerprint()
    with picture.opened() as image:
        assert np.asarray(image).tolist() == [[[1, 2, 3]] * 3] * 2
    assert image_sizes([picture]) == {picture: (3, 2)}
    Image.new("RGB", (3, 2), (1, 2, 4)).save(picture.path)
    assert picture.fingerprint() != before


def test_what_is_gone_or_no_picture_is_said(tmp_path: Path) -> None:
    gone, text = PictureFile(tmp_path / "gone.png"), PictureFile(tmp_path / "text.png")
    text.path.write_text("no picture")
    for read in (gone.fingerprint, lambda: image_sizes([gone])):
        with pytest.raises(CaptureError, match=r"gone\.png: no such file, expected a picture\.$"):
            read()
    with pytest.raises(CaptureError, match=r"text\.png: not a readable image$"):
        image_sizes([text])
