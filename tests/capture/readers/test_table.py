from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.readers.table import READERS, reader_of
from splatavatar.errors import CaptureError


def test_a_folder_is_read_by_the_reader_that_knows_it(tiny_capture: Path) -> None:
    reader = reader_of(tiny_capture)
    assert reader is not None and reader.name == "nerfstudio"
    read, again = reader.read(tiny_capture, None, False), read_capture(tiny_capture)
    assert [frame.picture for frame in read.frames] == [frame.picture for frame in again.frames]
    assert read.splits == again.splits


def test_a_folder_that_no_reader_knows(tmp_path: Path) -> None:
    assert reader_of(tmp_path) is None
    with pytest.raises(CaptureError, match="no images in this folder"):
        read_capture(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(CaptureError, match=r"no transforms\.json beside the images"):
        read_capture(tmp_path)


def test_names_are_unique() -> None:
    assert len({reader.name for reader in READERS}) == len(READERS)
