"""Where the user's files of body models are."""

from __future__ import annotations

import os
from pathlib import Path

from splatavatar.errors import RigError
from splatavatar.input import why_unread
from splatavatar.natural import Key, natural
from splatavatar.printable import printable

VARIABLE = "SPLATAVATAR_BODY_MODELS"
"""files and folders of body models, separated as in ``PATH``; ``~`` is the home folder, also where no shell said so"""
STEMS = {
    "flame": (
        *("flame2023_open", "flame2023", "flame_neutral", "generic_model"),
        *("flame_female", "female_model", "flame_male", "male_model", "flame"),
    ),
    "smplx": (
        *("smplx_neutral", "smplx_neutral_2020", "smplx_female", "smplx_female_2020"),
        *("smplx_male", "smplx_male_2020", "smplx"),
    ),
}
"""names of the official files without suffix, in lower case, in the order in which they are preferred; of FLAME 2023
without a jaw there is nothing to open a mouth with"""
SUFFIXES = (".npz", ".pkl")
WHERE = {"flame": "https://flame.is.tue.mpg.de", "smplx": "https://smpl-x.is.tue.mpg.de"}
DEEP = 2
"""folders below those that are named that are looked into, such as ``models/flame``; links are followed"""


def name_body_model(path: Path | None) -> None:
    """Makes ``path``, a file or a folder, all that is looked into from now on in this process; None changes nothing.

    Raises RigError where it is not there.
    """
    if path is None:
        return
    if not os.path.lexists(path):
        raise RigError(f"{printable(path)}: no such file, expected a body model, or a folder of them")
    os.environ[VARIABLE] = os.fspath(path)


def body_model_path(family: str) -> Path | None:
    """The user's file of ``flame`` or ``smplx``: by its official name, in what ``SPLATAVATAR_BODY_MODELS`` names.

    A file that the variable names itself counts whatever it is called, unless its name is one of the other family.
    None where there is none.
    """
    found: list[tuple[int, int, Key, Path]] = []
    for order, path in enumerate(_places()):
        if os.path.isfile(path):
            others = [stem for other, stems in STEMS.items() if other != family for stem in stems]
            if path.stem.lower() not in others:
                found.append((order, 0, natural(path), path))
            continue
        for file in _files(path, DEEP):
            if file.stem.lower() in STEMS[family] and file.suffix.lower() in SUFFIXES:
                found.append((order, STEMS[family].index(file.stem.lower()), natural(file), file))
    return min(found)[-1] if found else None


def needed_body_model(family: str) -> Path:
    """``body_model_path``. Raises RigError, with what to do, where there is none."""
    path = body_model_path(family)
    if path is None:
        places = [f"{path}: {_why_none(path)}" for path in _places()]
        where = printable("; ".join(places)) if places else f"{VARIABLE} is not set"
        raise RigError(
            f"the rig {family} needs a file of yours ({where}); get one from {WHERE[family]} and set {VARIABLE} to it,"
            " or to its folder"
        )
    return path


def _places() -> list[Path]:
    """What the variable names."""
    return [Path(os.path.expanduser(place)) for place in os.environ.get(VARIABLE, "").split(os.pathsep) if place]


def _why_none(place: Path) -> str:
    """Why ``place`` holds no file that is looked for, in a few words."""
    if os.path.isfile(place):
        return "a file of another model"
    try:
        os.scandir(place).close()
    except (OSError, ValueError) as error:
        return "no such file or folder" if isinstance(error, FileNotFoundError) else why_unread(error)
    return "none of its files has an official name"


def _files(folder: Path, deep: int) -> list[Path]:
    """The files in ``folder`` and in those below it."""
    try:
        with os.scandir(folder) as opened:
            entries = sorted(opened, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []
    out = []
    for entry in entries:
        path = Path(entry.path)
        # Not the methods of the entry, which raise at a link that leads back to itself.
        if os.path.isfile(path):
            out.append(path)
        elif deep and os.path.isdir(path):
            out += _files(path, deep - 1)
    return out
