from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.faces import prepared_folder
from support.retaken import retake
from support.room_photos import write_photos
from support.shared import landmark_model


def test_guide_prints_what_to_do(run) -> None:
    done = run("capture", "guide")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("How to film yourself in 60 seconds\n")
    assert "0:26-0:30  Open the mouth as wide as it goes, twice." in done.stdout


def test_inspect_writes_a_page_and_says_what_is_missing(run, tmp_path: Path) -> None:
    prepared_folder(tmp_path / "me")
    done = run("capture", "inspect", "me")
    assert done.returncode == 0, done.stderr
    *lacks, last = done.stdout.splitlines()
    assert last == "me/inspect.html: pictures, curves and what the capture lacks"
    assert lacks[0].startswith("- No face was found in 5 of 40 frames: ")
    assert (tmp_path / "me" / "inspect.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.shared
def test_inspect_names_a_mistake_in_the_cameras(run, sample_capture: Path, tmp_path: Path) -> None:
    def exchanged(data: dict[str, Any]) -> None:
        data.update(cx=data["cy"], cy=data["cx"])

    retake(sample_capture, tmp_path / "me", edit=exchanged)
    done = run("capture", "inspect", "me", "--model", str(landmark_model()))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("nerfstudio: transforms.json (not ")
    assert lines[1] == "20 pictures of 640x480: 10 cameras, 2 timesteps; 20 train; pinhole; no mattes"
    assert lines[3].startswith("landmarks of the face fall on the pixels within 9")  # px
    assert lines[4:] == ["- cx and cy seem to be exchanged", "me/inspect.html: pictures and curves"]


def test_inspect_of_a_capture_that_is_not_there(run) -> None:
    done = run("capture", "inspect", "absent", "-o", "page.html")
    message = "Error: absent: no such folder, expected the folder of a capture\n"
    assert (done.stderr, done.stdout, done.returncode) == (message, "", 2)


def test_solve_finds_the_cameras_of_photos(run, sample_capture: Path, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    write_photos(sample_capture, tmp_path / "all", (2, 3, 7, 9))
    (tmp_path / "in").mkdir()
    for number in (2, 3, 7, 9):
        Image.open(tmp_path / "all" / f"IMG {number:02d}.png").reduce(2).save(tmp_path / "in" / f"{number}.png")
    Image.new("RGB", (256, 256), (90, 40, 200)).save(tmp_path / "in" / "plain.png")
    done = run("capture", "solve", "in")
    assert (done.returncode, done.stderr) == (0, "")
    found, lost, last = done.stdout.splitlines()
    assert found.startswith("4 of 5 photos have a camera; focal length ")
    assert found.endswith(" px") and "; points of the scene are met within 0." in found
    assert lost == "- Without a camera, for they share too little with the others: plain.png"
    assert last == "in-solved: the cameras; next: splatavatar bake in-solved"
    assert (tmp_path / "in-solved" / "sparse" / "0" / "images.bin").is_file()
    again = run("capture", "solve", "in")
    message = "Error: in-solved: holds cameras already, expected an empty folder (-o)\n"
    assert (again.stderr, again.stdout, again.returncode) == (message, "", 2)


def test_solve_of_too_few_photos(run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = run("capture", "solve", "in")
    message = "Error: in: 0 photos (.jpg, .jpeg, .png, .webp, .tif, .tiff, .bmp), expected 3 to 2000 of one moment\n"
    assert (done.stderr, done.stdout, done.returncode) == (message, "", 2)
    assert not (tmp_path / "in-solved").exists()


def test_capture_without_a_command_lists_them(run) -> None:
    done = run("capture")
    assert "guide" in done.stdout and "inspect" in done.stdout
