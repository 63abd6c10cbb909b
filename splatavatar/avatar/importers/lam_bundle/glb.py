"""Binary glTF 2.0, as far as meshes of triangles with a skin and morph targets need it.

Every index, offset and count is held against what is there before any memory is taken for it. Other files are never
opened: all numbers lie in the file itself. Faults are Defects.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Defect
from splatavatar.printable import printable

MAGIC, JSON_CHUNK, BINARY_CHUNK = b"glTF", b"JSON", b"BIN\0"
MOST_JSON = 8 << 20
"""bytes"""
MOST_VALUES, MOST_LISTS = 1 << 20, 1 << 18
"""in the JSON"""
MOST_ENTRIES = 1 << 14
"""of one list, such as nodes"""
MOST_NUMBERS = 1 << 23
"""of one accessor"""
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
"""by componentType"""
FLOATS, INDICES = ("<f4",), ("<u1", "<u2", "<u4")
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class Glb:
    """The parts of a file: what its JSON says, and the bytes it speaks of."""

    json: Mapping[str, Any]
    binary: bytes

    def entry(self, kind: str, index: Any) -> dict[str, Any]:
        """The table that has the number ``index`` in the list ``kind``, as ``meshes``."""
        entries = self.entries(kind)
        if type(index) is not int or not 0 <= index < len(entries):
            raise Defect(f"it refers to {kind} {_shown(index)}, it has {len(entries)}")
        return entries[index]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """All tables of the list ``kind``."""
        found = tables(self.json, kind, "the file")
        if len(found) > MOST_ENTRIES:
            raise Defect(f"it has {len(found)} {kind}, more than any file of this kind")
        return found

    def numbers(self, index: Any, shape: str, dtypes: Collection[str], what: str) -> NDArray[Any]:
        """The numbers (N, components) of the accessor ``index``, which has to have the type ``shape``, as ``VEC3``, and
        one of ``dtypes``; zeros where none are given. ``what`` names them in messages."""
        accessor = self.entry("accessors", index)
        dtype = DTYPES.get(whole(accessor, "componentType", what))
        count, components = whole(accessor, "count", what), COMPONENTS[shape]
        if accessor.get("type") != shape or dtype not in dtypes or dtype is None:
            found = f"{_shown(accessor.get('type'))} of {_shown(accessor.get('componentType'))}"
            raise Defect(f"{what} are stored as {found}, which is not {shape} of a type that they may have")
        if count * components > MOST_NUMBERS:
            raise Defect(f"{what} are {count}, more than any file of this kind has")
        if "bufferView" in accessor:
            start = whole(accessor, "byteOffset", what, 0)
            values = self._view(accessor["bufferView"], start, np.dtype(dtype), count, components, what).copy()
        else:
            values = np.zeros((count, components), dtype)
        if "sparse" in accessor:
            self._set_sparse(values, accessor, what)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise Defect(f"{what} hold a number that is not finite")
        return values

    def _set_sparse(self, values: NDArray[Any], accessor: Mapping[str, Any], what: str) -> None:
        sparse = table(accessor, "sparse", what)
        count = whole(sparse, "count", what)
        if count > len(values):
            raise Defect(f"{what} replace {count} of {len(values)}")
        where, new = table(sparse, "indices", what), table(sparse, "values", what)
        dtype = DTYPES.get(whole(where, "componentType", what))
        if dtype is None or dtype not in INDICES:
            raise Defect(f"{what} have sparse indices of the type {_shown(where.get('componentType'))}")
        start = whole(where, "byteOffset", what, 0)
        rows = self._view(where.get("bufferView"), start, np.dtype(dtype), count, 1, what)[:, 0]
        if count and int(rows.max()) >= len(values):
            raise Defect(f"{what} replace number {int(rows.max())} of {len(values)}")
        start = whole(new, "byteOffset", what, 0)
        values[rows] = self._view(new.get("bufferView"), start, values.dtype, count, values.shape[1], what)

    def _view(
        self, index: Any, start: int, dtype: np.dtype[Any], count: int, components: int, what: str
    ) -> NDArray[Any]:
        """(count, components) numbers from byte ``start`` of a bufferView."""
        view = self.entry("bufferViews", index)
        if whole(view, "buffer", what) != 0:
            raise Defect(f"{what} lie in another file")
        begin, length = whole(view, "byteOffset", what, 0), whole(view, "byteLength", what)
        row = dtype.itemsize * components
        stride = whole(view, "byteStride", what, row)
        needed = start + (count - 1) * stride + row if count else 0
        if begin + length > len(self.binary) or needed > length or stride < row:
            raise Defect(f"{what} lie beyond the end of their bytes")
        if not count:
            return np.zeros((0, components), dtype)
        return np.ndarray((count, components), dtype, self.binary, begin + start, (stride, dtype.itemsize))


def parse_glb(content: bytes) -> Glb:
    """The parts of the bytes of a .glb file."""
    if len(content) < 20 or content[:4] != MAGIC:
        raise Defect("it is no binary glTF")
    version, length = struct.unpack_from("<II", content, 4)
    if version != 2 or length > len(content):
        raise Defect(f"it is a glTF of version {version} and {length} bytes, expected 2 and {len(content)}")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<I4s", content, at)
        if at + 8 + size > length:
            raise Defect("it is cut off")
        chunks.setdefault(kind, content[at + 8 : at + 8 + size])
        at += 8 + size + -size % 4
    if JSON_CHUNK not in chunks:
        raise Defect("it has no JSON")
    described = _parsed(chunks[JSON_CHUNK])
    required = described.get("extensionsRequired")
    if required:
        first = required[0] if isinstance(required, list) else required
        raise Defect(f"it needs the extension {_shown(first)}, which is not read")
    return Glb(described, chunks.get(BINARY_CHUNK, b""))


def _parsed(text: bytes) -> dict[str, Any]:
    lists = text.count(b"[") + text.count(b"{")
    if len(text) > MOST_JSON or text.count(b",") > MOST_VALUES or lists > MOST_LISTS:
        raise Defect("its JSON is larger than that of any file of this kind")
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Defect("its JSON is not valid") from error
    if not isinstance(described, dict):
        raise Defect("its JSON is not a table")
    return described


def whole(entry: Mapping[str, Any], key: str, what: str, absent: int | None = None) -> int:
    """A number of bytes or things; ``absent`` where it is not there and may be so."""
    value = entry.get(key, absent)
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise Defect(f"{what} have the {key} {_shown(value)}, expected a whole number")
    return value


def table(entry: Mapping[str, Any], key: str, what: str) -> dict[str, Any]:
    """The table ``key`` of ``entry``; empty where it is not there."""
    value = entry.get(key, {})
    if not isinstance(value, dict):
        raise Defect(f"{key} of {what} is not a table")
    return value


def tables(entry: Mapping[str, Any], key: str, what: str) -> list[dict[str, Any]]:
    """The list of tables ``key`` of ``entry``; empty where it is not there."""
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Defect(f"{key} of {what} is not a list of tables")
    return value


def _shown(value: Any) -> str:
    # Lists may be nested as deep as Python goes, and no deeper.
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else printable(repr(value)[:40])
