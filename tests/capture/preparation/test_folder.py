from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from splatavatar.capture.matting import edition_of
from splatavatar.capture.preparation.folder import (
    CAPTURE,
    EXTRACT,
    Extraction,
    check_replaceable,
    read_description,
    read_extraction,
    replace_extraction,
    write_extraction,
    write_json,
)
from splatavatar.capture.preparation.prepare import tracked
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import CaptureError, OutputError
from splatavatar.progress import unheard
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.loader import edition
from support.face_models import face_model

EXTRACTION = Extraction(
    clips=[{"name": "a.mp4"}, {"name": "b.mp4"}],
    synchronised=False,
    first=[0, 100],
    chosen=[(0, 3), (1, 7)],
    windows=[Crop(-3, 4, 300, 256), Crop(0, 0, 300, 256)],
    metres=0.44,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_extraction(tmp_path, EXTRACTION)
    assert read_extraction(tmp_path) == EXTRACTION
    assert [EXTRACTION.image_name(p) for p in (0, 1)] == ["images/00_00003.png", "images/01_00107.png"]


@pytest.mark.parametrize(
    "change",
    [
        {"windows": [{"x": 1}]},
        {"windows": 3},
        {"chosen": [[1, 2, 3]]},
        {"chosen": [["a", "b"]]},
        {"version": None},
        {"another": 1},
        {"chosen": None},
    ],
)
def test_damage_is_said_in_one_sentence(tmp_path: Path, change: dict[str, Any]) -> None:
    write_extraction(tmp_path, EXTRACTION)
    values = json.loads((tmp_path / EXTRACT).read_text()) | change
    if change == {"version": None}:
        del values["version"]
    (tmp_path / EXTRACT).write_text(json.dumps(values))
    with pytest.raises(CaptureError) as caught:
        read_extraction(tmp_path)
    assert str(caught.value) == f"{tmp_path / EXTRACT}: damaged; extract the video again"


def test_another_version(tmp_path: Path) -> None:
    write_extraction(tmp_path, EXTRACTION)
    values = json.loads((tmp_path / EXTRACT).read_text()) | {"version": 99}
    (tmp_path / EXTRACT).write_text(json.dumps(values))
    with pytest.raises(CaptureError, match=r": of another version of splatavatar; extract the video again$"):
        read_extraction(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{", b"\xff\xfe{}", b"[" * 100_000])
def test_what_is_not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "capture.json"
    path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        read_description(path)
    assert str(caught.value) == f"{path}: damaged; extract the video again"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r": no extract\.json, expected a capture prepared from video$"):
        read_extraction(tmp_path)


def extraction_in(folder: Path, picture: bytes) -> Path:
    """A folder with what an extraction writes."""
    for name in ("images", "landmarks"):
        (folder / name).mkdir(parents=True)
    write_extraction(folder, EXTRACTION)
    (folder / "images" / "00_00003.png").write_bytes(picture)
    (folder / "landmarks" / "00.npz").write_bytes(b"l")
    return folder


def test_a_new_extraction_takes_the_place_of_all_that_was(tmp_path: Path) -> None:
    folder = extraction_in(tmp_path / "me", b"old")
    (folder / "images" / "00_00009.png").write_bytes(b"old")
    (folder / "masks").mkdir()
    (folder / "masks" / "00_00003.png").write_bytes(b"old")
    for name in ("capture.json", "transforms.json", "rig_params.npz", "track.npz", "fit.npz", "source.json"):
        (folder / name).write_bytes(b"old")
    (folder / "notes.txt").write_bytes(b"mine")
    check_replaceable(folder)
    replace_extraction(folder, extraction_in(folder / ".extracting", b"new"))
    left = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert left == ["extract.json", "images/00_00003.png", "landmarks/00.npz", "notes.txt"]
    assert (folder / "images" / "00_00003.png").read_bytes() == b"new"
    assert not (folder / ".extracting").exists()


@pytest.mark.parametrize("step", range(7))
def test_a_replacement_that_breaks_off_leaves_no_pictures_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    folder, other = extraction_in(tmp_path / "me", b"old"), replace(EXTRACTION, metres=0.5)
    (folder / "masks").mkdir()
    new = extraction_in(folder / ".extracting", b"new")
    write_extraction(new, other)
    move, left = Path.replace, iter(range(step))

    def killed(path: Path, **more: bool) -> None:
        raise KeyboardInterrupt

    def breaking(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return move(self, target)

    monkeypatch.setattr(Path, "replace", breaking)
    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        replace_extraction(folder, new)
    check_replaceable(folder)
    pictures = folder / "images" / "00_00003.png"
    if pictures.exists():
        assert pictures.read_bytes() == (b"old" if read_extraction(folder) == EXTRACTION else b"new")


@pytest.mark.parametrize("name", ["transforms.json", "images", "landmarks", "masks"])
def test_what_was_not_extracted_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError) as caught:
        check_replaceable(tmp_path)
    assert str(caught.value) == (f"{tmp_path}: holds {name}, which was not extracted from video; name another folder")


def test_an_empty_folder_and_none_will_do(tmp_path: Path) -> None:
    check_replaceable(tmp_path)
    check_replaceable(tmp_path / "absent")


def test_what_was_tracked_with_another_file_of_a_body_model_is_tracked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its coefficients would be taken for those of the file that is there now."""
    (tmp_path / "model").mkdir()
    model = face_model(FLAME).save(tmp_path / "model")
    monkeypatch.setenv(VARIABLE, str(model))
    folder = tmp_path / "capture"
    folder.mkdir()
    write_extraction(folder, EXTRACTION)
    noted = {
        "clips": [{"name": "a.mp4", "sha256": "0" * 64}],
        "window": {"size": 300},
        "tracking": {"rig": "flame", "reprojection_median": 0.01},
        "matting": edition_of("grabcut"),
    }
    for known in ({}, {"edition": edition("flame")}):  # folders of before say nothing of it
        write_json(folder / CAPTURE, {**noted, **known})
        tracked(folder, "flame", "grabcut", unheard)
    model.write_bytes(model.read_bytes() + b"another")
    with pytest.raises(CaptureError, match=r"00\.npz: not the landmarks of a clip; extract the video again$"):
        tracked(folder, "flame", "grabcut", unheard)  # begins anew, with the landmarks that are not there
