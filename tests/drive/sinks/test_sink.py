from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.encoded import EncodedVideo
from splatavatar.drive.sinks.frames import FramesSink
from splatavatar.drive.sinks.opening import frame_rate, open_sink, open_sinks
from splatavatar.drive.sinks.sink import Sink
from splatavatar.errors import OutputError


def test_the_name_decides(tmp_path: Path) -> None:
    video = open_sink(tmp_path / "a.mp4", 30, 64, 64, transparent=False)
    assert isinstance(video, EncodedVideo)
    video.discard()
    assert isinstance(open_sink(tmp_path / "%05d.png", 30, 64, 64, transparent=True), FramesSink)


@pytest.mark.parametrize(
    ("name", "transparent", "message"),
    [
        (
            "a.gif",
            False,
            "unknown kind of output, expected a video (out.mp4, out.webm) or numbered pictures (frames/%05d.png).",
        ),
        (
            "a",
            False,
            "unknown kind of output, expected a video (out.mp4, out.webm) or numbered pictures (frames/%05d.png).",
        ),
        (
            "a.mp4",
            True,
            "an mp4 cannot be transparent; give a background colour, or write out.webm or frames/%05d.png.",
        ),
        ("a.png", False, "a sequence of pictures needs one number in its name, such as frames/%05d.png."),
        ("%d-%d.png", False, "a sequence of pictures needs one number in its name, such as frames/%05d.png."),
        ("%s.png", False, "a sequence of pictures needs one number in its name, such as frames/%05d.png."),
    ],
)
def test_refuses(tmp_path: Path, name: str, transparent: bool, message: str) -> None:
    with pytest.raises(OutputError) as caught:
        open_sink(tmp_path / name, 30, 64, 64, transparent)
    assert str(caught.value) == f"{tmp_path / name}: {message}"


def test_all_sinks_open_or_none(tmp_path: Path) -> None:
    names, seen = ["a.webm", "b.webm", "c.avi"], list[int]()

    def opened(name: str) -> Sink:
        seen.append(len(list(tmp_path.iterdir())))
        sink = open_sink(tmp_path / name, 30, 64, 64, transparent=False)
        sink.write(np.zeros((64, 64, 3), np.uint8))  # from now on there is a file
        return sink

    with pytest.raises(OutputError, match=r"c\.avi: unknown kind"):
        open_sinks([partial(opened, name) for name in names])
    assert seen == [0, 1, 2] and list(tmp_path.iterdir()) == []
    sinks = open_sinks([partial(opened, name) for name in names[:2]])
    for sink in sinks:
        sink.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == names[:2]


def test_refuses_an_odd_size(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        open_sink(tmp_path / "a.mp4", 30, 63, 64, transparent=False)
    assert str(caught.value) == f"{tmp_path / 'a.mp4'}: a video needs an even width and height, got 63x64."


@pytest.mark.parametrize("name", ["a.mp4", "%d.png"])
def test_refuses_a_folder_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / name
    with pytest.raises(OutputError) as caught:
        open_sink(path, 30, 64, 64, transparent=False)
    assert str(caught.value) == f"cannot make the folder {path.parent}: {path.parent} is a file"


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (30.0, Fraction(30)),
        (29.97, Fraction(30000, 1001)),
        (24000 / 1001, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (25.0, Fraction(25)),
    ],
)
def test_frame_rate(fps: float, expected: Fraction) -> None:
    assert frame_rate(fps) == expected
