"""Reading npz and npy files that may be damaged, or made to do harm.

The one reader of recordings, rig parameters, statistics and caches. Nothing is unpickled, and no memory is taken
for what a file merely claims to hold.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SplatAvatarError
from splatavatar.input import NOT_FETCHED, POINTER, Failure, open_input
from splatavatar.printable import printable
from splatavatar.zips import Bounded, Unfit, check_member

Arrays = dict[str, NDArray[Any]]
Layout = Mapping[str, tuple[str, tuple[int | str, ...]]]
"""by name: letters of numpy's kinds of types, and the shape; sizes of one name are one size"""

MOST = 1 << 31
"""bytes of all arrays together"""
MOST_MEMBERS = 1 << 14
MOST_HEADER = 1 << 16
"""bytes of the header of one array"""
MAGIC = b"\x93NUMPY"
DIMENSIONS = 32

# A header is a dictionary in Python's notation, written by numpy or by a program in another language. It is not
# evaluated.
_DESCR = re.compile(rb"""['"]descr['"]\s*:\s*(?:['"]([^'"]{0,64})['"]|\[)""")
_ORDER = re.compile(rb"""['"]fortran_order['"]\s*:\s*(True|False)\b""")
_SHAPE = re.compile(rb"""['"]shape['"]\s*:\s*\(([\d\s,L]{0,1000})\)""")
_TYPE = re.compile(r"([<>|=]?)([?biufcSU])(\d{0,9})")
"""numpy's names of the types that hold nothing but their bytes"""


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
        except Unfit as unfit:
            raise failure(f"{printable(path)}: {unfit}, expected {expected}.") from None
        except Exception as error:
            # zipfile, zlib and numpy's parser of headers raise some twenty kinds of exceptions at damaged bytes, more
            # with every version, and all of them mean the same.
            raise failure(f"{printable(path)}: damaged, expected {expected}.") from error


def npz_names(path: str | Path, failure: Failure, expected: str = "an npz file of plain arrays") -> tuple[str, ...]:
    """The names of the arrays of the npz file at ``path``, of which nothing else is read.

    Raises:
        failure: as ``open_input``, or for a file that is damaged or no npz file.
    """
    with open_input(path, failure, expected) as file:
        try:
            with _archive(file) as archive:
                return tuple(_members(archive))
        except Unfit as unfit:
            raise failure(f"{printable(path)}: {unfit}, expected {expected}.") from None
        except Exception as error:
            raise failure(f"{printable(path)}: damaged, expected {expected}.") from error


def read_npy(
    path: str | Path, failure: Failure, expected: str = "an npy file of one plain array", most: int = MOST
) -> NDArray[Any]:
    """The array of the npy file at ``path``, which is read as those of ``read_npz`` are, and of at most ``most`` bytes.

    Raises:
        failure: as ``open_input``, or for a file that is damaged, too large, or holds anything but a plain array.
    """
    with open_input(path, failure, expected) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            if file.read(len(POINTER)).startswith(POINTER):
                raise Unfit(NOT_FETCHED)
            if size > most:
                raise Unfit(f"an array of {size / 2**20:.0f} MiB")
            file.seek(0)
            return _numbers(os.path.basename(path), file, size)
        except Unfit as unfit:
            raise failure(f"{printable(path)}: {unfit}, expected {expected}.") from None
        except Exception as error:
            raise failure(f"{printable(path)}: damaged, expected {expected}.") from error


def read_npz_or_none(path: str | Path, names: Collection[str] | Layout) -> Arrays | None:
    """The arrays called ``names`` of a file of this package's own, such as a cache; None where one of them is absent or
    the file is damaged, so that it is made again.

    A ``Layout`` instead of names asks for their types and shapes as well.
    """
    try:
        arrays = read_npz(path, SplatAvatarError, names)
    except SplatAvatarError:
        return None
    if isinstance(names, Mapping):
        return arrays if fits(arrays, names) else None
    return arrays if all(name in arrays for name in names) else None


def fits(arrays: Mapping[str, NDArray[Any]], layout: Layout) -> bool:
    """Whether all arrays of ``layout`` are there, each with its kind and its shape."""
    sizes: dict[str, int] = {}
    for name, (kinds, shape) in layout.items():
        array = arrays.get(name)
        if array is None or array.dtype.kind not in kinds or array.ndim != len(shape):
            return False
        for size, wanted in zip(array.shape, shape, strict=True):
            if size != (sizes.setdefault(wanted, size) if isinstance(wanted, str) else wanted):
                return False
    return True


def _read(file: BinaryIO, names: Collection[str] | None, most: int) -> Arrays:
    with _archive(file) as archive:
        chosen = _members(archive)
        size = os.fstat(file.fileno()).st_size
        if names is not None:
            chosen = {name: info for name, info in chosen.items() if name in names}
        for name, info in chosen.items():
            check_member(f"an array {_short(name)}", info, size)
        total = sum(info.file_size for info in chosen.values())
        if total > most:
            raise Unfit(f"arrays of {total / 2**20:.0f} MiB")
        return {name: _array(archive, name, info) for name, info in chosen.items()}


def _archive(file: BinaryIO) -> zipfile.ZipFile:
    head = file.read(len(POINTER))
    if head.startswith(POINTER):
        raise Unfit(NOT_FETCHED)
    if head.startswith(MAGIC):
        raise Unfit("a single array as npy files hold it")
    if not head:
        raise Unfit("an empty file")
    file.seek(0)
    return zipfile.ZipFile(Bounded(file))


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an npz file by their names."""
    members = [info for info in archive.infolist() if not info.is_dir()]
    found = {info.filename.removesuffix(".npy"): info for info in members}
    if len(members) > MOST_MEMBERS:
        raise Unfit(f"{len(members)} arrays")
    if len(found) != len(members):
        raise Unfit("two arrays of one name")
    return found


def _array(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(info) as stream:
        return _numbers(name, stream, info.file_size)


def _numbers(name: str, stream: IO[bytes], size: int) -> NDArray[Any]:
    """The array called ``name`` in the ``size`` bytes of ``stream``."""
    shape, by_columns, dtype = _header(name, stream)
    # In integers of Python, which do not overflow.
    count = math.prod(shape)
    if count * dtype.itemsize > size or math.prod(max(n, 1) for n in shape) > MOST:
        raise Unfit("damaged")
    if count and not dtype.itemsize:
        raise Unfit(f"an array {_short(name)} of texts without room for one")
    array: NDArray[Any] = np.empty(count, dtype)
    raw = array.view(np.uint8) if array.nbytes else np.empty(0, np.uint8)
    filled = 0
    while filled < len(raw):
        piece = stream.read(min(len(raw) - filled, 1 << 20))
        if not piece:
            raise Unfit("cut off")
        raw[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if stream.read(1):  # also where the checksum of an empty array is compared
        raise Unfit("damaged")
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    if dtype.kind == "b":
        array = array.view(np.uint8) != 0  # another byte than 0 and 1 is a truth that numpy counts wrong
    if dtype.kind == "U" and array.size:
        codes = array.view(np.uint32)
        if (codes > 0x10FFFF).any() or ((codes >= 0xD800) & (codes < 0xE000)).any():
            raise Unfit(f"texts in {_short(name)} that are no Unicode")
    return array.reshape(shape, order="F" if by_columns else "C")


def _header(name: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of an array; ``stream`` is left where its numbers begin."""
    magic = stream.read(8)
    if not magic.startswith(MAGIC):
        raise Unfit(f"a member {_short(name)} that is no array")
    if len(magic) < 8 or magic[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise Unfit("damaged")
    length = int.from_bytes(stream.read(2 if magic[6] == 1 else 4), "little")
    if length > MOST_HEADER:
        raise Unfit("damaged")
    text = stream.read(length)
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if len(text) != length or descr is None or order is None or shape is None:
        raise Unfit("damaged")
    sizes = tuple(int(size.strip().removesuffix(b"L")) for size in shape[1].split(b",") if size.strip())
    if len(sizes) > DIMENSIONS:
        raise Unfit("damaged")
    return sizes, order[1] == b"True", _type(name, None if descr[1] is None else descr[1].decode("latin-1"))


def _type(name: str, descr: str | None) -> np.dtype[Any]:
    """The type that a header names; ``descr`` is None for one of several fields."""
    if descr is not None and descr.lstrip("<>|=").startswith("O"):
        raise Unfit(f"pickled objects in {_short(name)}, which are never read")
    match = None if descr is None else _TYPE.fullmatch(descr)
    if match is None:
        found = "several fields" if descr is None else f"type {descr[:20]!r}"
        raise Unfit(f"an array {_short(name)} of {found}")
    return np.dtype(match[0])


def _short(name: str) -> str:
    return repr(name[:60])
