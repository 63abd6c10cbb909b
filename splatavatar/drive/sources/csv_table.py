"""Rows of comma-separated values below a header of names."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from splatavatar.drive.sources.columns import lower_first
from splatavatar.errors import SignalError


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The names of the header as ARKit spells them, and the rows below it. Raises SignalError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SignalError(f"{path}: not a text file of comma-separated values.") from error
    return [lower_first(name.strip()) for name in rows[0]] if rows else [], rows[1:]


def numbers(row: Sequence[str], columns: Sequence[int], width: int, line: int, source: str) -> list[float]:
    """Those of ``columns`` of a ``row`` that must have ``width`` values. Raises SignalError."""
    if len(row) != width:
        raise SignalError(f"{source}: line {line} has {len(row)} values, expected {width}.")
    try:
        return [float(row[i]) for i in columns]
    except ValueError as error:
        raise SignalError(f"{source}: line {line} holds something that is not a number.") from error
