"""What plug-ins write is marked as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.drive.sinks.marked import MarkedSink
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.errors import OutputError
from splatavatar.trust.credentials.certificate import make_certificate
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin
from splatavatar.trust.credentials.read import credentials_of
from support.pictures import PICTURE

CODE = """
from splatavatar.drive.sinks.sink import Beginning


class Raw:
    def __init__(self, path, *settings):
        self.path, self.pictures = path, []

    def write(self, image):
        self.pictures.append(image.tobytes())

    def close(self):
        if self.pictures:
            self.path.write_bytes(b"".join(self.pictures))

    def keep(self):
        self.path = self.path.with_name("kept" + self.path.suffix)
        self.close()
        return Beginning(self.path)

    def discard(self):
        self.pictures = []
"""


@pytest.fixture
def marker() -> Marker:
    return Marker(Origin(driven_by=("program",)), make_certificate())


@pytest.mark.parametrize(("ending", "name"), [("close", "a.mkv"), ("keep", "kept.mkv")])
def test_its_credentials_lie_beside_it(
    installed: Callable[..., None], tmp_path: Path, marker: Marker, ending: str, name: str
) -> None:
    installed({".mkv": "raw_sink:Raw", ".raw": "raw_sink:Raw", ".png2": "raw_sink:Raw"}, raw_sink=CODE)
    sink = open_sink(tmp_path / "a.mkv", 30, 32, 24, False, None, marker)
    assert isinstance(sink, MarkedSink)
    sink.write(PICTURE)
    getattr(sink, ending)()
    found = credentials_of(tmp_path / name)
    assert found is not None and found.holds and found.driven_by == ("program",)
    assert not isinstance(open_sink(tmp_path / "a.mkv", 30, 32, 24, False), MarkedSink)


@pytest.mark.parametrize(("ending", "name"), [("close", "a.raw"), ("keep", "kept.raw")])
def test_files_of_kinds_that_nobody_knows_have_theirs_beside_them(
    installed: Callable[..., None], tmp_path: Path, marker: Marker, ending: str, name: str
) -> None:
    installed({".raw": "raw_sink:Raw"}, raw_sink=CODE)
    sink = open_sink(tmp_path / "a.raw", 30, 32, 24, False, None, marker)
    sink.write(PICTURE)
    getattr(sink, ending)()
    assert (tmp_path / name).read_bytes() == PICTURE.tobytes()
    found = credentials_of(tmp_path / name)
    assert found is not None and found.holds and found.place == tmp_path / f"{name}.c2pa"


def test_what_is_not_one_file_is_said_to_have_none(
    installed: Callable[..., None], tmp_path: Path, marker: Marker, caplog: pytest.LogCaptureFixture
) -> None:
    installed({".raw": "raw_sink:Raw"}, raw_sink=f"{CODE}\n    def close(self):\n        self.path.mkdir()\n")
    path = tmp_path / "a.raw"
    sink = open_sink(path, 30, 32, 24, False, None, marker)
    sink.write(PICTURE)
    sink.close()
    assert caplog.messages == [f"{path}: written without content credentials: it is not one file"]


def test_without_a_picture_there_is_nothing(installed: Callable[..., None], tmp_path: Path, marker: Marker) -> None:
    installed({".mkv": "raw_sink:Raw"}, raw_sink=CODE)
    for ending in ("close", "discard"):
        getattr(open_sink(tmp_path / "b.mkv", 30, 32, 24, False, None, marker), ending)()
    assert not list(tmp_path.glob("b.mkv*"))


def test_what_cannot_be_marked_is_there(installed: Callable[..., None], tmp_path: Path, marker: Marker) -> None:
    installed({".mov": "raw_sink:Raw"}, raw_sink=CODE)
    sink = open_sink(tmp_path / "a.mov", 30, 32, 24, False, None, marker)
    sink.write(PICTURE)
    (tmp_path / "a.mov.c2pa").write_bytes(b"of an older one")
    with pytest.raises(OutputError) as caught:
        sink.close()
    path = tmp_path / "a.mov"
    said = f"{path}: the film is there, but without content credentials: {path}: it cannot be given content credentials"
    assert str(caught.value).startswith(said)
    assert path.read_bytes() == PICTURE.tobytes() and list(tmp_path.glob("*.c2pa")) == []


def test_where_the_file_beside_it_cannot_be_written(
    installed: Callable[..., None], tmp_path: Path, marker: Marker
) -> None:
    installed({".mkv": "raw_sink:Raw"}, raw_sink=CODE)
    sink = open_sink(tmp_path / "a.mkv", 30, 32, 24, False, None, marker)
    sink.write(PICTURE)
    (tmp_path / "a.mkv.c2pa").mkdir()
    with pytest.raises(OutputError, match=r"a\.mkv: the film is there, but without content credentials: cannot write"):
        sink.close()
    assert (tmp_path / "a.mkv").read_bytes() == PICTURE.tobytes()
