"""Numbered PNG files."""

from __future__ import annotations

import logging
import os
import re
import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.sink import Beginning, prepare_folder
from splatavatar.errors import OutputError, TrustError
from splatavatar.output import atomic_write, make_folder, temporary_beside, why_unwritten
from splatavatar.png import encode_png
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.trust.credentials.marker import Marker

BEGINNING = "part"
"""folder of the pictures of a film that was broken off, where others have their names"""


class FramesSink:
    """Frame n becomes ``pattern % n``, counted from 0.

    Where pictures of such names are there, the new ones wait in a folder of their own until all are there.
    """

    def __init__(self, pattern: Path, marker: Marker | None = None) -> None:
        """``marker`` puts content credentials into each picture.

        Raises OutputError for a pattern without a number or a folder that cannot be written."""
        if not re.fullmatch(r"[^%]*%(0?[1-9]\d?)?d[^%]*", pattern.name):
            raise OutputError(
                f"{pattern}: a sequence of pictures needs one number in its name, such as frames/%05d.png."
            )
        prepare_folder(pattern.with_name(pattern.name % 0))
        self._pattern = pattern
        self._marker = marker
        self._frames = 0
        self._draft = temporary_beside(pattern) if self._numbers() else None

    def write(self, image: NDArray[np.uint8]) -> None:
        """Write one picture (H, W, 3) or (H, W, 4). Raises OutputError."""
        if self._draft is not None and not self._frames:
            make_folder(self._draft)
        write_png((self._draft or self._pattern.parent) / (self._pattern.name % self._frames), image, self._marker)
        self._frames += 1

    def close(self) -> None:
        """Every picture is whole once written; those that waited replace the older ones. Of an older film that was
        longer the rest remains, as the log says. Raises OutputError.
        """
        if self._draft is None or not self._frames:
            return
        try:
            for frame in range(self._frames):
                name = self._pattern.name % frame
                os.replace(self._draft / name, self._pattern.with_name(name))
            self._draft.rmdir()
            older = sum(number >= self._frames for number in self._numbers())
        except OSError as error:
            raise OutputError(f"cannot write {self._pattern}: {why_unwritten(error)}") from error
        self._draft = None
        if older:
            text = f"{self._pattern}: {self._frames} pictures are new; {older} older ones with higher numbers remain"
            logging.getLogger("splatavatar").warning("%s", printable(text))

    def keep(self) -> Beginning:
        """Keep the pictures written so far; where there are older ones, in a folder beside them. Raises OutputError."""
        if self._draft is None or not self._frames:
            self.discard()
            return Beginning(self._pattern)
        names = (BEGINNING + str(number) * (number > 1) for number in count(1))
        folder = next(place for name in names if not os.path.lexists(place := self._pattern.with_name(name)))
        try:
            os.replace(self._draft, folder)
        except OSError as error:
            raise OutputError(f"cannot write {folder}: {why_unwritten(error)}") from error
        self._draft = None
        return Beginning(folder / self._pattern.name, self._pattern)

    def discard(self) -> None:
        """Keep the pictures written so far, each of which is whole, unless they would replace older ones."""
        if self._draft is not None:
            shutil.rmtree(self._draft, ignore_errors=True)

    def _numbers(self) -> list[int]:
        """Those of the pictures that have a name of the pattern."""
        before, after = re.split(r"%\d*d", self._pattern.name)
        with os.scandir(self._pattern.parent) as entries:
            return [
                int(number)
                for entry in entries
                if entry.name.startswith(before)
                and entry.name.endswith(after)
                and (number := entry.name[len(before) : len(entry.name) - len(after)]).isdecimal()
                and self._pattern.name % int(number) == entry.name
            ]


def write_png(path: Path, image: NDArray[np.uint8], marker: Marker | None = None) -> None:
    """Write (H, W, 3) RGB or (H, W, 4) straight-alpha RGBA, whole or not at all, with what ``marker`` says of it.

    Raises OutputError; where the credentials alone fail the picture is written without them before.
    """
    data, failure = encode_png(image), None
    if marker is not None:
        try:
            data = marker.inside(data, "image/png")
        except TrustError as error:
            failure = error
    with atomic_write(path) as file:
        file.write(data)
    if failure is not None:
        raise OutputError(f"{path}: written without content credentials: {failure}") from failure
