"""A disk that fills up while a result is written, played by the limit on the size of a file."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar import load_avatar
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.session import Session
from splatavatar.drive.settings import SessionSettings
from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.finishing import put_in_place
from splatavatar.drive.sinks.frames import write_png
from splatavatar.drive.sinks.repairing import repaired
from splatavatar.drive.sinks.signals.write import write_recording
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import OutputError
from splatavatar.trust.credentials.certificate import make_certificate
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin

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


@pytest.mark.parametrize("marked", [False, True], ids=["while it is indexed", "while it is marked"])
def test_a_film_that_was_recorded_is_kept(tmp_path: Path, marked: bool) -> None:
    """The disk fills up after the last frame."""
    marker = Marker(Origin(), make_certificate()) if marked else None
    path = tmp_path / "a.mp4"
    sink = EncodedVideo(path, Fraction(30), 128, 128, MP4)
    for _ in range(10):
        sink.write(noise((128, 128, 3)))
    sink.close()
    recording, size = path.rename(tmp_path / "recording"), (tmp_path / "recording").stat().st_size
    with at_most(size + 100 if marked else size - 100), pytest.raises(OutputError) as caught:
        put_in_place(recording, path, "mp4", marker)
    assert str(caught.value).startswith(f"{path}: the film is there, but could not be finished: ")
    assert path.stat().st_size == size and [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_what_was_driven_live_is_kept(tmp_path: Path, name: str) -> None:
    """The disk fills up in the middle of it; the older film is not replaced."""
    path, kept = tmp_path / name, tmp_path / name.replace(".", ".part.")
    path.write_text("older")
    settings = SessionSettings([RecordingSource(moving_signal(6))], [path], size=(128, 128), fps=60, marks=False)
    with at_most(40_000), pytest.raises(OutputError) as caught:
        Session(load_avatar("demo"), settings).run()
    assert str(caught.value) == (
        f"{path}: the video cannot be written: File too large; {kept} is what was recorded before; finish it by: "
        f"splatavatar mark {kept}"
    )
    assert path.read_text() == "older" and {entry.name for entry in tmp_path.iterdir()} == {name, kept.name}
    assert repaired(kept) == kept
    with av.open(str(kept)) as film:
        assert sum(1 for _ in film.decode(video=0)) >= 30


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
