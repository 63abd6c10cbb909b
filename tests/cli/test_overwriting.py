"""What a command reads, and files of another kind, outlive a slip in the name of its output."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.faces import prepared_folder

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TAKEN = "a capture is there, and stays as it is; name another folder for the results."


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def capture(sample_capture: Path, tmp_path: Path) -> Path:
    """A copy of the sample capture, called ``me``, in the working folder of the commands."""
    return Path(shutil.copytree(sample_capture, tmp_path / "me"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("capture inspect me -o me/transforms.json", "me/transforms.json: a page is written as .html."),
        ("bake me --iterations 1 -o me/transforms.json", "me/transforms.json: an avatar is written as .splatavatar."),
        ("bake me --iterations 1 -o film.mp4", "film.mp4: an avatar is written as .splatavatar."),
        ("eval demo me -o me", "me: a capture is there, and stays as it is; name another folder for the results."),
        (
            "eval demo me -o ./x/..",
            "x/..: a capture is there, and stays as it is; name another folder for the results.",
        ),
    ],
)
def test_a_capture_stays_as_it_is(run: Run, capture: Path, tmp_path: Path, arguments: str, said: str) -> None:
    (tmp_path / "film.mp4").write_bytes(b"a film")
    if "/.." in arguments:  # an extracted capture in the working folder, whatever it is called
        (tmp_path / "x").mkdir()
        prepared_folder(tmp_path / "extracted")
        for path in (tmp_path / "extracted").iterdir():
            path.rename(tmp_path / path.name)
    before = contents(tmp_path)
    done = run(*arguments.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {said}\n")
    assert contents(tmp_path) == before


def test_a_take_is_not_converted_into_itself(run: Run, files: Path, tmp_path: Path) -> None:
    assert run("signal", "convert", files / "signal.npz", "take.csv", "--as", "livelink").returncode == 0
    (tmp_path / "link.csv").symlink_to("take.csv")
    before = contents(tmp_path)
    for out in ("take.csv", "./take.csv", "link.csv"):
        done = run("signal", "convert", "take.csv", out)
        message = f"Error: {Path(out)}: the file that is read would be overwritten; give the output another name.\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
    assert contents(tmp_path) == before


def test_a_page_may_be_called_htm(run: Run, tmp_path: Path) -> None:
    prepared_folder(tmp_path / "me")
    done = run("capture", "inspect", "me", "-o", "page.HTM")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.HTM").is_file()
