"""Landmarks are detected once: they are kept by the content of the clip, from the moment the last frame was seen."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.capture.faces.landmarks import Landmarks, detect
from splatavatar.errors import CaptureError, DependencyError, OutputError
from splatavatar.folders import cache_folder
from splatavatar.input import read_bytes
from splatavatar.kept.private import make_private, private_folder
from splatavatar.kept.use import note_used

if TYPE_CHECKING:
    from splatavatar.capture.video.clips import Clip

VERSION = 4
"""of what ``detect`` finds"""
OF_CLIP = 16
"""digits of the clip's SHA-256 that the name of a file begins with"""


def detect_once(clip: Clip, model: Path, face: int | None, progress: Callable[[float], None]) -> Landmarks:
    """What ``detect`` returns, or did before for the same content, model and choice.

    A cache that cannot be written costs time the next time, nothing else.

    Raises:
        CaptureError: no face, a face too small, or several faces and no choice.
        DependencyError: ``model`` is not a model of MediaPipe.
    """
    path = kept(clip, model, face)
    make_private(path.parent)
    note_used(path, [clip.info.sha256])
    if os.path.isfile(path):
        # A damaged file is as good as none.
        with suppress(CaptureError):
            landmarks = Landmarks.load(path)
            progress(1.0)
            return landmarks
    landmarks = detect(clip, model, face, progress)
    with suppress(OSError, OutputError):
        private_folder(path.parent)
        landmarks.save(path)
        make_private(path)
        # Names of before said nothing of the clip: nobody reads them, and nobody could forget them with it.
        for other in path.parent.glob(f"{'[0-9a-f]' * 32}.npz"):
            other.unlink(missing_ok=True)
    return landmarks


def kept(clip: Clip, model: Path, face: int | None) -> Path:
    """The path of the landmarks of a clip in the cache, whose name says which clip; see ``of_clips``."""
    values = {
        "version": VERSION,
        "clip": clip.info.sha256,
        "fps": clip.info.fps if clip.info.still else None,
        "model": hashlib.sha256(read_bytes(model, DependencyError, "MediaPipe's face_landmarker.task")).hexdigest(),
        "face": face,
    }
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "landmarks" / f"{clip.info.sha256[:OF_CLIP]}-{digest[:32]}.npz"


def of_clips(clips: Collection[str]) -> list[Path]:
    """The files in the cache of clips of these SHA-256."""
    return [path for digest in clips for path in (cache_folder() / "landmarks").glob(f"{digest[:OF_CLIP]}-*.npz")]
