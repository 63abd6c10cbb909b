"""The pictures of one sequence of NeRSemble, and their mattes: files, or frames of films."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.readers.named_files import named_file
from splatavatar.capture.readers.nersemble.folders import MATTES, Places, files_of
from splatavatar.capture.readers.nersemble.tracking import Tracking, find_tracking, read_tracking
from splatavatar.capture.references import PictureFile, PictureReference
from splatavatar.capture.video.film_frames import Film, FilmFrame
from splatavatar.errors import CaptureError
from splatavatar.printable import printable

SIDE = 1000
"""pixels of the longer side of a film, from which on it is made smaller"""

Pictures = dict[tuple[str, int], tuple[PictureReference, PictureReference | None]]
"""picture and matte by the serial number of the camera and the timestep"""


@dataclass(frozen=True)
class Filmed:
    """One sequence."""

    folder: Path
    name: str
    """of the folder, from that of the capture; empty where it is the same"""
    pictures: Pictures
    tracking: Tracking | None

    @property
    def timesteps(self) -> list[int]:
        """Those that may be read, ascending."""
        return sorted({step for _, step in self.pictures} if self.tracking is None else self.tracking.row)


def read_sequence(root: Path, places: Places, folder: Path, serials: Collection[str], allow_outside: bool) -> Filmed:
    """The sequence in ``folder``, whose cameras have the numbers ``serials``.

    Raises:
        CaptureError: pictures of other cameras, or mattes of some pictures only, or films that cannot be read.
        RigError: a tracking that does not fit the films.
    """
    files = files_of(folder)
    unknown = sorted({*files.films, *(serial for serial, _ in files.pictures)} - set(serials))
    if unknown:
        raise CaptureError(f"{places.cameras}: no camera {printable(unknown[0])}, of which {folder} has pictures")

    def inside(file: Path) -> Path:
        return named_file(root, places.cameras, file.relative_to(root).as_posix(), allow_outside)

    name = "" if folder == root else folder.relative_to(root).as_posix()
    if files.films:
        films = {serial: _film(inside(file)) for serial, file in files.films.items()}
        mattes = {serial: _film(inside(file)) for serial, file in files.film_mattes.items() if serial in films}
        count = _frames(folder, films, mattes)
        path = find_tracking(folder)
        return Filmed(
            folder, name, _of_films(films, mattes, count), None if path is None else read_tracking(path, count)
        )
    masks = {key: PictureFile(inside(file)) for key, file in files.picture_mattes.items() if key in files.pictures}
    _check_mattes(folder, "pictures", len(masks), len(files.pictures))
    pictures: Pictures = {key: (PictureFile(inside(file)), masks.get(key)) for key, file in files.pictures.items()}
    return Filmed(folder, name, pictures, None)


def _frames(folder: Path, films: dict[str, Film], mattes: dict[str, Film]) -> int:
    """How many frames all films of a sequence have."""
    _check_mattes(folder, "films", len(mattes), len(films))
    for serial, matte in mattes.items():
        if matte.size != films[serial].size:
            (wide, high), (width, height) = matte.size, films[serial].size
            raise CaptureError(
                f"{matte.path}: the mattes have {wide}x{high} pixels, their film {films[serial].path.name} has "
                f"{width}x{height}"
            )
    return min(film.video.count for film in (*films.values(), *mattes.values()))


def _of_films(films: dict[str, Film], mattes: dict[str, Film], count: int) -> Pictures:
    return {
        (serial, step): (FilmFrame(film, step), FilmFrame(mattes[serial], step, grey=True) if mattes else None)
        for serial, film in films.items()
        for step in range(count)
    }


def _film(path: Path) -> Film:
    film = Film(path)
    factor = -(-max(film.size) // SIDE)
    return film if factor == 1 else Film(path, factor)


def _check_mattes(folder: Path, what: str, count: int, all_of: int) -> None:
    if 0 < count < all_of:
        raise CaptureError(f"{folder / MATTES}: mattes of {count} of {all_of} {what}")
