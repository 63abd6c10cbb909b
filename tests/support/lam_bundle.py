"""Small bundles in the form of LAM's: a head of 92 vertices with two eyeballs, a skeleton that is mostly of no use,
morph targets dense and sparse, and a Gaussian a vertex."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TARGETS = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookUpLeft", "eyeLookUpRight", "mouthSmileLeft", "mySneer")
"""the last is none of ARKit's"""
COLUMNS = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)
JOINTS = {
    "toe": ("hip", (0.1, 0.0, 0.1)),
    "head": ("neckUpper", (0.0, 1.62, 0.0)),
    "neckUpper": ("neckLower", (0.0, 1.58, -0.01)),
    "neckLower": ("chest", (0.0, 1.54, -0.02)),
    "hip": ("", (0.0, 1.0, 0.0)),
    "chest": ("hip", (0.0, 1.3, 0.0)),
}
"""children before and after their parents, as exporters list them: the parent, and the place at rest"""


@dataclass
class Head:
    """V vertices and what moves them."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    targets: dict[str, NDArray[np.float32]]
    skin_joints: NDArray[np.uint8]
    skin_weights: NDArray[np.float32]
    table: NDArray[np.float32]
    """(V, 17) rows of offset.ply"""


def ball(centre: tuple[float, float, float], radius: float, rings: int, around: int) -> Any:
    """Vertices and faces, counter-clockwise from outside, of a sphere about ``centre``."""
    up = np.linspace(0, np.pi, rings + 2)[1:-1]
    turn = np.arange(around) * 2 * np.pi / around
    points = [[0.0, 1.0, 0.0]]
    points += [[np.sin(u) * np.sin(t), np.cos(u), np.sin(u) * np.cos(t)] for u in up for t in turn]
    points += [[0.0, -1.0, 0.0]]
    last, faces = len(points) - 1, []
    for t in range(around):
        s = (t + 1) % around
        faces += [[0, 1 + t, 1 + s], [last, last - around + s, last - around + t]]
        for ring in range(rings - 1):
            a, b = 1 + ring * around, 1 + (ring + 1) * around
            faces += [[a + t, b + t, b + s], [a + t, b + s, a + s]]
    return np.array(points) * radius + centre, np.array(faces)


def head(seed: int = 0) -> Head:
    """One of random Gaussians, up to 4 cm off their vertices; the first lies at its vertex."""
    random = np.random.default_rng(seed)
    parts = [
        ball((0.0, 1.65, 0.0), 0.1, 6, 11),
        ball((0.03, 1.68, 0.085), 0.012, 2, 5),
        ball((-0.03, 1.68, 0.085), 0.012, 2, 5),
    ]
    start = np.cumsum([0, *(len(points) for points, _ in parts)])
    vertices = np.concatenate([points for points, _ in parts]).astype(np.float32)
    faces = np.concatenate([part + first for (_, part), first in zip(parts, start, strict=False)])
    front, high = vertices[:, 2] > 0.04, vertices[:, 1] > 1.64
    left = vertices[:, 0] > 0
    piece = np.repeat(np.arange(3), np.diff(start))
    where = {
        "jawOpen": front & ~high,
        "eyeBlinkLeft": front & high & left & (piece == 0),
        "eyeBlinkRight": front & high & ~left & (piece == 0),
        "eyeLookUpLeft": piece == 1,
        "eyeLookUpRight": piece == 2,
        "mouthSmileLeft": front & ~high & left,
        "mySneer": front,
    }
    targets = {
        name: (random.normal(0, 0.01, vertices.shape) * where[name][:, None]).astype(np.float32) for name in TARGETS
    }
    low = np.clip((1.65 - vertices[:, 1]) / 0.1, 0, 0.9)
    weights = np.stack([1 - low, low * 0.5, low * 0.3, low * 0.2], 1).astype(np.float32)
    names = list(JOINTS)
    joints = np.tile([names.index(name) for name in ("head", "neckUpper", "neckLower", "chest")], (len(vertices), 1))
    count = len(vertices)
    offset = random.normal(0, 0.015, (count, 3))
    offset[0], offset[1] = 0, [3e-4, 0, -2e-4]
    table = np.concatenate(
        [
            *(offset, np.zeros((count, 3)), random.random((count, 3)), random.normal(1, 3, (count, 1))),
            *(random.uniform(-7, np.log(0.01), (count, 3)), random.normal(0, 1, (count, 4))),
        ],
        1,
    )
    return Head(vertices, faces, targets, joints.astype(np.uint8), weights, table.astype(np.float32))


@dataclass
class Writer:
    """The parts of a GLB as they are added."""

    binary: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def view(self, array: NDArray[Any]) -> int:
        self.binary += bytes(-len(self.binary) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": array.nbytes})
        self.binary += array.tobytes()
        return len(self.views) - 1

    def add(self, array: NDArray[Any], shape: str, sparse: bool = False) -> int:
        code = {"float32": 5126, "uint8": 5121, "uint16": 5123}[array.dtype.name]
        accessor: dict[str, Any] = {"componentType": code, "count": len(array), "type": shape}
        if sparse:
            rows = np.flatnonzero(array.any(1)).astype(np.uint16)
            accessor["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self.view(rows), "componentType": 5123},
                "values": {"bufferView": self.view(array[rows])},
            }
        else:
            accessor["bufferView"] = self.view(array)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def glb_of(json_part: Any, binary: bytes) -> bytes:
    """The bytes of a file."""
    text = json_part if isinstance(json_part, bytes) else json.dumps(json_part).encode()
    text += b" " * (-len(text) % 4)
    binary = bytes(binary) + bytes(-len(binary) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    head = b"glTF" + np.array([2, length], "<u4").tobytes() + np.array([len(text)], "<u4").tobytes() + b"JSON"
    return head + text + np.array([len(binary)], "<u4").tobytes() + b"BIN\0" + binary


def skin_parts(made: Head) -> tuple[dict[str, Any], bytes]:
    """The JSON and the bytes of ``skin.glb``."""
    writer = Writer()
    attributes = {
        "POSITION": writer.add(made.vertices, "VEC3"),
        "JOINTS_0": writer.add(made.skin_joints, "VEC4"),
        "WEIGHTS_0": writer.add(made.skin_weights, "VEC4"),
    }
    indices = writer.add(made.faces.reshape(-1).astype(np.uint16), "SCALAR")
    moves = [
        {"POSITION": writer.add(move, "VEC3", sparse=row % 2 == 0)} for row, move in enumerate(made.targets.values())
    ]
    names = list(JOINTS)
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    # By columns; the joints are turned, as Blender's bones are.
    turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    for row, (_, place) in enumerate(JOINTS.values()):
        matrices[row, :3, :3] = turn
        matrices[row, :3, 3] = -turn @ place
    nodes: list[dict[str, Any]] = [
        {"name": name, "children": [names.index(child) for child, (parent, _) in JOINTS.items() if parent == name]}
        for name in names
    ]
    nodes += [
        {"mesh": 0, "skin": 0},
        {"name": "all", "children": [names.index("hip"), len(nodes)], "scale": [0.01] * 3},
    ]
    described = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [len(nodes) - 1]}],
        "nodes": nodes,
        "meshes": [
            {
                "primitives": [{"attributes": attributes, "indices": indices, "targets": moves}],
                "extras": {"targetNames": list(made.targets)},
            }
        ],
        "skins": [
            {
                "joints": list(range(len(names))),
                "inverseBindMatrices": writer.add(
                    matrices.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32), "MAT4"
                ),
            }
        ],
        "accessors": writer.accessors,
        "bufferViews": writer.views,
        "buffers": [{"byteLength": len(writer.binary)}],
    }
    return described, bytes(writer.binary)


def offset_ply(table: NDArray[np.float32], names: tuple[str, ...] = COLUMNS) -> bytes:
    """The bytes of ``offset.ply``."""
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    lines += [f"property float {name}" for name in names] + ["end_header", ""]
    return "\n".join(lines).encode() + table.astype("<f4").tobytes()


def bundle(made: Head) -> dict[str, bytes]:
    """The files of a bundle by name."""
    order = np.argsort(made.vertices[:, 1], kind="stable").tolist()
    return {
        "skin.glb": glb_of(*skin_parts(made)),
        "offset.ply": offset_ply(made.table),
        "vertex_order.json": json.dumps(order, indent=4).encode(),
    }


def zipped(members: dict[str, bytes]) -> bytes:
    """The bytes of a zip of ``members``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def write_bundle(path: Path, made: Head) -> Path:
    """A zip as macOS makes them: one folder, and a shadow of it."""
    files = bundle(made)
    members = {f"{path.stem}/{name}": content for name, content in files.items()}
    members |= {f"__MACOSX/{path.stem}/._{name}": b"\0" * 82 for name in files}
    members |= {f"__MACOSX/{path.stem}/{name}": b"\0" * 82 for name in files}
    path.write_bytes(zipped({f"{path.stem}/.DS_Store": b"\0" * 64, **members}))
    return path
