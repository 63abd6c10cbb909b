"""A glTF 2.0 document under way: its JSON, and the one buffer that its accessors look into."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.output import atomic_write

VERTICES, INDICES = 34962, 34963
"""what a view of the buffer is for"""
_COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_SHAPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_MAGIC, _JSON, _BINARY = b"glTF", b"JSON", b"BIN\0"
SUFFIXES = (".glb", ".gltf")


class Document:
    """Makes a file of what is added to it; the lists of ``json`` are for the caller to extend."""

    def __init__(self, copyright: str) -> None:
        """``copyright`` is what the asset says of itself; nothing where it is empty."""
        asset = {"version": "2.0", "generator": "splatavatar"}
        self.json: dict[str, Any] = {
            "asset": {**asset, "copyright": copyright} if copyright else asset,
            "accessors": [],
            "bufferViews": [],
        }
        self._buffer = bytearray()

    def extension(self, name: str) -> None:
        """Declares that the document uses an extension."""
        used = self.json.setdefault("extensionsUsed", [])
        if name not in used:
            used.append(name)

    def accessor(
        self, values: NDArray[Any], target: int | None = None, bounds: bool = False, normalised: bool = False
    ) -> int:
        """The index of a new accessor of ``values`` (N, ...), whose shape behind the first axis is that of a type.

        Args:
            values: little-endian numbers of a type that glTF has; matrices (N, 4, 4) row by row, as elsewhere here.
            target: ``VERTICES`` or ``INDICES``; None for anything else.
            bounds: whether it says its least and largest values.
            normalised: whether integers stand for numbers from 0 to 1, or from -1.
        """
        entry = self._described(values)
        entry["bufferView"] = self._view(values, target)
        if normalised:
            entry["normalized"] = True
        if bounds:
            entry.update(_bounds(values))
        return self._added(entry)

    def sparse(self, values: NDArray[np.float32], bounds: bool = False) -> int:
        """As ``accessor``, of an array (N, 3) whose rows are mostly zero: the others alone are stored."""
        rows = np.flatnonzero(values.any(1))
        if 4 * len(rows) >= 3 * len(values):
            return self.accessor(values, VERTICES, bounds)
        entry = self._described(values)
        if bounds:
            entry.update(_bounds(values))
        if len(rows):
            index = narrowest(rows, len(values))
            entry["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self._view(index), "componentType": _COMPONENTS[index.dtype.str[1:]]},
                "values": {"bufferView": self._view(values[rows])},
            }
        return self._added(entry)

    def write(self, path: str | Path) -> None:
        """Write a ``.glb``, or a ``.gltf`` with the buffer inside. Raises OutputError."""
        binary = Path(path).suffix.lower() == ".glb"
        buffer: dict[str, Any] = {"byteLength": len(self._buffer)}
        if not binary:
            buffer["uri"] = f"data:application/octet-stream;base64,{b64encode(self._buffer).decode('ascii')}"
        document = {**self.json, "buffers": [buffer]}
        text = json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
        with atomic_write(path) as file:
            if not binary:
                file.write(text)
                return
            chunks = _chunk(_JSON, text, b" ") + _chunk(_BINARY, bytes(self._buffer), b"\0")
            file.write(struct.pack("<4sII", _MAGIC, 2, 12 + len(chunks)) + chunks)

    def _added(self, entry: Mapping[str, Any]) -> int:
        self.json["accessors"].append(entry)
        return len(self.json["accessors"]) - 1

    def _described(self, values: NDArray[Any]) -> dict[str, Any]:
        return {
            "componentType": _COMPONENTS[values.dtype.str[1:]],
            "count": len(values),
            "type": _SHAPES[values.shape[1:]],
        }

    def _view(self, values: NDArray[Any], target: int | None = None) -> int:
        """A view of its own, at a multiple of four bytes."""
        stored = values.transpose(0, 2, 1) if values.ndim == 3 else values  # glTF's matrices go column by column
        content = np.ascontiguousarray(stored).tobytes()
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._buffer), "byteLength": len(content)}
        if target is not None:
            view["target"] = target
        self._buffer += content + bytes(-len(content) % 4)
        self.json["bufferViews"].append(view)
        return len(self.json["bufferViews"]) - 1


def narrowest(index: NDArray[Any], count: int) -> NDArray[Any]:
    """Indices below ``count`` in the narrowest type that holds them; the largest number of a type is kept free, which
    restarts primitives."""
    return index.astype("<u2" if count < 1 << 16 else "<u4")


def _bounds(values: NDArray[Any]) -> dict[str, list[float]]:
    flat = values.reshape(len(values), -1)
    return {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}


def _chunk(kind: bytes, content: bytes, padding: bytes) -> bytes:
    content += padding * (-len(content) % 4)
    return struct.pack("<I4s", len(content), kind) + content
