from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from splatavatar.drive.sinks.frames import FramesSink, write_png
from splatavatar.errors import OutputError


@pytest.mark.parametrize("channels", [3, 4])
def test_pictures_come_back_exactly(tmp_path: Path, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 31, channels), np.uint8)
    sink = FramesSink(tmp_path / "new" / "%03d.png")
    for image in images:
        sink.write(image)
    sink.close()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["000.png", "001.png", "002.png"]
    order = [2, 1, 0, 3][:channels]
    for index, image in enumerate(images):
        read = cv2.imread(str(tmp_path / "new" / f"{index:03d}.png"), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read[..., order], image)


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.png"
    with pytest.raises(OutputError) as caught:
        write_png(path, np.zeros((4, 4, 3), np.uint8))
    assert str(caught.value) == f"cannot write {path}: its folder does not exist"


def test_pictures_that_replace_others_wait_until_all_are_there(tmp_path: Path) -> None:
    new = np.zeros((4, 4, 3), np.uint8)
    (tmp_path / "0001.png").write_bytes(b"older")
    for ending, left in (("discard", ["0001.png"]), ("close", ["0000.png", "0001.png"])):
        sink = FramesSink(tmp_path / "%04d.png")
        sink.write(new)
        sink.write(new)
        assert (tmp_path / "0001.png").read_bytes() == b"older"
        getattr(sink, ending)()
        assert sorted(path.name for path in tmp_path.iterdir()) == left
    assert (tmp_path / "0001.png").read_bytes().startswith(b"\x89PNG")
    sink = FramesSink(tmp_path / "%04d.png")
    sink.write(new)
    kept = sink.keep()
    assert (kept.place, kept.instead) == (tmp_path / "part" / "%04d.png", tmp_path / "%04d.png")
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["0000.png"]


def test_what_remains_of_a_longer_film_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They look as if they were the end of the new one."""
    for count, said in ((5, []), (5, []), (3, ["3 pictures are new; 2 older ones with higher numbers remain"])):
        caplog.clear()
        sink = FramesSink(tmp_path / "%04d.png")
        for _ in range(count):
            sink.write(np.full((4, 4, 3), count, np.uint8))
        sink.close()
        lines = [record.getMessage() for record in caplog.records]
        assert lines == [f"{tmp_path / '%04d.png'}: {text}" for text in said]
    assert len(list(tmp_path.iterdir())) == 5
