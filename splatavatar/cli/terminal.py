"""What the commands say, and terminals and pipes that do not take it."""

from __future__ import annotations

import io
import logging
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import typer

from splatavatar.printable import printable


def tell(line: str, err: bool = False) -> None:
    """Print one line; what names of files bring along does nothing to the terminal."""
    typer.echo(printable(line), err=err)


@contextmanager
def steady_streams() -> Iterator[_Loss]:
    """Within the block standard output and error take whatever is written, and no name is too strange for them.

    What cannot be written (closed, full, a reader that has gone) is dropped: a film is not lost for want of a terminal.
    Yields what became of standard output.
    """
    _occupy()
    loss, given = _Loss(), (sys.stdout, sys.stderr)
    # Streams that a program, such as a test, has put in their place are its own business.
    sys.stdout = _steady(sys.stdout, sys.__stdout__, 1, loss)
    sys.stderr = _steady(sys.stderr, sys.__stderr__, 2, _Loss())
    escaping = logging.lastResort
    if escaping is not None:
        escaping.setFormatter(_Escaping())
    try:
        yield loss
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = given


class _Loss:
    """Why a stream takes nothing more."""

    error: OSError | None = None


class _Escaping(logging.Formatter):
    """Warnings name files, too."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, super().format(record).split("\n")))


class _Steady(io.FileIO):
    """A descriptor that takes everything; after an error it leads to nowhere."""

    def __init__(self, descriptor: int, loss: _Loss) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._loss = loss

    def write(self, data: bytes) -> int:  # type: ignore[override]
        rest = memoryview(data)
        while rest:
            try:
                done = super().write(rest)
            except OSError as error:
                self._loss.error = self._loss.error or error
                _to_nowhere(self.fileno())
                break
            if done is None:  # a terminal that another program has told not to wait
                select.select([], [self.fileno()], [])
            else:
                rest = rest[done:]
        return len(data)


def _steady(stream: TextIO | None, own: TextIO | None, descriptor: int, loss: _Loss) -> TextIO:
    if stream is not own:
        assert stream is not None
        return stream
    known = "utf-8" if stream is None else stream.encoding
    buffer = io.BufferedWriter(_Steady(descriptor, loss))  # type: ignore[type-var]
    return io.TextIOWrapper(buffer, known, "backslashreplace", line_buffering=True)


def _occupy() -> None:
    """Descriptors 0, 1 and 2 that are closed are opened on nothing: the next file would get their number, and whatever
    a library prints would be written into it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _to_nowhere(descriptor)


def _to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
