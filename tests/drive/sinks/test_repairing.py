"""Recordings whose program was killed become films."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sinks.repairing import container_of, cut_to_whole, is_leftover, is_unfinished, repaired
from splatavatar.errors import OutputError, TrustError
from splatavatar.output import left_beside
from splatavatar.trust.credentials.certificate import make_certificate
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin
from splatavatar.trust.credentials.read import credentials_of
from support.damage import changed
from support.pictures import PICTURE, write_film, write_pieces

PROGRAM = """
import os, signal, sys
import numpy as np
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.soundtrack import FileSound
from support.pictures import PICTURE

sink = open_sink(sys.argv[1], 12, 32, 24, False)
for frame in range(int(sys.argv[2])):
    sink.write(np.roll(PICTURE, frame, axis=1))
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path, frames: int = 60) -> Path:
    """What is left of a recording of ``path`` at 12 pictures a second, killed after ``frames``."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(frames)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr
    (left,) = left_beside(path)
    return left


def pictures(path: Path) -> list[Fraction]:
    """Times of the pictures of a film."""
    with av.open(str(path)) as film:
        return [frame.pts * frame.time_base for frame in film.decode(video=0)]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_all_but_the_last_seconds_of_a_killed_recording_is_a_film(tmp_path: Path, name: str) -> None:
    left = killed(tmp_path / name)
    assert is_leftover(left) and is_unfinished(left) == (name == "a.mp4")
    place = repaired(left)
    assert place == tmp_path / name and not left_beside(place)
    assert not is_unfinished(place)
    times = pictures(place)
    assert len(times) >= 36
    # The last piece of an mp4 may lack a picture that was to be stored behind the one that follows it.
    times = times[:-2] if name == "a.mp4" else times
    # A webm counts in milliseconds.
    far = [abs(time - Fraction(frame, 12)) for frame, time in enumerate(times)]
    assert max(far) == 0 if name == "a.mp4" else max(far) < 0.001
    with av.open(str(place)) as film:
        assert film.duration is not None


def test_a_piece_that_was_half_written_is_left_out(tmp_path: Path) -> None:
    """Its last packet was cut in two, which decoders stop at."""
    left = killed(tmp_path / "a.mp4")
    whole = len(pictures(left))
    content = left.read_bytes()
    cut_to_whole(left)
    assert left.read_bytes() == content
    os.truncate(left, content.rindex(b"mdat") + 10)
    times = pictures(repaired(left))
    assert whole - 13 <= len(times) < whole


def test_a_piece_that_is_not_damaged_is_not_cut(tmp_path: Path) -> None:
    """What lies behind the last piece, as an index of others does, is none of it."""
    path = write_pieces(tmp_path / "a.mp4")
    assert b"mfra" in path.read_bytes()
    content = path.read_bytes()
    cut_to_whole(path)
    assert path.read_bytes() == content
    path.write_bytes(content[: content.rindex(b"moof") + 2])
    cut_to_whole(path)
    assert path.read_bytes() == content[: content.rindex(b"moof") + 2]  # not even a name: players pass it over


def test_a_film_of_that_name_is_kept(tmp_path: Path) -> None:
    left = killed(tmp_path / "a.mp4")
    (tmp_path / "a.mp4").write_bytes(b"older")
    assert repaired(left) == tmp_path / "a.part.mp4"
    assert (tmp_path / "a.mp4").read_bytes() == b"older"


def test_copies_that_were_not_finished_are_removed(tmp_path: Path) -> None:
    left = killed(tmp_path / "a.mp4")
    for ending in ("indexed", "marked"):
        (tmp_path / f".{left.name}.7.00000000.{ending}").write_bytes(b"half")
    (tmp_path / ".b.mp4.7.00000000.indexed").write_bytes(b"half")
    place = repaired(left)
    assert {path.name for path in tmp_path.iterdir()} == {place.name, ".b.mp4.7.00000000.indexed"}


def test_a_long_name_that_was_cut(tmp_path: Path) -> None:
    wanted = tmp_path / f"{'x' * 100}.mp4"
    assert repaired(killed(wanted)) == tmp_path / f"{'x' * 64}.mp4"
    assert repaired(killed(wanted), wanted) == wanted


def test_one_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4")
    part = tmp_path / f".a.mp4.{os.getpid()}.00000000.part"
    film.rename(part)
    with pytest.raises(TrustError, match=f"process {os.getpid()} is still recording it"):
        repaired(part)
    os.utime(part, (1e9, 1e9))  # another program has that number by now
    assert repaired(part) == film


def test_what_holds_no_picture(tmp_path: Path) -> None:
    for content in (b"", b"hello", PICTURE.tobytes()):
        part = tmp_path / ".a.mp4.1.00000000.part"
        part.write_bytes(content)
        with pytest.raises(TrustError, match="no recording of a film"):
            repaired(part)
    whole = write_film(tmp_path / "b.mp4").read_bytes()
    for content in (whole[:40], b"\x1aE\xdf\xa3" + bytes(60)):
        part.write_bytes(content)
        with pytest.raises(TrustError) as caught:
            repaired(part)
        assert "\n" not in str(caught.value)
        assert part.read_bytes() == content


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_whatever_is_damaged_is_a_film_or_one_sentence(tmp_path: Path, name: str) -> None:
    path, rng = tmp_path / name, np.random.default_rng(0)
    content = write_film(path).read_bytes()
    for _ in range(40):
        path.write_bytes(changed(content, rng))
        try:
            if container_of(path) is not None:
                is_unfinished(path)
            assert repaired(path) == path
        except (TrustError, OutputError) as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_is_whole_is_not_unfinished(tmp_path: Path) -> None:
    for name, container in (("a.mp4", "mp4"), ("a.webm", "webm")):
        path = write_film(tmp_path / name)
        assert container_of(path) == container and not is_unfinished(path)
    (tmp_path / "a.txt").write_text("hello")
    assert container_of(tmp_path / "a.txt") is None
    with pytest.raises(TrustError, match="no such file"):
        container_of(tmp_path / "b.mp4")
    endless = tmp_path / "c.mp4"
    endless.write_bytes(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 100 + b"\0\0\0\x02moof")
    with pytest.raises(TrustError, match="no film that can be read"):
        is_unfinished(endless)


def test_films_of_others_in_pieces_are_whole(tmp_path: Path) -> None:
    assert not is_unfinished(write_pieces(tmp_path / "a.mp4"))
    assert not is_unfinished(write_pieces(tmp_path / "a.webm"))
    for name in ("a.part", "a.mp4.part", ".a.mp4.part", ".a.mp4.12.0000000.part", ".a.mp4.x.00000000.part"):
        assert not is_leftover(tmp_path / name)
    assert is_leftover(tmp_path / ".a.mp4.12.0123abcd.part")


def test_a_recording_that_was_renamed_is_known(tmp_path: Path) -> None:
    left = killed(tmp_path / "a.mp4").rename(tmp_path / "b.mp4")
    assert is_unfinished(left)
    assert repaired(left) == left and not is_unfinished(left)
    with av.open(str(left)) as film:
        assert "comment" not in film.metadata


def test_one_that_was_killed_behind_its_marking_keeps_its_credentials(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", Marker(Origin("ab" * 32), make_certificate()))
    before = film.read_bytes()
    os.utime(film, (1e9, 1e9))
    assert repaired(film.rename(tmp_path / ".a.mp4.1.00000000.part")) == film
    assert film.read_bytes() == before
    found = credentials_of(film)
    assert found is not None and found.holds
