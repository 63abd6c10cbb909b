"""The pictures of a bake in memory: once, and not where they find no room."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.bake.scene.targets import load_targets
from splatavatar.capture.capture import Frame
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.render.camera import look_at


def frames_of(picture: Path, side: int, count: int) -> list[Frame]:
    camera = look_at(np.array([0.0, 0.0, 1.0]), np.zeros(3), 0.5, side, side)
    return [Frame(f"{number}.png", PictureFile(picture), None, camera, 0, number) for number in range(count)]


def test_pictures_are_held_once(tmp_path: Path) -> None:
    side, count = 500, 16
    Image.fromarray(np.full((side, side, 4), 255, np.uint8)).save(tmp_path / "a.png")
    frames = frames_of(tmp_path / "a.png", side, count)
    tracemalloc.start()
    try:
        targets = load_targets(frames)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(targets) == count
    assert most < 1.5 * 4 * side * side * count


def test_pictures_that_no_memory_holds_are_told_before_any_is_read(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as told:
        load_targets(frames_of(tmp_path / "absent.png", 16_000, 200_000))
    assert str(told.value) == (
        "the 200000 pictures of 0.png and on need 204800.0 GB of memory, which are not left here; make them smaller, "
        "or give fewer of them"
    )
