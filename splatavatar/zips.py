"""Zip files that may be damaged, or made to do harm: no memory is taken for what one merely claims to hold."""

from __future__ import annotations

import io
import zipfile
from typing import BinaryIO

MOST_AT_ONCE = 4 << 20
"""bytes that the reader of zip files may take in one go: the list of members is the largest of them"""
DEFLATE_RATIO = 1032
"""bytes that one byte of deflate can stand for, at most"""


class Unfit(Exception):
    """What a file is instead of what was expected, in a few words."""


class Bounded(io.RawIOBase):
    """A file that gives up to ``MOST_AT_ONCE`` bytes at once: a damaged length in it takes no memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        content = self._file.read(min(size, MOST_AT_ONCE + 1) if size >= 0 else MOST_AT_ONCE + 1)
        if len(content) > MOST_AT_ONCE:
            raise Unfit("damaged, or more members than any file of this kind has")
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def check_member(what: str, info: zipfile.ZipInfo, size: int) -> None:
    """Raise Unfit for a member, called ``what``, that is encrypted or in a rare compression, or whose sizes a file of
    ``size`` bytes cannot hold."""
    if info.flag_bits & 0x1:
        raise Unfit(f"{what} that is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Others take memory by what they claim, or stand for far more bytes than they have.
        raise Unfit(f"{what} in another compression than deflate")
    stored = info.compress_type == zipfile.ZIP_STORED
    largest = info.compress_size if stored else DEFLATE_RATIO * info.compress_size + DEFLATE_RATIO
    if info.compress_size > size or info.file_size > largest:
        raise Unfit("damaged")
