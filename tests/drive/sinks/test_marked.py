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
    assert not isinstance(open_sink(tmp_path / "a.raw", 30, 32, 24, False, None, marker), MarkedSink)
    assert not isinstance(open_sink(tmp_path / "a.mkv", 30, 32, 24, False), MarkedSink)


def test_without_a_picture_there_is_nothing(installed: Callable[..., None], tmp_path: Path, marker: Marker) -> None:
    installed({".mkv": "raw_sink:Raw"}, raw_sink=CODE)
    for ending in ("close", "discard"):
        getattr(open_sink(tmp_path / "b.mkv", 30, 32, 24, False, None, marker), ending)()
    assert not list(tmp_path.glob("b.mkv*"))


def test_what_cannot_be_marked_is_there(installed: Callable[..., None], tmp_path: Path, marker: Marker) -> None:
    installed({".mov": "raw_sink:Raw"}, raw_sink=CODE)
    sink = open_sink(tmp_path / "a.mov", 30, 32, 24, False, None, marker)
    sink.write(PICTURE)
    with pytest.raises(OutputError, match="it cannot be given content credentials"):
        sink.close()
    assert (tmp_path / "a.mov").read_bytes() == PICTURE.tobytes()
