"""Opening files that a user, or another file, has named: regular files alone, text in whatever encoding it comes."""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from splatavatar.errors import SplatAvatarError, TrustError
from splatavatar.printable import printable

Failure = type[SplatAvatarError]

MOST_TEXT = 1 << 28
"""bytes of a text that are read, at most"""
MOST_VALUES, MOST_LISTS = 1 << 25, 1 << 23
"""of JSON: numbers and texts, and lists and tables, which take up to thirty times the memory of their text"""
EXACT_DIGITS = 18
"""of an integer in JSON; a longer one is read as a float, infinite beyond its range, and never overflows later"""
POINTER = b"version https://git-lfs"
"""how the stand-in begins that Git LFS leaves for a file it has not fetched"""
NOT_FETCHED = "a pointer of Git LFS to a file that was not fetched (git lfs pull)"
"""what is said of one"""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ELOOP: "a symbolic link that leads back to itself",
    errno.ENAMETOOLONG: "a name longer than the file system allows",
    errno.EIO: "the disk cannot read it",
}


def open_input(path: str | Path, failure: Failure, expected: str = "a file") -> BinaryIO:
    """The regular file at ``path``, opened for reading bytes.

    Never waits: a pipe or a device is refused before it is read. ``expected`` ends the sentence of the error.

    Raises:
        failure: nothing there, a folder, a pipe or a device, no permission, a link that leads back to itself.
    """
    shown = printable(path)
    try:
        # Asked before opening, which alone may wake a writer, rewind a tape or start a watchdog.
        found = _other_than_a_file(os.stat(path).st_mode)
        if found:
            raise failure(f"{shown}: {found}, expected {expected}.")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise failure(f"{shown}: {why_unread(error)}, expected {expected}.") from error
    try:
        # What was asked about may have been replaced since.
        found = _other_than_a_file(os.fstat(descriptor).st_mode)
        if found:
            raise failure(f"{shown}: {found}, expected {expected}.")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _other_than_a_file(mode: int) -> str:
    """What a file that is not a regular one is; empty for a regular one."""
    if stat.S_ISREG(mode):
        return ""
    return "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"


def check_input(path: str | Path, failure: Failure, expected: str = "a file") -> Path:
    """Returns ``path``, which ``open_input`` can open now. Raises ``failure`` as that does."""
    open_input(path, failure, expected).close()
    return Path(path)


def open_private(path: str | Path, expected: str) -> BinaryIO:
    """As ``open_input``, a file that nobody but its user may open: a key.

    Where permissions are kept in other ways than by POSIX nothing is known, and nothing refused. Raises TrustError.
    """
    file = open_input(path, TrustError, expected)
    if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
        file.close()
        shown = printable(path)
        raise TrustError(f"{shown}: others may read this key; keep it to yourself by: chmod 600 {shown}")
    return file


def why_unread(error: OSError | ValueError) -> str:
    """Why a file cannot be opened or read, in a few words that follow its name and a colon."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return "no name that a file can have"  # a zero byte, or characters outside the file system's encoding


def read_bytes(path: str | Path, failure: Failure, expected: str = "a file", most: int = MOST_TEXT) -> bytes:
    """The content of the regular file at ``path``. Raises ``failure`` as ``open_input``, or for over ``most`` bytes."""
    with open_input(path, failure, expected) as file:
        content = read_open(file, path, failure, expected, most + 1)
    if len(content) > most:
        raise failure(f"{printable(path)}: more than {amount(most)}, expected {expected}.")
    return content


def amount(count: int) -> str:
    """A number of bytes as a sentence says it: in MiB, in KiB where it is less than one, in bytes where that is."""
    if count >= 1 << 20:
        return f"{count >> 20} MiB"
    return f"{count >> 10} KiB" if count >= 1 << 10 else f"{count} bytes"


def read_open(file: BinaryIO, path: str | Path, failure: Failure, expected: str, most: int) -> bytes:
    """What follows in a ``file`` that was opened at ``path``, ``most`` bytes of it. Raises ``failure`` if it cannot."""
    try:
        return file.read(most)
    except OSError as error:
        raise failure(f"{printable(path)}: {why_unread(error)}, expected {expected}.") from error


def read_text(path: str | Path, failure: Failure, expected: str = "a text", most: int = MOST_TEXT) -> str:
    """The text in the file at ``path``: UTF-8, or UTF-16 or UTF-32 that says so by its first bytes.

    UTF-16 without a byte order mark, which some programs on Windows write, is known by its zero bytes.

    Raises:
        failure: as ``read_bytes``, or for bytes that are no text of these encodings.
    """
    content = read_bytes(path, failure, expected, most)
    try:
        return content.decode(_encoding(content))
    except UnicodeError as error:
        raise failure(f"{printable(path)}: not a text in UTF-8 or UTF-16, expected {expected}.") from error


def read_json(path: str | Path, failure: Failure, expected: str = "JSON", most: int = MOST_TEXT) -> Any:
    """The value in the JSON file at ``path``, of at most ``most`` bytes, text decoded as by ``read_text``.

    Integers of more than ``EXACT_DIGITS`` digits become floats; numbers may be infinite or NaN, which is for the caller
    to refuse. Of a key that is there twice the last value counts. Texts may hold halves of surrogate pairs, as names of
    files that are no UTF-8 are written.

    Raises:
        failure: as ``read_text``, or for what is no JSON; the message names the line.
    """
    text = read_text(path, failure, expected, most)
    if not text.strip():
        raise failure(f"{printable(path)}: an empty file, expected {expected}.")
    if text.count(",") > MOST_VALUES or text.count("[") + text.count("{") > MOST_LISTS:
        raise failure(f"{printable(path)}: more values than any file of this kind has, expected {expected}.")
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise failure(f"{printable(path)}: not valid JSON (line {error.lineno}), expected {expected}.") from error
    except (ValueError, RecursionError) as error:
        raise failure(f"{printable(path)}: not valid JSON: lists too deep, expected {expected}.") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= EXACT_DIGITS else float(digits)


def _encoding(content: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    head = content[:256]
    if len(head) >= 4 and len(content) % 2 == 0:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd > len(head) // 4 and not even:
            return "utf-16-le"
        if even > len(head) // 4 and not odd:
            return "utf-16-be"
    return "utf-8"
