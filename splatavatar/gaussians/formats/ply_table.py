"""The table of numbers in a PLY of points: one element, ``vertex``, in little-endian bytes."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats

LONGEST_HEADER = 1 << 20
"""bytes; comments may hold the text of a licence"""
_COUNT = re.compile(r"[0-9]{1,18}")
_TYPES = {
    **{"char": "<i1", "uchar": "<u1", "short": "<i2", "ushort": "<u2", "int": "<i4", "uint": "<u4"},
    **{"int8": "<i1", "uint8": "<u1", "int16": "<i2", "uint16": "<u2", "int32": "<i4", "uint32": "<u4"},
    **{"float": "<f4", "float32": "<f4", "double": "<f8", "float64": "<f8"},
}

Table = dict[str, NDArray[np.generic]]
"""columns (N) by name"""


def table_of(content: bytes) -> Table:
    """The columns (N) of the one element of a PLY by name.

    Raises ValueError, the end of a sentence, for anything else, lists, or numbers that are not finite.
    """
    end = content.find(b"end_header", 0, LONGEST_HEADER)
    after = end + len(b"end_header")
    begin = next((after + len(mark) for mark in (b"\n", b"\r\n") if content.startswith(mark, after)), -1)
    if not content.startswith(b"ply") or end < 0 or begin < 0:
        raise ValueError("it has no PLY header")
    lines = [line.split() for line in content[:end].decode("ascii", "replace").splitlines()]
    if ["format", "binary_little_endian", "1.0"] not in lines:
        raise ValueError("expected format binary_little_endian 1.0")
    elements = [line for line in lines if line[:1] == ["element"]]
    vertex = elements[0] if len(elements) == 1 else []
    if len(vertex) != 3 or vertex[1] != "vertex" or not _COUNT.fullmatch(vertex[2]):
        raise ValueError("expected one element, vertex, and its count")
    properties = [line for line in lines if line[:1] == ["property"]]
    if not properties or any(len(line) != 3 or line[1] not in _TYPES for line in properties):
        raise ValueError("expected properties that are one number each")
    names = [line[2] for line in properties]
    if len(set(names)) != len(names):
        raise ValueError("two properties have one name")
    row = np.dtype({"names": names, "formats": [_TYPES[line[1]] for line in properties]})
    count, body = int(vertex[2]), len(content) - begin
    if body != count * row.itemsize:
        raise ValueError(f"{body} bytes follow the header, expected {count} x {row.itemsize}")
    table = np.frombuffer(content, row, count, begin)
    if not all(np.isfinite(table[name]).all() for name in names):
        raise ValueError("it holds numbers that are not finite")
    return {name: table[name] for name in names}


def columns(table: Table, names: tuple[str, ...]) -> Doubles:
    """The columns called ``names`` (N, L). Raises ValueError, the end of a sentence, where one is not there."""
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"it has no property {missing[0]}")
    return np.stack([table[name] for name in names], axis=-1).astype(np.float64)


def sigmoid(logit: Doubles) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit), np.float32)
