"""Sinks by the suffix of their path, those of other packages among them."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sinks import opening
from splatavatar.drive.sinks.opening import check_kind, open_sink
from splatavatar.errors import OutputError


class Numbers:
    """Writes the mean of each picture as a line of text."""

    def __init__(self, path: Path, *settings: Any) -> None:
        self.path, self.settings, self.lines = path, settings, [""][:0]

    def write(self, image: np.ndarray) -> None:
        self.lines.append(f"{image.mean():.1f}")

    def close(self) -> None:
        self.path.write_text("\n".join(self.lines))


def broken(*settings: Any) -> Any:
    raise RuntimeError("no such codec")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint(".txt", f"{__name__}:Numbers", opening.GROUP),
        EntryPoint(".bad", f"{__name__}:broken", opening.GROUP),
        EntryPoint(".mp4", f"{__name__}:broken", opening.GROUP),
    ]
    loaded = {".txt": Numbers, ".bad": broken, ".mp4": broken}
    monkeypatch.setattr(EntryPoint, "load", lambda self: loaded[self.name])
    monkeypatch.setattr(opening, "entry_points", lambda group: points if group == opening.GROUP else [])


@pytest.mark.usefixtures("plugins")
def test_a_sink_of_another_package(tmp_path: Path) -> None:
    check_kind(tmp_path / "a.TXT")
    sink = open_sink(tmp_path / "a.txt", 30.0, 4, 2, False)
    assert isinstance(sink, Numbers) and sink.settings == (30.0, 4, 2, False, None)
    sink.write(np.full((2, 4, 3), 7, np.uint8))
    sink.close()
    assert (tmp_path / "a.txt").read_text() == "7.0"


@pytest.mark.usefixtures("plugins")
def test_what_another_package_does_wrong_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.bad: what writes \.bad files cannot be used: no such codec\.$"):
        open_sink(tmp_path / "a.bad", 30.0, 4, 2, False)


@pytest.mark.usefixtures("plugins")
def test_the_packages_own_kinds_stay(tmp_path: Path) -> None:
    open_sink(tmp_path / "a.mp4", 30.0, 16, 16, False).discard()


def test_unknown_kinds(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown kind of output"):
        check_kind(tmp_path / "a.txt")
