"""A strict reader and a canonical writer for the safetensors container.

Layout (https://huggingface.co/docs/safetensors): 8 bytes little-endian length of the header, a JSON header padded with
spaces, and the tensors. The reader trusts nothing: it allocates nothing that the size of the file does not justify, and
it refuses what the format allows but we never write (gaps, overlaps, other dtypes), so a damaged file cannot be
mistaken for an intact one.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Defect
from splatavatar.errors import AvatarFileError
from splatavatar.input import open_input

Tensors = dict[str, NDArray[Any]]

EXPECTED = "a .splatavatar file"
LARGEST_HEADER = 16 << 20
LARGEST_FILE = 256 << 20
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "U16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
"""what safetensors calls the types"""
_DIMENSIONS = 4
_DIGITS = 19


def write_container(file: BinaryIO, tensors: Tensors, metadata: dict[str, str]) -> None:
    """Write tensors and string metadata; the same input gives the same bytes. Raises Defect for too large a result."""
    # Wide elements first keeps every tensor aligned to its element.
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    offset = 0
    for name in order:
        tensor = tensors[name]
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    text = canonical_json(header, sort=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > LARGEST_HEADER:
        raise Defect(f"its metadata takes {len(text) >> 20} MB, the limit is {LARGEST_HEADER >> 20} MB")
    if 8 + len(text) + offset > LARGEST_FILE:
        raise Defect(f"it takes {(8 + len(text) + offset) >> 20} MB, the limit is {LARGEST_FILE >> 20} MB")
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for name in order:
        file.write(np.ascontiguousarray(tensors[name]).data)


def read_container(path: str | Path) -> tuple[Tensors, dict[str, str]]:
    """Read the tensors and the metadata of a file.

    Raises Defect, AvatarFileError when it cannot be opened, or OSError when it cannot be read.
    """
    with open_input(path, AvatarFileError, EXPECTED) as file:
        header, size = _header(file)
        start = file.tell()
        data = np.fromfile(file, np.uint8, size - start)
    return _tensors(header, data), _metadata(header)


def parse_container(content: bytes) -> tuple[Tensors, dict[str, str]]:
    """The same for the bytes of a file. Raises Defect."""
    file = io.BytesIO(content)
    header = _parsed_header(file, len(content))
    return _tensors(header, np.frombuffer(content, np.uint8, offset=file.tell())), _metadata(header)


def read_header(path: str | Path) -> tuple[dict[str, str], int]:
    """The metadata of a file and its size in bytes; its tensors are not read. Raises as ``read_container`` does."""
    with open_input(path, AvatarFileError, EXPECTED) as file:
        header, size = _header(file)
    return _metadata(header), size


def _header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header at the beginning of ``file``, which is read up to its end, and the size of the file in bytes."""
    size = os.fstat(file.fileno()).st_size
    return _parsed_header(file, size), size


def _parsed_header(file: BinaryIO, size: int) -> dict[str, Any]:
    if size > LARGEST_FILE:
        raise Defect(f"it has {size >> 20} MB, the limit is {LARGEST_FILE >> 20} MB")
    start = file.read(8)
    if len(start) < 8:
        raise Defect("the file is empty" if not start else f"it ends after {len(start)} bytes")
    length = int.from_bytes(start, "little")
    if length > LARGEST_HEADER:
        raise Defect(_recognised(start) or f"its header claims {length} bytes, the limit is {LARGEST_HEADER}")
    if 8 + length > size:
        raise Defect(_recognised(start) or f"its header claims {length} bytes, the file has {size}")
    header = parse_json(file.read(length), "its header")
    if not isinstance(header, dict):
        raise Defect("its header is not a JSON object")
    return header


def canonical_json(value: object, sort: bool = True) -> str:
    """The one text we write for a value. Raises Defect for what JSON cannot hold (NaN, an object, a lone surrogate)."""
    try:
        text = json.dumps(value, sort_keys=sort, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Defect(f"its metadata is not JSON: {error}") from error
    return text


def parse_json(text: bytes | str, what: str) -> Any:
    """Strict JSON: no NaN, no repeated keys, no numbers without bound. ``what`` names the text in the Defect raised."""
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        value = json.loads(
            decoded,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
            object_pairs_hook=_unique_keys,
        )
        # A lone surrogate survives parsing but cannot be printed or written again.
        if "\\u" in decoded:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise Defect(f"{what} is not valid JSON ({reason})") from error
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _bounded_int(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number has {len(text)} digits")
    return int(text)


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _unique_keys(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key[:40]!r} is there twice")
        result[key] = value
    return result


def _recognised(start: bytes) -> str | None:
    """What a file is that is no safetensors file, where its first bytes tell."""
    if start.startswith(b"PK\x03\x04"):
        return "it is a zip archive"
    if start[0] == 0x80 and 2 <= start[1] <= 5:
        return "it is a Python pickle, which could run code and is never opened"
    return None


def _metadata(header: dict[str, Any]) -> dict[str, str]:
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Defect("its __metadata__ is not a table of strings")
    return metadata


def _tensors(header: dict[str, Any], data: NDArray[np.uint8]) -> Tensors:
    spans = {name: _span(name, entry) for name, entry in header.items() if name != "__metadata__"}
    end = 0
    for name in sorted(spans, key=lambda name: spans[name][2:]):
        _, _, begin, stop = spans[name]
        if begin != end:
            raise Defect(f"{_short(name)} begins at byte {begin}, expected {end}")
        end = stop
    if end != len(data):
        raise Defect(f"its tensors take {end} bytes, the file has {len(data)}")
    return {name: data[begin:stop].view(dtype).reshape(shape) for name, (dtype, shape, begin, stop) in spans.items()}


def _span(name: str, entry: Any) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Defect(f"{_short(name)} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Defect(f"{_short(name)} has the unknown dtype {str(dtype)[:20]!r}")
    # An empty tensor may still have a dimension too large for numpy.
    if not _counts(shape) or len(shape) > _DIMENSIONS or math.prod(max(size, 1) for size in shape) > LARGEST_FILE:
        raise Defect(f"the shape of {_short(name)} is not a list of up to {_DIMENSIONS} counts")
    if not _counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise Defect(f"the data_offsets of {_short(name)} are not a begin and an end")
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if offsets[1] - offsets[0] != size:
        raise Defect(f"{_short(name)} takes {offsets[1] - offsets[0]} bytes, its shape needs {size}")
    return DTYPES[dtype], tuple(shape), offsets[0], offsets[1]


def _counts(value: Any) -> bool:
    # bool is an int to Python, not to JSON.
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _short(name: str) -> str:
    """A tensor name fit for a message, however long or odd it is."""
    return name if name.isprintable() and len(name) <= 60 else f"tensor {name[:40]!r}"
