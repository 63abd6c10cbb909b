"""Options of ``splatavatar drive`` that cannot go together: said before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from splatavatar.errors import SettingsError


def check_outputs(outputs: Sequence[Path], record: Path | None, inputs: Sequence[Path]) -> None:
    """Raises SettingsError where two results would be one file, or a result would replace what drives; OutputError for
    a path of which no kind of output is known.
    """
    from splatavatar.drive.sinks.opening import check_kind

    for path in outputs:
        check_kind(path)
    if record is not None and record.suffix.lower() != ".npz":
        raise SettingsError(f"{record}: a recorded signal is an .npz file, such as signal.npz")
    # Not Path.resolve, which raises RuntimeError for a link that leads back to itself.
    read = {os.path.realpath(path) for path in inputs}
    written: set[str] = set()
    for path in [*outputs, *([] if record is None else [record])]:
        place = os.path.realpath(path)
        if place in read:
            raise SettingsError(f"{path}: the file that drives would be overwritten; give the output another name.")
        if place in written:
            raise SettingsError(f"{path}: two outputs of one name; give each its own.")
        written.add(place)


def check_purpose(given: dict[str, bool], works: dict[str, bool], needs: dict[str, str]) -> None:
    """Raises SettingsError for the first option that is ``given`` and does not work here, saying what it ``needs``."""
    for option, wanted in given.items():
        if wanted and not works[option]:
            raise SettingsError(f"{option} {needs[option]}")
