"""The cameras of photos that were taken of one moment from all around: a scene of COLMAP, by COLMAP."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.photos.colmap import Colmap, Model
from splatavatar.capture.photos.gather import FEWEST, Photo, copied, digests_of, names_of, photos_of
from splatavatar.capture.photos.pairs import pairs
from splatavatar.errors import CaptureError, OutputError
from splatavatar.extras import required
from splatavatar.input import read_json
from splatavatar.output import atomic_write, folder_made, make_folder, temporary_beside, why_unwritten
from splatavatar.progress import Progress, unheard

PHOTOS = "photos.json"
"""which photos a folder was begun with: a digest of each, by name"""
DATABASE = "database.db"
IMAGES = "images"
SPARSE = "sparse"


@dataclass(frozen=True)
class Solved:
    """What was found of the cameras of some photos."""

    folder: Path
    photos: tuple[Photo, ...]
    lost: tuple[Photo, ...]
    """those of them whose camera was not found"""
    error: float
    """pixels by which points of the scene miss the places where they are seen, on average"""
    focal_lengths: tuple[float, ...]
    """pixels, of each camera"""


def solve_photos(folder: Path, out: Path, progress: Progress = unheard) -> Solved:
    """Find the cameras of the photos in ``folder`` and write them with upright copies to ``out`` as a scene of COLMAP.

    Features and matches are kept in ``out`` from the moment they are found: where an earlier call was interrupted this
    one goes on, with the same photos.

    Raises:
        CaptureError: too few photos, one that is no picture, or photos that do not show enough of the same.
        DependencyError: no ``pycolmap``.
        OutputError: ``out`` holds something else, or cannot be written.
    """
    sources = photos_of(folder)
    with folder_made(out):
        _check_out(out)
        required("pycolmap")
        photos = _gathered(sources, out, progress)
        colmap = Colmap(out / IMAGES, out / DATABASE)
        colmap.features(photos, lambda share: progress("features", share))
        matched = colmap.matches(photos, pairs(len(photos)), lambda share: progress("matches", share))
        if not matched:
            raise CaptureError(f"{folder}: no two of the {len(photos)} photos show the same; {ADVICE}")
        models = colmap.models(len(photos), lambda share: progress("cameras", share))
        best = _largest(folder, photos, models)
        _write(best, out)
    lost = tuple(photo for photo in photos if photo.name not in best.names)
    focal_lengths = tuple(float(camera.mean_focal_length()) for camera in best.reconstruction.cameras.values())
    return Solved(out, tuple(photos), lost, best.error, focal_lengths)


ADVICE = (
    "they have to be of one moment, overlap by half or more, and have things in them that differ, such as a room behind"
)


def _check_out(out: Path) -> None:
    """Raises OutputError unless ``out`` is empty or was begun by an earlier call."""
    try:
        there = sorted(os.listdir(out))
    except OSError as error:
        raise OutputError(f"{out}: {why_unwritten(error)}") from error
    if SPARSE in there:
        raise OutputError(f"{out}: holds cameras already, expected an empty folder (-o)")
    if there and PHOTOS not in there:
        raise OutputError(f"{out}: is not empty, expected an empty folder (-o)")


def _gathered(sources: list[Path], out: Path, progress: Progress) -> list[Photo]:
    """Copies the photos to ``out``. Raises OutputError where it was begun with others."""
    digests = digests_of(sources)
    note = out / PHOTOS
    if note.exists() and read_json(note, CaptureError, "the names of photos") != digests:
        raise OutputError(f"{out}: was begun with other photos, expected an empty folder (-o)")
    with atomic_write(note) as file:
        file.write(json.dumps(digests, indent=1).encode())
    make_folder(out / IMAGES)
    taken: set[str] = set()
    photos = []
    for number, source in enumerate(sources, 1):
        photos.append(copied(source, out / IMAGES, taken))
        progress("photos", number / len(sources))
    return photos


def _largest(folder: Path, photos: list[Photo], models: list[Model]) -> Model:
    """Raises CaptureError where too few photos belong together."""
    sizes = [len(model.names) for model in models]
    if not models or sizes[0] < FEWEST:
        raise CaptureError(f"{folder}: too little of what the {len(photos)} photos show is the same; {ADVICE}")
    if 2 * sizes[0] < len(photos):
        alone = [photo for photo in photos if photo.name not in models[0].names]
        raise CaptureError(
            f"{folder}: only {sizes[0]} of {len(photos)} photos belong together (groups of "
            f"{', '.join(map(str, sizes))}), without {names_of(alone)}; {ADVICE}"
        )
    return models[0]


def _write(model: Model, out: Path) -> None:
    """Writes ``sparse/0``, whole or not at all."""
    draft = temporary_beside(out / SPARSE)
    try:
        make_folder(draft / "0")
        model.reconstruction.write_binary(draft / "0")
        os.replace(draft, out / SPARSE)
    except (OSError, RuntimeError) as error:
        why = why_unwritten(error) if isinstance(error, OSError) else str(error)
        raise OutputError(f"cannot write {out / SPARSE}: {why}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
