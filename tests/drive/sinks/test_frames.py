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
