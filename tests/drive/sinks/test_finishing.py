"""From a recording to a film: its index, its credentials, and what is left where they fail."""

from __future__ import annotations

import shlex
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sinks.finishing import index, unmarked
from splatavatar.drive.sinks.frames import FramesSink, write_png
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.errors import OutputError, TrustError
from splatavatar.media import open_media
from splatavatar.trust.credentials.certificate import make_certificate
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin
from splatavatar.trust.credentials.read import credentials_of
from support import c2pa_reader
from support.pictures import PICTURE, write_film


class Failing(Marker):
    """Signs nothing, for want of whatever."""

    def _sign(self, *arguments: object, **options: object) -> bytes:
        raise TrustError("no reason given")


@pytest.fixture(scope="module")
def marker() -> Marker:
    return Marker(Origin("ab" * 32), make_certificate())


@pytest.fixture
def failing(marker: Marker) -> Marker:
    broken = object.__new__(Failing)
    broken.__dict__.update(marker.__dict__)
    return broken


def outermost(path: Path) -> list[bytes]:
    return [kind for kind, *_ in c2pa_reader.boxes(path.read_bytes())]


def test_a_film_is_of_one_piece_with_its_index_first(tmp_path: Path, marker: Marker) -> None:
    assert outermost(write_film(tmp_path / "a.mp4")) == [b"ftyp", b"moov", b"free", b"mdat"]
    assert outermost(write_film(tmp_path / "b.mp4", marker)) == [b"ftyp", b"uuid", b"moov", b"free", b"mdat"]


def test_a_recording_is_in_pieces_of_a_second_that_play(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "a.mp4", 12, 32, 24, False)
    for frame in range(40):
        sink.write(np.roll(PICTURE, frame, axis=1))
    (recording,) = tmp_path.iterdir()
    assert recording.name.startswith(".a.mp4.") and recording.suffix == ".part"
    with av.open(str(recording)) as film:
        assert len(list(film.decode(video=0))) >= 12
    sink.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize("ending", ["close", "keep"])
def test_a_film_whose_credentials_fail_is_there(tmp_path: Path, failing: Marker, name: str, ending: str) -> None:
    path = tmp_path / name
    sink = open_sink(path, 12, 32, 24, False, marker=failing)
    for frame in range(5):
        sink.write(np.roll(PICTURE, frame, axis=1))
    with pytest.raises(OutputError) as caught:
        getattr(sink, ending)()
    assert str(caught.value) == (
        f"{path}: the film is there, but could not be finished: no reason given; finish it by: splatavatar mark {path}"
    )
    sink.discard()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    with av.open(str(path)) as film:
        assert len(list(film.decode(video=0))) == 5
    assert credentials_of(path) is None


def test_an_unmarked_film_has_no_older_credentials_beside_it(tmp_path: Path, marker: Marker) -> None:
    path = write_film(tmp_path / "a.webm", marker)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.webm", "a.webm.c2pa"}
    write_film(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.webm"]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_film_that_fails_has_no_older_credentials_beside_it(
    tmp_path: Path, marker: Marker, failing: Marker, name: str
) -> None:
    write_film(tmp_path / name, marker)
    (tmp_path / f"{name}.c2pa").write_bytes(b"of an older one")
    with pytest.raises(OutputError, match="the film is there, but could not be finished"):
        write_film(tmp_path / name, failing)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert credentials_of(tmp_path / name) is None


def test_where_the_file_beside_it_fails_the_film_is_said_to_be_there(tmp_path: Path, marker: Marker) -> None:
    path, beside = tmp_path / "a.webm", tmp_path / "a.webm.c2pa"
    beside.mkdir()
    with pytest.raises(OutputError) as caught:
        write_film(path, marker)
    assert str(caught.value) == (
        f"{path}: the film is there, but could not be finished: cannot write {beside}: it is a folder, expected the "
        f"name of a file; finish it by: splatavatar mark {path}"
    )
    with av.open(str(path)) as film:
        assert len(list(film.decode(video=0))) == 12


def test_what_is_no_film_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    before = path.read_bytes()
    with pytest.raises(OutputError, match="no film that can be read"):
        index(path, "mp4")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_alpha_and_times_survive_an_index(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "a.webm", 12, 32, 24, True)
    for frame in range(6):
        alpha = np.full((24, 32, 1), 40 * frame, np.uint8)
        sink.write(np.concatenate([PICTURE, alpha], 2))
    sink.close()
    path = tmp_path / "a.webm"

    def seen() -> list[tuple[object, ...]]:
        with open_media(path, OutputError, "a film", lambda found: found) as film:
            stream = film.container.streams.video[0]
            assert stream.metadata["ALPHA_MODE"] == "1"
            return [
                (packet.pts, packet.time_base, bytes(packet), [bytes(data) for data in packet.iter_sidedata()])
                for packet in film.container.demux(stream)
                if packet.size
            ]

    before = seen()
    index(path, "webm")
    assert seen() == before and len(before) == 6


def test_each_picture_of_a_sequence_has_its_own(tmp_path: Path, marker: Marker) -> None:
    sink = FramesSink(tmp_path / "%02d.png", marker)
    for _ in range(3):
        sink.write(PICTURE)
    sink.close()
    for path in tmp_path.iterdir():
        found = credentials_of(path)
        assert found is not None and found.holds
    assert len(list(tmp_path.iterdir())) == 3


def test_a_picture_whose_credentials_fail_is_written(tmp_path: Path, failing: Marker) -> None:
    with pytest.raises(OutputError) as caught:
        write_png(tmp_path / "a.png", PICTURE, failing)
    assert str(caught.value) == f"{tmp_path / 'a.png'}: written without content credentials: no reason given"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_that_finishes_a_film_can_be_pasted() -> None:
    failure = unmarked(Path("my films") / "it's.mp4", OutputError("no space"))
    command = str(failure).split("finish it by: ")[1]
    assert shlex.split(command) == ["splatavatar", "mark", "my films/it's.mp4"]
    assert str(unmarked(Path("a.mp4"), OutputError("no space"))).endswith("; finish it by: splatavatar mark a.mp4")
