"""What the page drives itself with: networks, and the programs that run them, by the path that each is served at.

They come with the package or by ``splatavatar models pull --page``; the programs stay in the archives that they are
published as. Nothing of an archive is sent unless all of it is, to the byte, what is pinned: the page runs it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from dataclasses import dataclass
from pathlib import Path

from splatavatar.drive.audio.model import MODEL as AUDIO_NETWORK
from splatavatar.errors import DependencyError
from splatavatar.input import read_bytes
from splatavatar.models import LANDMARKER, MODELS, locate
from splatavatar.viewer.site import SiteFile

FOLDER = "models/"
"""what the paths begin with"""
SCRIPT, BINARY, OTHER = "text/javascript", "application/wasm", "application/octet-stream"


@dataclass(frozen=True)
class Part:
    """A file of a model as it is served."""

    model: str | None
    """key of ``MODELS``; None: the audio network of the package"""
    kind: str
    member: str | None = None
    """its path in the archive that the model is; None: the model itself"""


PARTS = {
    "face_landmarker.task": Part(LANDMARKER, OTHER),
    "vision_bundle.mjs": Part("vision_tasks", SCRIPT, "package/vision_bundle.mjs"),
    "vision_wasm_internal.js": Part("vision_tasks", SCRIPT, "package/wasm/vision_wasm_internal.js"),
    "vision_wasm_internal.wasm": Part("vision_tasks", BINARY, "package/wasm/vision_wasm_internal.wasm"),
    "audio_to_face.onnx": Part(None, OTHER),
    "ort.wasm.min.mjs": Part("onnx_runtime", SCRIPT, "package/dist/ort.wasm.min.mjs"),
    "ort-wasm-simd-threaded.mjs": Part("onnx_runtime", SCRIPT, "package/dist/ort-wasm-simd-threaded.mjs"),
    "ort-wasm-simd-threaded.wasm": Part("onnx_runtime", BINARY, "package/dist/ort-wasm-simd-threaded.wasm"),
}
"""by their names; no other name is served"""


class PageModels:
    """Reads parts once they are asked for, and keeps them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[str, SiteFile] = {}

    def get(self, name: str) -> SiteFile | None:
        """The part ``name``; None where there is no such part.

        Raises DependencyError, which names the command that fetches it, where its model is not here.
        """
        part = PARTS.get(name)
        if part is None:
            return None
        with self._lock:
            if name not in self._read:
                self._read |= _parts_of(part.model)
            return self._read[name]


def _parts_of(key: str | None) -> dict[str, SiteFile]:
    """All parts of one model."""
    path, content = _content(key)
    wanted = {name: part for name, part in PARTS.items() if part.model == key}
    if all(part.member is None for part in wanted.values()):
        return {name: _file(part.kind, content) for name, part in wanted.items()}
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = {name: archive.extractfile(str(part.member)) for name, part in wanted.items()}
            return {name: _file(wanted[name].kind, file.read()) for name, file in members.items() if file is not None}
    except (tarfile.TarError, KeyError, OSError) as error:
        raise DependencyError(f"{path}: not the archive that was expected") from error


def _content(key: str | None) -> tuple[Path, bytes]:
    if key is None:
        return AUDIO_NETWORK, read_bytes(AUDIO_NETWORK, DependencyError, "the audio network of the package")
    model = MODELS[key]
    path = locate(key)
    content = read_bytes(path, DependencyError, f"the model {model.file}")
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise DependencyError(f"the model {model.file} is another file (its SHA-256 differs): run `{model.command}`")
    return path, content


def _file(kind: str, content: bytes) -> SiteFile:
    # The best compression takes seconds of the first visitor for two hundredths of the size.
    return SiteFile(kind, content, gzip.compress(content, 5, mtime=0), lasting=False)
