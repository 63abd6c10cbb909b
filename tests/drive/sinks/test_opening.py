"""Sinks by the suffix of their path, those of other packages among them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.opening import check_kind, open_sink
from splatavatar.errors import OutputError

CODE = """
class Numbers:
    def __init__(self, path, *settings):
        self.path, self.settings, self.lines = path, settings, []
    def write(self, image):
        self.lines.append(f"{image.mean():.1f}")
    def close(self):
        self.path.write_text("\\n".join(self.lines))

def broken(*settings):
    raise RuntimeError("no such codec")
"""


@pytest.fixture
def plugins(installed: Callable[..., None]) -> None:
    """A package that writes the mean of each picture as a line of text, and does other things wrong."""
    points = {".txt": "numbers_sink:Numbers", ".bad": "numbers_sink:broken", ".mp4": "numbers_sink:broken"}
    installed({**points, "live": "numbers_sink:broken"}, numbers_sink=CODE)


@pytest.mark.usefixtures("plugins")
def test_a_sink_of_another_package(tmp_path: Path) -> None:
    check_kind(tmp_path / "a.TXT")
    sink = open_sink(tmp_path / "a.txt", 30.0, 4, 2, False)
    assert type(sink).__name__ == "Numbers" and vars(sink)["settings"] == (30.0, 4, 2, False, None)
    sink.write(np.full((2, 4, 3), 7, np.uint8))
    sink.close()
    assert (tmp_path / "a.txt").read_text() == "7.0"


@pytest.mark.usefixtures("plugins")
def test_what_another_package_does_wrong_is_one_sentence(tmp_path: Path) -> None:
    why = r"a\.bad: the writer of \.bad files of the package 'a-stage' cannot be used: no such codec\.$"
    with pytest.raises(OutputError, match=why):
        open_sink(tmp_path / "a.bad", 30.0, 4, 2, False)


@pytest.mark.usefixtures("plugins")
def test_the_packages_own_kinds_stay(tmp_path: Path) -> None:
    open_sink(tmp_path / "a.mp4", 30.0, 16, 16, False).discard()


def test_unknown_kinds(tmp_path: Path, plugins: None) -> None:
    for name in ("a.live", "live", "a.avi"):
        with pytest.raises(OutputError, match="unknown kind of output"):
            check_kind(tmp_path / name)
