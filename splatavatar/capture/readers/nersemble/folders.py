"""Where NeRSemble's sequences, calibrations and colours lie.

Version 2, and the benchmarks, have ``PERSON/calibration`` and ``PERSON/sequences/SEQUENCE/images/cam_SERIAL.mp4``.
Version 1, as VHAP lays it out, has ``PERSON/SEQUENCE/images/cam_SERIAL_TIMESTEP.jpg``, and beside the person
``camera_params/PERSON`` and ``color_correction/PERSON``. VHAP takes version 2 with pictures as well. A capture is the
folder of a person, with all sequences, or that of one sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from splatavatar.errors import CaptureError
from splatavatar.natural import natural

CAMERAS = "camera_params.json"
PICTURES, MATTES = "images", "alpha_maps"
PICTURE = re.compile(r"cam_([0-9A-Za-z]{1,20})_([0-9]{1,9})\.(?:jpg|jpeg|png)", re.IGNORECASE)
FILM = re.compile(r"cam_([0-9A-Za-z]{1,20})\.mp4", re.IGNORECASE)


@dataclass(frozen=True)
class Sequence:
    """The files of one sequence."""

    folder: Path
    films: dict[str, Path] = field(default_factory=dict)
    """by the serial number of the camera"""
    pictures: dict[tuple[str, int], Path] = field(default_factory=dict)
    """by serial number and timestep"""
    film_mattes: dict[str, Path] = field(default_factory=dict)
    picture_mattes: dict[tuple[str, int], Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where a capture of NeRSemble lies."""

    cameras: Path
    """the file of the calibration"""
    sequences: tuple[Path, ...]
    """their folders, in natural order"""
    affine_colours: Path
    """the folder of the colours of version 1; it need not exist"""
    linear_colours: Path
    """the file of the colours of version 2; it need not exist"""


def find_places(root: Path) -> Places | None:
    """Where the capture in ``root`` lies; None where it is none of NeRSemble's."""
    for person, sequences in (
        (root, root / "sequences"),
        (root, root),
        (root.absolute().parent, None),
        (root.absolute().parent.parent, None),
    ):
        for cameras in (
            person / "calibration" / CAMERAS,
            person.absolute().parent / "camera_params" / person.absolute().name / CAMERAS,
            person / CAMERAS,
        ):
            if cameras.is_file():
                found = tuple(_folders(sequences)) if sequences is not None else ()
                found = found or ((root,) if _has_cameras(root) else ())
                if found:
                    colours = person.absolute().parent / "color_correction" / person.absolute().name
                    return Places(cameras, found, colours, cameras.parent / "color_calibration.json")
    return None


def files_of(folder: Path) -> Sequence:
    """The files of the sequence in ``folder``. Raises CaptureError where it has films and pictures."""
    found = Sequence(folder)
    for name, films, pictures in (
        (PICTURES, found.films, found.pictures),
        (MATTES, found.film_mattes, found.picture_mattes),
    ):
        inside = folder / name
        for file in sorted(inside.iterdir()) if inside.is_dir() else ():
            film, picture = FILM.fullmatch(file.name), PICTURE.fullmatch(file.name)
            if film:
                films[film[1]] = file
            elif picture:
                pictures[picture[1], int(picture[2])] = file
    if found.films and found.pictures:
        raise CaptureError(f"{folder / PICTURES}: films and pictures of cameras, expected either")
    return found


def _folders(within: Path) -> Iterator[Path]:
    if within.is_dir():
        yield from sorted((f for f in within.iterdir() if f.is_dir() and _has_cameras(f)), key=natural)


def _has_cameras(folder: Path) -> bool:
    """Whether ``folder`` is a sequence, by the first file that is called as a camera's."""
    files = (folder / PICTURES).glob("cam_*")
    return any(FILM.fullmatch(file.name) or PICTURE.fullmatch(file.name) for file in files)
