"""A capture that was prepared from video: what its folder holds beside what every capture has.

landmarks/00.npz ...   the landmarks of all frames of each clip
extract.json           what was extracted, and from what
source.json            that extraction is complete, and of what
fit.npz                what tracking found, until the mattes are cut too and for other mattes
track.npz              rig parameters over all frames in which the face was found
capture.json           what tracking found; written last
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from splatavatar.capture.crop import Window
from splatavatar.errors import CaptureError, OutputError
from splatavatar.output import atomic_write

VERSION = 4
"""of what is written here and kept in the cache: another way to find the same things has another"""
EXTRACT, CAPTURE, TRACK = "extract.json", "capture.json", "track.npz"
SOURCE, FIT = "source.json", "fit.npz"
TRACKED = (CAPTURE, "transforms.json", "rig_params.npz", TRACK, FIT)
"""files that tracking writes"""
FOLDERS = ("images", "landmarks", "masks")


@dataclass(frozen=True)
class Extraction:
    """The chosen frames of the clips, and their windows."""

    clips: list[dict[str, Any]]
    """of each clip: name, sha256, width, height, fps, frames, rotation, hdr, duration"""
    synchronised: bool
    """whether the clips are cameras of one take, rather than takes of one camera"""
    first: list[int]
    """of each clip: index of the first frame that was looked at"""
    chosen: list[tuple[int, int]]
    """(clip, frame from the first) of each picture, ascending"""
    windows: list[Window]
    """of each picture"""
    metres: float
    """that a window spans at the depth of the face, about"""

    def image_name(self, picture: int) -> str:
        """Path of a picture in the folder."""
        clip, frame = self.chosen[picture]
        return f"images/{clip:02d}_{frame + self.first[clip]:05d}.png"


def landmarks_path(folder: Path, clip: int) -> Path:
    """Where the landmarks of a clip are."""
    return folder / "landmarks" / f"{clip:02d}.npz"


def write_extraction(folder: Path, extraction: Extraction) -> None:
    """Raises OutputError where it cannot be written."""
    write_json(folder / EXTRACT, {"version": VERSION, **asdict(extraction)})


def read_extraction(folder: Path) -> Extraction:
    """Raises CaptureError where there is none, or a damaged one."""
    values = read_json(folder / EXTRACT)
    try:
        windows = [Window(**w) for w in values.pop("windows")]
        chosen = [(int(clip), int(frame)) for clip, frame in values.pop("chosen")]
        if values.pop("version") != VERSION:
            raise CaptureError(f"{folder / EXTRACT}: of another version of splatavatar; extract the video again")
        return Extraction(windows=windows, chosen=chosen, **values)
    except (TypeError, KeyError, ValueError) as error:
        raise CaptureError(f"{folder / EXTRACT}: damaged; extract the video again") from error


def check_replaceable(folder: Path) -> None:
    """Whether ``folder`` may take an extraction: what lies there is none, or an earlier one.

    Raises:
        OutputError: it holds pictures or a capture that came from elsewhere.
    """
    if (folder / EXTRACT).is_file():
        return
    for name in ("transforms.json", *FOLDERS):
        if (folder / name).exists():
            raise OutputError(f"{folder}: holds {name}, which was not extracted from video; name another folder")


def replace_extraction(folder: Path, new: Path) -> None:
    """Moves the extraction in ``new`` to ``folder``; an earlier one there, and what was tracked of it, goes.

    Raises:
        OutputError: the files cannot be moved.
    """
    try:
        # Without the first of them nothing takes the folder for complete.
        for name in (SOURCE, *TRACKED):
            (folder / name).unlink(missing_ok=True)
        (new / EXTRACT).replace(folder / EXTRACT)
        for name in FOLDERS:
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
        for name in ("landmarks", "images"):
            (new / name).replace(folder / name)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    with suppress(OSError):
        new.rmdir()


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Raises OutputError where it cannot be written."""
    with atomic_write(path) as file:
        file.write(json.dumps(values, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Raises CaptureError where there is none, or a damaged one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CaptureError(f"{path.parent}: no {path.name}, expected a capture prepared from video") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CaptureError(f"{path}: damaged; extract the video again") from error
    if not isinstance(values, dict):
        raise CaptureError(f"{path}: damaged; extract the video again")
    return values
