"""A disk that fills up while a result is written, played by the limit on the size of a file."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.frames import write_png
from splatavatar.drive.sinks.signals.write import write_recording
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import OutputError

KEPT = "cannot write {path}: the file is larger than allowed here; the previous file is unchanged"


@contextmanager
def at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def video(path: Path) -> None:
    sink = EncodedVideo(path, Fraction(30), 128, 128, MP4)
    for _ in range(40):
        sink.write(noise((128, 128, 3)))
    sink.close()


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.png", lambda path: write_png(path, noise((128, 128, 3))), KEPT),
        ("a.npz", lambda path: write_signal(path, moving_signal(30)), KEPT),
        ("a.csv", lambda path: write_recording(path, moving_signal(30)), KEPT),
        ("a.json", lambda path: write_recording(path, moving_signal(30)), KEPT),
        ("a.mp4", video, "{path}: the video cannot be written: File too large."),
    ],
)
def test_says_so_and_the_old_file_survives(
    tmp_path: Path, name: str, write: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / name
    path.write_text("old")
    with at_most(10_000), pytest.raises(OutputError) as caught:
        write(path)
    assert str(caught.value) == message.format(path=path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
