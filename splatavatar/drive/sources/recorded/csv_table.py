"""Tables as text: a header of names, and a row of values a frame.

Separated by commas, semicolons, tabs or bars, whichever the header is; a first line ``sep=;`` says it. Where the
separator is no comma, commas in numbers are decimal. Blank lines, comments (``#``, ``//``) and repetitions of the
header are passed over. Quotes, separators at the end of a line, any line ends and the encodings of ``input.read_text``
are understood.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from splatavatar.drive.sources.recorded.columns import MOST_COLUMNS
from splatavatar.errors import SignalError
from splatavatar.input import read_text

EXPECTED = "a table of the coefficients of a face"
SEPARATORS = ",;\t|"
COMMENTS = ("#", "//")
LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")


class Table:
    """The table in a file: ``names`` of its columns as they are written, and ``rows``."""

    def __init__(self, path: Path) -> None:
        """Raises SignalError for what cannot be read or is no text."""
        self.source = str(path)
        self._text = read_text(path, SignalError, EXPECTED)
        self._separator = self._find_separator()
        self.names: list[str] = []
        self._header_line = 0
        for line, cells in self._cells():
            self.names, self._header_line = cells, line
            if is_number(cells[0]) and (comment := self._comment_before(line)):
                self.names, self._header_line = comment, line - 1
            break
        while self.names and not self.names[-1]:
            self.names.pop()
        if len(self.names) > MOST_COLUMNS:
            raise SignalError(f"{path}: {len(self.names)} columns, expected {EXPECTED}.")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line in the file, counted from 1, and the cells of every row. Raises SignalError for damaged quotes."""
        header, width = [name.lower() for name in self.names], len(self.names)
        for line, cells in self._cells():
            if line <= self._header_line:
                continue
            while len(cells) > width and not cells[-1]:
                cells.pop()
            if [cell.lower() for cell in cells[:2]] == header[:2] and [cell.lower() for cell in cells] == header:
                continue
            yield line, cells

    def numbers(self, cells: Sequence[str], columns: Sequence[int], line: int) -> list[float]:
        """The ``columns`` of a row that must have a value for every name. Raises SignalError."""
        if len(cells) != len(self.names):
            raise SignalError(f"{self.source}: line {line} has {len(cells)} values, expected {len(self.names)}.")
        try:
            if self._separator == ",":
                return [float(cells[at]) for at in columns]
            return [float(cells[at].replace(",", ".")) for at in columns]
        except ValueError as error:
            raise SignalError(f"{self.source}: line {line} holds something that is not a number.") from error

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Line and stripped cells of what is no comment and not blank."""
        reader = csv.reader(self._lines(), delimiter=self._separator, skipinitialspace=True)
        try:
            for cells in reader:
                if any(cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            raise SignalError(f"{self.source}: damaged at line {reader.line_num}, expected {EXPECTED}.") from error

    def _lines(self) -> Iterator[str]:
        """Every line, those that say nothing emptied, so that they are counted."""
        for number, match in enumerate(LINE.finditer(self._text)):
            line = match[1].lstrip()
            says_nothing = not line or line.startswith(COMMENTS) or (number == 0 and _stated_separator(match[1]))
            yield "\n" if says_nothing else match[1] + "\n"

    def _find_separator(self) -> str:
        for number, match in enumerate(LINE.finditer(self._text)):
            line = match[1].strip()
            if number == 0 and (stated := _stated_separator(match[1])):
                return stated
            if line and not line.startswith(COMMENTS):
                outside = re.sub(r'"[^"]*"', "", line)
                return max(SEPARATORS, key=outside.count)
        return ","

    def _comment_before(self, line: int) -> list[str] | None:
        """The names in a comment right above ``line``, as numpy's ``savetxt`` writes them."""
        found = ""
        for number, match in enumerate(LINE.finditer(self._text), start=1):
            if number >= line:
                break
            found = match[1].strip() or found
        if not found.startswith(COMMENTS):
            return None
        return [name.strip() for name in next(csv.reader([found.lstrip("#/ ")], delimiter=self._separator))]


def _stated_separator(line: str) -> str | None:
    """Of the first line that spreadsheets write, ``sep=;``."""
    match = re.fullmatch(r"\s*\"?sep=([,;|\t])\"?[,;|\t]*\s*", line, re.IGNORECASE)
    return match[1] if match else None


def is_number(text: str) -> bool:
    """Whether ``text`` is one, with a point or a comma."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
