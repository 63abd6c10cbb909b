"""Files that are written while an avatar is driven live, where something goes wrong."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.frames import FramesSink
from splatavatar.drive.sinks.outlet import FileOutlet, TimedPicture
from splatavatar.drive.sinks.sink import Sink

PLAIN = np.full((128, 128, 3), 7, np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """A disk on which no file is larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def driven(sink: Sink, pictures: list[np.ndarray]) -> FileOutlet:
    """An outlet that has been given ``pictures``, 30 a second."""
    outlet = FileOutlet("file", sink, 30.0)
    for number, picture in enumerate(pictures):
        now = number / 30
        outlet.offer(TimedPicture(picture, now, now), now)
        outlet.serve(0.0)
    outlet.close()
    return outlet


def test_pictures_that_wait_are_kept_beside_the_older_ones(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    older = tmp_path / "00000.png"
    older.write_bytes(b"older")
    with at_most(20_000):
        outlet = driven(FramesSink(tmp_path / "%05d.png"), [PLAIN, PLAIN, PLAIN, NOISE, PLAIN])
    assert outlet.error is not None
    assert older.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"00000.png", "part"}
    assert sorted(path.name for path in (tmp_path / "part").iterdir()) == [f"0000{n}.png" for n in range(3)]
    assert f"{tmp_path / 'part' / '%05d.png'}: what was written before; {tmp_path / '%05d.png'} is the older one" in [
        record.getMessage() for record in caplog.records
    ]


@pytest.mark.parametrize("older", [False, True])
def test_nothing_is_left_where_nothing_was_written(
    tmp_path: Path, older: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if older:
        (tmp_path / "00000.png").write_bytes(b"older")
        (tmp_path / "a.mp4").write_bytes(b"older")
    with at_most(20_000):
        for sink in (FramesSink(tmp_path / "%05d.png"), EncodedVideo(tmp_path / "a.mp4", Fraction(30), 128, 128, MP4)):
            assert driven(sink, [NOISE] * 40).error is not None
    assert {path.name for path in tmp_path.iterdir()} == ({"00000.png", "a.mp4"} if older else set())
    assert not caplog.records
