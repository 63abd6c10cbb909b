"""A capture of others names nothing but what lies in its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.readers.named_files import posix_name
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError


def naming(field: str, name: str) -> Any:
    def change(data: dict[str, Any]) -> None:
        data["frames"][1][field] = name
        for split in ("train", "val", "test"):
            data.pop(f"{split}_filenames", None)

    return change


@pytest.mark.parametrize("field", ["file_path", "mask_path"])
@pytest.mark.parametrize(
    "name",
    [
        "../outside.png",
        "images/../../outside.png",
        "/etc/hostname",
        "..\\outside.png",
        "images\\..\\..\\outside.png",
        "link.png",
        "linked/outside.png",
        "../nowhere.png",
    ],
)
def test_what_lies_outside_is_refused(tiny_capture: Path, edit_transforms: Any, field: str, name: str) -> None:
    outside = tiny_capture.parent / "outside.png"
    outside.write_bytes((tiny_capture / "images" / "t000_cam01.png").read_bytes())
    (tiny_capture / "link.png").symlink_to(outside)
    (tiny_capture / "linked").symlink_to(tiny_capture.parent)
    edit_transforms(naming(field, name))
    with pytest.raises(CaptureError) as caught:
        read_capture(tiny_capture)
    assert "which lies outside of the folder of the capture; give --allow-outside if you trust" in str(caught.value)
    if "outside.png" in name or name == "link.png":
        frame = read_capture(tiny_capture, allow_outside=True).frames[1]
        picture = frame.picture if field == "file_path" else frame.mask
        assert isinstance(picture, PictureFile)
        assert picture.path.resolve() == outside


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://example.org/a.png", "an address"),
        ("file:///etc/hostname", "an address"),
        ("data:image/png;base64,AAAA", "an address"),
        ("C:\\pictures\\a.png", "a path of Windows"),
        ("C:a.png", "a path of Windows"),
        ("", "which no file can have as its name"),
        ("  ", "which no file can have as its name"),
        (".", "which no file can have as its name"),
        ("images/a\0b.png", "which no file can have as its name"),
        ("images", "a folder, expected a picture"),
        ("loop.png", "itself"),
        ("pipe.png", "a pipe or a device, expected a picture"),
        ("images/" + "a" * 300 + ".png", "no such image"),
        ("images/\ud800.png", "ud800.png"),
        ("\x1b[31mred.png", "\\x1b[31mred.png"),
    ],
)
def test_names_of_no_file(tiny_capture: Path, edit_transforms: Any, name: str, said: str, allowed: bool) -> None:
    os.mkfifo(tiny_capture / "pipe.png")
    (tiny_capture / "loop.png").symlink_to(tiny_capture / "loop.png")
    edit_transforms(naming("file_path", name))
    with pytest.raises(CaptureError) as caught:
        read_capture(tiny_capture, allow_outside=allowed)
    assert said in str(caught.value) or (name == "loop.png" and "no such image" in str(caught.value))
    assert "\x1b" not in str(caught.value)


def test_links_within_the_folder_and_to_it(tiny_capture: Path, edit_transforms: Any) -> None:
    (tiny_capture / "pictures").symlink_to(tiny_capture / "images")
    edit_transforms(naming("file_path", "pictures/t000_cam01.png"))
    elsewhere = tiny_capture.parent / "elsewhere"
    elsewhere.symlink_to(tiny_capture)
    for root in (tiny_capture, elsewhere):
        assert read_capture(root).frames[1].name == "pictures/t000_cam01.png"


def test_names_as_windows_writes_them(tiny_capture: Path, edit_transforms: Any) -> None:
    def change(data: dict[str, Any]) -> None:
        for frame in data["frames"]:
            for field in ("file_path", "mask_path"):
                frame[field] = frame[field].replace("/", "\\")
        data["train_filenames"] = [name.replace("/", "\\") for name in data["train_filenames"]]

    edit_transforms(change)
    capture = read_capture(tiny_capture)
    assert [frame.name for frame in capture.split("val")] == ["images/t001_cam01.png"]
    assert len(capture.split("train")) == 3


@pytest.mark.parametrize("field", ["file_path", "mask_path"])
def test_names_without_a_suffix(tiny_capture: Path, edit_transforms: Any, field: str) -> None:
    folder = "images" if field == "file_path" else "masks"
    edit_transforms(naming(field, f"./{folder}/t000_cam01"))
    frame = read_capture(tiny_capture).frames[1]
    picture = frame.picture if field == "file_path" else frame.mask
    assert isinstance(picture, PictureFile) and picture.path == tiny_capture / folder / "t000_cam01.png"
    edit_transforms(naming(field, f"{folder}/elsewhere"))
    outside = tiny_capture.parent / "outside.png"
    outside.write_bytes(picture.path.read_bytes())
    (tiny_capture / folder / "elsewhere.png").symlink_to(outside)
    with pytest.raises(CaptureError, match="which lies outside of the folder of the capture"):
        read_capture(tiny_capture)


def test_posix_names() -> None:
    assert posix_name("./a//b/./c.png") == "a/b/c.png"
    assert posix_name(".\\a\\b.png") == "a/b.png"
