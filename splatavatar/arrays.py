"""Reading npz files that may be damaged, or made to do harm.

The one reader of recordings, rig parameters, statistics and caches. Nothing is unpickled, and no memory is taken
for what a file merely claims to hold.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SplatAvatarError
from splatavatar.input import POINTER, Failure, open_input

Arrays = dict[str, NDArray[Any]]

MOST = 1 << 31
"""bytes of all arrays together"""
MOST_MEMBERS = 1 << 16
DEFLATE_RATIO = 1032
"""bytes that one byte of deflate can stand for, at most"""
PLAIN = "biufcUS"
"""kinds of numpy's types that hold nothing but their bytes"""
LAST = 0x10FFFF
"""of the characters there are"""
MAGIC = b"\x93NUMPY"


def read_npz(
    path: str | Path,
    failure: Failure,
    names: Collection[str] | None = None,
    expected: str = "an npz file of plain arrays",
    most: int = MOST,
) -> Arrays:
    """The arrays of the npz file at ``path`` by name, in the byte order of this machine and writable.

    ``names`` chooses some of them; those that are not there are left out. The sizes that the file claims are held
    against its own size and ``most`` bytes before any memory is taken.

    Raises:
        failure: as ``open_input``, or for a file that is damaged, too large, or holds anything but plain arrays.
    """
    with open_input(path, failure, expected) as file:
        try:
            return _read(file, names, most)
        except _Unfit as unfit:
            raise failure(f"{path}: {unfit}, expected {expected}.") from None
        except Exception as error:
            # zipfile, zlib and numpy's parser of headers raise some twenty kinds of exceptions at damaged bytes, more
            # with every version, and all of them mean the same.
            raise failure(f"{path}: damaged, expected {expected}.") from error


def read_npz_or_none(path: str | Path, names: Collection[str]) -> Arrays | None:
    """The arrays called ``names`` of a file of this package's own, such as a cache; None where one of them is absent or
    the file is damaged, so that it is made again.
    """
    try:
        arrays = read_npz(path, SplatAvatarError, names)
    except SplatAvatarError:
        return None
    return arrays if all(name in arrays for name in names) else None


class _Unfit(Exception):
    """What a file is instead of an intact npz file, in a few words."""


def _read(file: BinaryIO, names: Collection[str] | None, most: int) -> Arrays:
    head = file.read(len(POINTER))
    if head.startswith(POINTER):
        raise _Unfit("a pointer of Git LFS to a file that was not fetched (git lfs pull)")
    if head.startswith(MAGIC):
        raise _Unfit("a single array as npy files hold it")
    if not head:
        raise _Unfit("an empty file")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > MOST_MEMBERS or len({info.filename for info in members}) != len(members):
            raise _Unfit("damaged")
        chosen = {info.filename.removesuffix(".npy"): info for info in members}
        if names is not None:
            chosen = {name: info for name, info in chosen.items() if name in names}
        total = 0
        for info in chosen.values():
            total += info.file_size
            if info.file_size > DEFLATE_RATIO * info.compress_size + DEFLATE_RATIO:
                raise _Unfit("damaged")
        if total > most:
            raise _Unfit(f"arrays of {total / 2**20:.0f} MiB")
        return {name: _array(archive, name, info) for name, info in chosen.items()}


def _array(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise _Unfit("damaged")
        shape, by_columns, dtype = read_header(stream)
        if dtype.kind == "O":
            raise _Unfit(f"pickled objects in {name!r}, which are never read")
        if dtype.kind not in PLAIN or dtype.names is not None or dtype.subdtype is not None:
            raise _Unfit(f"an array {name!r} of type {dtype}")
        # In integers of Python, which do not overflow; negative sizes come out wrong here as well.
        count = math.prod(shape)
        if min(shape, default=0) < 0 or count * dtype.itemsize > info.file_size:
            raise _Unfit("damaged")
        array: NDArray[Any] = np.empty(count, dtype)
        raw = array.view(np.uint8) if array.nbytes else np.empty(0, np.uint8)
        filled = 0
        while filled < len(raw):
            piece = stream.read(min(len(raw) - filled, 1 << 20))
            if not piece:
                raise _Unfit("cut off")
            raw[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        if dtype.kind == "U" and len(raw) and array.view(np.dtype("u4").newbyteorder(dtype.byteorder)).max() > LAST:
            raise _Unfit("damaged")  # text of what is no character would crash whoever looks at it
        if stream.read(1):  # also where the checksum of an empty array is compared
            raise _Unfit("damaged")
    return array.astype(dtype.newbyteorder("="), copy=False).reshape(shape, order="F" if by_columns else "C")
