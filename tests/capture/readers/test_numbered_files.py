from __future__ import annotations

import os
from pathlib import Path

import pytest

from splatavatar.capture.readers.numbered_files import by_number, inside, number_of
from splatavatar.errors import CaptureError


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("00012.png", 12),
        ("image7.jpg", 7),
        ("mask_00003.png", 3),
        ("a/b2/4", 4),
        ("12_neckhead.png", None),
        ("a.5", None),
    ],
)
def test_the_number_at_the_end_of_a_name(name: str, number: int | None) -> None:
    assert number_of(name) == number


def test_files_by_their_numbers(tmp_path: Path) -> None:
    for name in ("10.png", "9.PNG", "8.txt", "x.png", "007.png"):
        (tmp_path / name).touch()
    assert {number: file.name for number, file in by_number(tmp_path, (".png",)).items()} == {
        7: "007.png",
        9: "9.PNG",
        10: "10.png",
    }
    assert list(by_number(tmp_path, (".png",))) == [7, 9, 10]
    (tmp_path / "010.png").touch()
    with pytest.raises(CaptureError, match=r"010.png and 10.png have one number"):
        by_number(tmp_path, (".png",))


def test_links_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b.png").touch()
    os.symlink(tmp_path / "b.png", tmp_path / "a" / "1.png")
    with pytest.raises(CaptureError, match=r"lies outside of the folder of the capture"):
        inside(tmp_path / "a", tmp_path / "a" / "list", tmp_path / "a" / "1.png", False)
    assert inside(tmp_path / "a", tmp_path / "a" / "list", tmp_path / "a" / "1.png", True).path.name == "1.png"
