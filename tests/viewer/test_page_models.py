"""What the page drives itself with, as the server hands it out."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar import models
from splatavatar.drive.audio.model import MODEL
from splatavatar.errors import DependencyError
from splatavatar.viewer.page_models import PARTS, PageModels


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache without models, and the folder that ``SPLATAVATAR_MODELS`` names."""
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(folder))
    return folder


def archive(path: Path, members: dict[str, bytes]) -> str:
    """Write a .tgz and return its SHA-256."""
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_audio_network_comes_with_the_package(nothing: Path) -> None:
    found = PageModels().get("audio_to_face.onnx")
    assert found is not None and found.content == MODEL.read_bytes()


@pytest.mark.parametrize("name", ["", "other", "package.json", "../audio_to_face.onnx"])
def test_no_other_name_is_served(nothing: Path, name: str) -> None:
    assert PageModels().get(name) is None


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"audio_to_face.onnx"}))
def test_what_is_absent_is_named_with_the_command_that_fetches_it(nothing: Path, name: str) -> None:
    command = "splatavatar models pull" if name == "face_landmarker.task" else "splatavatar models pull --page"
    with pytest.raises(DependencyError, match=rf"^the model \S+ is not here: run `{command}`, or name"):
        PageModels().get(name)


def test_parts_of_an_archive_are_those_that_are_pinned(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models.MODELS["onnx_runtime"]
    members = {str(part.member): name.encode() for name, part in PARTS.items() if part.model == "onnx_runtime"}
    pinned = archive(nothing / model.file, members)
    with pytest.raises(DependencyError, match="is another file"):
        PageModels().get("ort.wasm.min.mjs")
    monkeypatch.setitem(models.MODELS, "onnx_runtime", replace(model, sha256=pinned))
    served = PageModels()
    for name, part in PARTS.items():
        if part.model == "onnx_runtime":
            found = served.get(name)
            assert found is not None and found.content == name.encode()


def test_an_archive_without_a_part_is_refused(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models.MODELS["onnx_runtime"]
    pinned = archive(nothing / model.file, {"package/readme": b"x"})
    monkeypatch.setitem(models.MODELS, "onnx_runtime", replace(model, sha256=pinned))
    with pytest.raises(DependencyError, match="not the archive that was expected"):
        PageModels().get("ort.wasm.min.mjs")
