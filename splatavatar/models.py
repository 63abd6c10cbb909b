"""Models that no library ships: where they are, where they come from, and that they are what they should be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import DependencyError
from splatavatar.folders import cache_folder
from splatavatar.input import check_input, read_bytes
from splatavatar.output import atomic_write, make_folder

VARIABLE = "SPLATAVATAR_MODELS"
PIECE = 1 << 16
SECONDS = 30.0
"""without an answer, after which a download has failed"""
LANDMARKER = "face_landmarker"
"""the one that options of commands name"""


@dataclass(frozen=True)
class Model:
    """A file to download."""

    name: str
    file: str
    address: str
    sha256: str
    size: int
    """bytes"""
    licence: str
    purpose: str
    page: bool = False
    """whether the viewer's page alone needs it, for the camera or microphone of who looks"""

    @property
    def command(self) -> str:
        """What fetches it."""
        return "splatavatar models pull --page" if self.page else "splatavatar models pull"


MODELS = {
    model.name: model
    for model in (
        Model(
            "face_landmarker",
            "face_landmarker.task",
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
            "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
            3_758_596,
            "Apache-2.0",
            "finds the landmarks of a face",
        ),
        Model(
            "vision_tasks",
            "tasks-vision-0.10.21.tgz",
            "https://registry.npmjs.org/@mediapipe/tasks-vision/-/tasks-vision-0.10.21.tgz",
            "343736570f433c0100ffc360dbe70f09cc502a5fc573f5cd95954692edc9cfde",
            6_164_925,
            "Apache-2.0",
            "runs face_landmarker in the viewer's page",
            page=True,
        ),
        Model(
            "onnx_runtime",
            "onnxruntime-web-1.30.0.tgz",
            "https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
            "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
            33_106_585,
            "MIT",
            "runs the audio network in the viewer's page",
            page=True,
        ),
    )
}


def locate(name: str = LANDMARKER, given: Path | None = None) -> Path:
    """The file of a model: ``given``, else in ``$SPLATAVATAR_MODELS`` (its folder, or itself), else in the cache.

    Raises:
        DependencyError: it is in none of them, or what is there is no file.
    """
    model = MODELS[name]
    if given is not None:
        return _checked(given / model.file if given.is_dir() else given, model)
    stated = os.environ.get(VARIABLE)
    places = [Path(stated)] if stated else []
    for place in (*places, stored(model).parent):
        found = place / model.file if place.is_dir() else place
        # A file that is named is the landmarker, whatever its name, unless it has the name of another model.
        if found.exists() and (place.is_dir() or name == LANDMARKER or place.name == model.file):
            return _checked(found, model)
    raise DependencyError(
        f"the model {model.file} is not here: run `{model.command}`, or name the file with {_named_by(model)}"
    )


def _named_by(model: Model) -> str:
    return f"--model or {VARIABLE}" if model.name == LANDMARKER else VARIABLE


def _checked(path: Path, model: Model) -> Path:
    if not os.path.lexists(path):
        raise DependencyError(f"{path}: no such file, expected the model {model.file}")
    return check_input(path, DependencyError, f"the model {model.file}")


def read_bundle(path: Path) -> bytes:
    """The bundle of MediaPipe at ``path``, whole by the checksums that are in it. Raises DependencyError.

    MediaPipe itself waits for ever on a pipe, leaves a trace where it cannot read a file, and runs damaged networks.
    """
    import io
    import zipfile
    import zlib

    failure = DependencyError(f"{path}: not MediaPipe's face_landmarker.task; run `splatavatar models pull`")
    try:
        content = read_bytes(path, DependencyError, "MediaPipe's face_landmarker.task")
        damaged = zipfile.ZipFile(io.BytesIO(content)).testzip()
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise failure from error
    if damaged is not None:
        raise failure
    return content


def stored(model: Model) -> Path:
    """The path at which ``pull`` puts a model."""
    return cache_folder() / "models" / model.file


def intact(path: Path, model: Model) -> bool:
    """Whether the file at ``path`` is the model, to the byte."""
    return hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256


def pull(name: str, progress: Callable[[int, int], None] | None = None) -> Path:
    """Downloads a model into the cache, unless it is there; ``progress(done, total)`` counts bytes.

    Raises:
        DependencyError: no connection, or another file than expected at the address.
        OutputError: the cache cannot be written.
    """
    import http.client
    import urllib.request

    model = MODELS[name]
    path = stored(model)
    if path.is_file() and intact(path, model):
        return path
    content = bytearray()
    try:
        with urllib.request.urlopen(model.address, timeout=SECONDS) as answer:
            while piece := answer.read(PIECE):
                content += piece
                if len(content) > model.size:
                    break
                if progress is not None:
                    progress(len(content), model.size)
            stated = int(answer.headers.get("Content-Length", len(content)))
            if len(content) < min(stated, model.size):
                raise http.client.IncompleteRead(bytes(content), stated - len(content))
    except (OSError, http.client.HTTPException) as error:
        cut = isinstance(error, http.client.IncompleteRead)
        reason = f"{len(content)} of {stated} bytes" if cut else str(getattr(error, "reason", error)).lower()
        raise DependencyError(
            f"{model.address}: cannot be fetched ({reason}); "
            f"fetch it elsewhere and name the file with {_named_by(model)}"
        ) from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise DependencyError(
            f"{model.address}: not the file that was expected (its SHA-256 differs); nothing was kept"
        )
    make_folder(path.parent)
    with atomic_write(path) as file:
        file.write(content)
    return path
