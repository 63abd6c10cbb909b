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
import math
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from splatavatar import input
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import CaptureError, OutputError
from splatavatar.output import atomic_write, why_unwritten

VERSION = 6
"""of what is written here and kept in the cache: another way to find the same things has another"""
EXTRACT, CAPTURE, TRACK = "extract.json", "capture.json", "track.npz"
SOURCE, FIT = "source.json", "fit.npz"
TRACKED = (CAPTURE, "transforms.json", "rig_params.npz", TRACK, FIT)
"""files that tracking writes"""
FOLDERS = ("images", "landmarks", "masks")
LONGEST = 1 << 31
"""frames of a clip"""
LARGEST = 1 << 20
"""pixels of the side of a frame"""


@dataclass(frozen=True)
class Facts:
    """What ``capture.json`` says of a capture prepared from video."""

    names: list[str]
    """of the clips"""
    sha256: list[str]
    """of the clips"""
    window: dict[str, Any]
    tracking: dict[str, Any]
    reprojection_median: float
    matting: str | None
    edition: str | None
    """of the rig (``rig.loader.edition``) that was tracked; None: not noted"""
    lacks: list[str]
    """sentences"""


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
    windows: list[Crop]
    """of each picture"""
    metres: float
    """that a window spans at the depth of the face, about"""

    def digests(self) -> list[str]:
        """SHA-256 of the clips."""
        return [str(clip.get("sha256")) for clip in self.clips]

    def image_name(self, picture: int) -> str:
        """Path of a picture in the folder."""
        clip, frame = self.chosen[picture]
        return f"images/{clip:02d}_{frame + self.first[clip]:05d}.png"


def landmarks_path(folder: Path, clip: int) -> Path:
    """The path of the landmarks of a clip."""
    return folder / "landmarks" / f"{clip:02d}.npz"


def write_extraction(folder: Path, extraction: Extraction) -> None:
    """Writes ``values`` to ``path``. Raises OutputError where it cannot be written."""
    write_json(folder / EXTRACT, {"version": VERSION, **asdict(extraction)})


def read_extraction(folder: Path) -> Extraction:
    """The description at ``path``, as ``write_json`` wrote it. Raises CaptureError where it is absent or damaged."""
    values = read_description(folder / EXTRACT)
    try:
        windows = [Crop(**w) for w in values.pop("windows")]
        chosen = [(int(clip), int(frame)) for clip, frame in values.pop("chosen")]
        if values.pop("version") != VERSION:
            raise CaptureError(f"{folder / EXTRACT}: of another version of splatavatar; extract the video again")
        extraction = Extraction(windows=windows, chosen=chosen, **values)
        if _makes_sense(extraction):
            return extraction
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise CaptureError(f"{folder / EXTRACT}: damaged; extract the video again") from error
    raise CaptureError(f"{folder / EXTRACT}: damaged; extract the video again")


def _makes_sense(extraction: Extraction) -> bool:
    clips, windows = extraction.clips, extraction.windows
    sides = [side for w in windows for side in (w.size, w.out)]
    return (
        isinstance(clips, list)
        and all(isinstance(clip, dict) for clip in clips)
        and all(type(number) is int and number >= 0 for number in extraction.first)
        and len(extraction.first) == len(clips)
        and len(windows) == len(extraction.chosen) > 0
        and all(0 <= clip < len(clips) and 0 <= frame < LONGEST for clip, frame in extraction.chosen)
        and all(type(number) is int and abs(number) < LARGEST for w in windows for number in vars(w).values())
        and min(sides) > 0
        and isinstance(extraction.synchronised, bool)
        and math.isfinite(extraction.metres)
    )


def read_facts(folder: Path) -> Facts:
    """What is known of the capture in ``folder``. Raises CaptureError where there is nothing, or something damaged."""
    values = read_description(folder / CAPTURE)
    clips, tracking, window = values.get("clips"), values.get("tracking"), values.get("window")
    lacks = values.get("lacks", [])
    matting, edition = (
        found if isinstance(found := values.get(name), str) else None for name in ("matting", "edition")
    )
    try:
        names = [str(clip["name"]) for clip in clips or []]
        digests = [str(clip["sha256"]) for clip in clips or []]
        error = float(tracking["reprojection_median"]) if isinstance(tracking, dict) else math.nan
    except (TypeError, KeyError, ValueError, OverflowError):
        names, digests, error = [], [], math.nan
    if not (names and isinstance(tracking, dict) and isinstance(window, dict) and math.isfinite(error)):
        raise CaptureError(f"{folder / CAPTURE}: damaged; extract the video again")
    if not (isinstance(lacks, list) and all(isinstance(sentence, str) for sentence in lacks)):
        raise CaptureError(f"{folder / CAPTURE}: damaged; extract the video again")
    matting, edition = (noted if isinstance(noted, str) else None for noted in (matting, edition))
    return Facts(names, digests, window, tracking, error, matting, edition, lacks)


def check_replaceable(folder: Path) -> None:
    """Whether ``folder`` may take an extraction: what lies there is none, or an earlier one.

    Raises:
        OutputError: it holds pictures or a capture that came from elsewhere.
    """
    if os.path.isfile(folder / EXTRACT):
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
        # Each as a whole, so that no part of it is left, and none that another extraction describes.
        for name in FOLDERS:
            if (folder / name).is_dir():
                (folder / name).replace(new / f"{name}-before")
        (new / EXTRACT).replace(folder / EXTRACT)
        for name in ("landmarks", "images"):
            (new / name).replace(folder / name)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {why_unwritten(error)}") from error
    shutil.rmtree(new, ignore_errors=True)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Writes ``values`` to ``path``. Raises OutputError where it cannot be written."""
    with atomic_write(path) as file:
        file.write(json.dumps(values, indent=1).encode())


def read_description(path: Path) -> dict[str, Any]:
    """The description at ``path``, as ``write_json`` wrote it. Raises CaptureError where it is absent or damaged."""
    if not os.path.lexists(path):
        raise CaptureError(f"{path.parent}: no {path.name}, expected a capture prepared from video")
    try:
        values = input.read_json(path, CaptureError)
    except CaptureError as error:
        raise CaptureError(f"{path}: damaged; extract the video again") from error
    if not isinstance(values, dict):
        raise CaptureError(f"{path}: damaged; extract the video again")
    return values
