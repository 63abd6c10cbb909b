"""Files of layouts that go together by the numbers in their names: a picture, its matte and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from splatavatar.capture.readers.named_files import named_file
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError

_NUMBER = re.compile(r"([0-9]{1,9})$")


def number_of(name: str) -> int | None:
    """The number at the end of the last part of ``name``, before its suffix; None where there is none."""
    match = _NUMBER.search(Path(name).stem)
    return None if match is None else int(match[1])


def by_number(folder: Path, suffixes: Collection[str]) -> dict[int, Path]:
    """The files of ``folder`` with one of the ``suffixes`` (in lower case) by their numbers, ascending.

    Raises CaptureError for two of one number.
    """
    found: dict[int, Path] = {}
    for file in sorted(folder.iterdir()):
        number = number_of(file.name)
        if file.suffix.lower() not in suffixes or number is None:
            continue
        if found.setdefault(number, file) != file:
            raise CaptureError(f"{folder}: {found[number].name} and {file.name} have one number")
    return dict(sorted(found.items()))


def inside(root: Path, description: Path, file: Path, allow_outside: bool) -> PictureFile:
    """The picture ``file`` of a folder in ``root``, which may be a link to elsewhere. Raises as ``named_file``."""
    return PictureFile(named_file(root, description, file.relative_to(root).as_posix(), allow_outside))
