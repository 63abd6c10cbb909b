"""Reading files of glTF 2.0 strictly: what its specification asks of a file is asserted on the way."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
SHAPES: dict[str, tuple[int, ...]] = {"SCALAR": (), "VEC2": (2,), "VEC3": (3,), "VEC4": (4,), "MAT4": (4, 4)}
VERTICES, INDICES = 34962, 34963


@dataclass(frozen=True)
class GltfFile:
    """A file that was read: its JSON, and the values of its accessors."""

    json: dict[str, Any]
    values: list[np.ndarray]
    """integers that stand for shares are divided, matrices (N, 4, 4) are row by row"""

    def attributes(self, mesh: int = 0) -> dict[str, np.ndarray]:
        """The arrays of the one primitive of a mesh by name."""
        (primitive,) = self.json["meshes"][mesh]["primitives"]
        return {name: self.values[index] for name, index in primitive["attributes"].items()}


def read_gltf(path: Path) -> GltfFile:
    """The file at ``path``; fails where it breaks a rule of glTF."""
    content = path.read_bytes()
    document, buffer = _binary(content) if path.suffix == ".glb" else _text(content)
    assert document["asset"]["version"] == "2.0"
    (described,) = document["buffers"]
    assert described["byteLength"] == len(buffer)
    for view in document["bufferViews"]:
        assert view["buffer"] == 0 and view["byteOffset"] % 4 == 0 and view["byteLength"] > 0
        assert view["byteOffset"] + view["byteLength"] <= len(buffer)
    read = GltfFile(document, [_values(document, accessor, buffer) for accessor in document["accessors"]])
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            _check_primitive(read, primitive)
    _check_nodes(read)
    _check_extensions(document)
    return read


def _binary(content: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON" and size % 4 == 0
    document = json.loads(content[20 : 20 + size].rstrip(b" "))
    binary, kind = struct.unpack_from("<I4s", content, 20 + size)
    assert kind == b"BIN\0" and binary % 4 == 0 and 28 + size + binary == len(content)
    length = document["buffers"][0]["byteLength"]
    assert "uri" not in document["buffers"][0] and binary - length in range(4)
    return document, content[28 + size : 28 + size + length]


def _text(content: bytes) -> tuple[dict[str, Any], bytes]:
    document = json.loads(content)
    head, data = document["buffers"][0]["uri"].split(",")
    assert head == "data:application/octet-stream;base64"
    return document, base64.b64decode(data, validate=True)


def _values(document: dict[str, Any], accessor: dict[str, Any], buffer: bytes) -> np.ndarray:
    kind, shape, count = np.dtype(COMPONENTS[accessor["componentType"]]), SHAPES[accessor["type"]], accessor["count"]
    assert count > 0

    def view(index: int, dtype: np.dtype[Any], rows: int, each: tuple[int, ...]) -> np.ndarray:
        place = document["bufferViews"][index]
        size = rows * dtype.itemsize * int(np.prod(each))
        assert size == place["byteLength"] and place["byteOffset"] % dtype.itemsize == 0
        assert "target" not in place or (dtype.itemsize * int(np.prod(each))) % 4 == 0 or place["target"] == INDICES
        return np.frombuffer(buffer, dtype, rows * int(np.prod(each)), place["byteOffset"]).reshape(rows, *each)

    if "bufferView" in accessor:
        values = view(accessor["bufferView"], kind, count, shape).copy()
    else:
        values = np.zeros((count, *shape), kind)
    if "sparse" in accessor:
        rows, indices = accessor["sparse"]["count"], accessor["sparse"]["indices"]
        index = view(indices["bufferView"], np.dtype(COMPONENTS[indices["componentType"]]), rows, ()).astype(np.int64)
        assert (np.diff(index) > 0).all() and index[-1] < count
        values[index] = view(accessor["sparse"]["values"]["bufferView"], kind, rows, shape)
    if kind.kind == "f":
        assert np.isfinite(values).all()
    for name, bound in (("min", values.min), ("max", values.max)):
        if name in accessor:
            assert np.atleast_1d(bound(axis=0)).tolist() == accessor[name]
    if accessor.get("normalized"):
        assert kind.kind == "u"
        return values / np.iinfo(kind).max
    return values.transpose(0, 2, 1) if shape == (4, 4) else values


def _check_primitive(file: GltfFile, primitive: dict[str, Any]) -> None:
    attributes = {name: file.values[index] for name, index in primitive["attributes"].items()}
    accessors = file.json["accessors"]
    assert {"min", "max"} <= accessors[primitive["attributes"]["POSITION"]].keys()
    (count,) = {len(values) for values in attributes.values()}
    for index in primitive["attributes"].values():
        assert file.json["bufferViews"][accessors[index]["bufferView"]]["target"] == VERTICES
    if "indices" in primitive:
        index = file.values[primitive["indices"]]
        assert file.json["bufferViews"][accessors[primitive["indices"]]["bufferView"]]["target"] == INDICES
        assert len(index) % 3 == 0 and index.max() < count
    if "NORMAL" in attributes:
        np.testing.assert_allclose(np.linalg.norm(attributes["NORMAL"], axis=1), 1, atol=1e-4)
    if "JOINTS_0" in attributes:
        _check_weights(attributes["JOINTS_0"], attributes["WEIGHTS_0"])
    for target in primitive.get("targets", []):
        assert {"min", "max"} <= accessors[target["POSITION"]].keys()
        assert all(len(file.values[index]) == count for index in target.values())


def _check_weights(joints: np.ndarray, weights: np.ndarray) -> None:
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    assert not joints[weights == 0].any()
    for row, weight in zip(joints, weights, strict=True):
        used = row[weight > 0]
        assert len(set(used.tolist())) == len(used)


def _check_nodes(file: GltfFile) -> None:
    nodes = file.json["nodes"]
    children = [child for node in nodes for child in node.get("children", [])]
    assert len(set(children)) == len(children)
    roots = [index for index in range(len(nodes)) if index not in children]
    assert sorted(file.json["scenes"][file.json["scene"]]["nodes"]) == roots
    for node in nodes:
        if "skin" in node:
            skin = file.json["skins"][node["skin"]]
            assert len(file.values[skin["inverseBindMatrices"]]) == len(skin["joints"])
            assert not node.keys() & {"translation", "rotation", "scale", "matrix"}
            joints = file.attributes(node["mesh"])["JOINTS_0"]
            assert joints.max() < len(skin["joints"])


def _check_extensions(document: dict[str, Any]) -> None:
    found: set[str] = set()

    def collect(value: Any) -> None:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found.update(inner if key == "extensions" else ())
            if isinstance(inner, dict | list):
                collect(inner)

    collect(document)
    assert found == set(document.get("extensionsUsed", []))
