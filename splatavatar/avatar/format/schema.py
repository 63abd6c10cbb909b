"""What an avatar file holds: its tensors, and the JSON beside them.

The sizes: V vertices, F triangles, E expressions, J joints, W joints that move a vertex, N Gaussians, K correctives,
D = E + 3 J corrective inputs, C = 9 (J - 1) entries of turns of joints, R stored rows of the sparse expression basis, Q
of the sparse pose basis. An index is a U16 where all indices fit, else an I32.

The expression basis keeps the vertices that an expression moves: ``count`` (E) of them for each expression, their
indices in ``vertex`` in ascending order, their displacements in the rows of ``rig.expression_basis``. The third
barycentric coordinate is one minus the others. ``quantise`` has the number formats.

A rig may turn joints by ARKit coefficients, or have expression coefficients that go elsewhere than from 0 to 1: then
the version is 2. Its expressions may move joints at rest, more than four joints may move a vertex, and it may have
pose correctives, stored as the expressions are but in steps of ``POSE_STEP``: then it is 3. Others are of version 1.

The JSON lies in the safetensors ``__metadata__``: ``format`` is "splatavatar", ``version`` the version, ``rig`` the
names and the small parts of the rig, ``scales`` the scales of quantised tensors, ``metadata`` the metadata of the
avatar, whose known keys ``metadata`` lists, ``sha256`` the digest that ``digest`` defines. Files of before there was a
digest have none and load as well. Other entries are kept as they are; ``signature`` is reserved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.format.container import DTYPES, Tensors

FORMAT = "splatavatar"
VERSION = 3
"""the newest that is read and written"""

ARKIT = 52
INFLUENCES = 4
"""joints that move a vertex, in files of versions 1 and 2"""
LARGEST = {"V": 1 << 20, "F": 1 << 21, "E": 1024, "J": 1024, "W": 16, "N": 1 << 22, "K": 256}
"""bounds of the sizes, far above any real avatar"""
LARGEST_BASIS = 1 << 24
"""bound of E x V, and of C x V: the dense basis, 12 bytes each, is larger than its file. ``anny-body`` has 2^20"""
LARGEST_NAME, LARGEST_LICENCE = 256, 1 << 16
"""characters"""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INDEX_16 = 1 << 16

_TENSORS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "rig.template": ("F32", ("V", 3)),
    "rig.faces": ("index V", ("F", 3)),
    "rig.uv": ("I16", ("F", 3, 2)),
    "rig.joints": ("F32", ("J", 3)),
    "rig.parents": ("I32", ("J",)),
    "rig.skin_joints": ("U16", ("V", "W")),
    "rig.skin_weights": ("U16", ("V", "W")),
    "rig.arkit_map": ("F32", ("E", ARKIT)),
    "rig.expression_basis": ("I16", ("R", 3)),
    "rig.expression_basis.vertex": ("index V", ("R",)),
    "rig.expression_basis.count": ("I32", ("E",)),
    "gaussians.face": ("index F", ("N",)),
    "gaussians.barycentric": ("U16", ("N", 2)),
    "gaussians.position": ("F16", ("N", 3)),
    "gaussians.rotation": ("I16", ("N", 4)),
    "gaussians.scale": ("I16", ("N", 3)),
    "gaussians.opacity": ("U16", ("N",)),
    "gaussians.colour": ("F16", ("N", 3)),
    "gaussians.sh": ("I8", ("N", 3, 3)),
    "gaussians.sh.share": ("F16", ("N",)),
    "correctives.position": ("I8", ("K", "N", 3)),
    "correctives.position.share": ("F16", ("N",)),
    "correctives.colour": ("I8", ("K", "N", 3)),
    "correctives.colour.share": ("F16", ("N",)),
    "correctives.weights": ("F32", ("K", "D")),
    "correctives.bias": ("F32", ("K",)),
}
_OPTIONAL: dict[str, tuple[str, tuple[str | int, ...], int]] = {
    "rig.arkit_joint_map": ("F32", ("J", 3, ARKIT), 2),
    "rig.expression_range": ("F32", ("E", 2), 2),
    "rig.joint_expression_basis": ("F32", ("E", "J", 3), 3),
    "rig.pose_basis": ("I16", ("Q", 3), 3),
    "rig.pose_basis.vertex": ("index V", ("Q",), 3),
    "rig.pose_basis.count": ("I32", ("C",), 3),
}
"""and the version since which each may be there"""
POSE_TENSORS = ("rig.pose_basis", "rig.pose_basis.vertex", "rig.pose_basis.count")
"""optional tensors of which all are there or none"""
SCALES: dict[str, int | str] = {
    "rig.uv": 1,
    "rig.expression_basis": "E",
    "gaussians.sh": 1,
    "correctives.position": "K",
    "correctives.colour": "K",
}
"""how many scales a quantised tensor has"""


@dataclass(frozen=True)
class RigDescription:
    """The parts of a rig that are not tensors."""

    kind: str
    licence: str
    expression_names: tuple[str, ...]
    joint_names: tuple[str, ...]
    head_chain: tuple[tuple[int, float], ...]
    eye_joints: tuple[int, int]
    regions: tuple[str, ...]
    landmarks: tuple[str, ...]


def tensors() -> dict[str, tuple[str, tuple[str | int, ...]]]:
    """The tensors that every avatar has, by name: type and shape, where a letter is a size.

    ``index V`` is the type of an index below V. Regions and landmarks of the rig add theirs.
    """
    return dict(_TENSORS)


def optional_tensors() -> dict[str, tuple[str, tuple[str | int, ...], int]]:
    """The tensors that only some avatars have, as ``tensors``, and the version that a file with one is of at least."""
    return dict(_OPTIONAL)


def index_dtype(count: int) -> np.dtype[Any]:
    """How indices below ``count`` are stored."""
    return DTYPES["U16" if count <= _INDEX_16 else "I32"]


def rig_to_json(rig: RigDescription) -> dict[str, Any]:
    """The JSON form of a description; every field keeps its name."""
    return dict(vars(rig))


def rig_from_json(value: Any) -> RigDescription:
    """Check and read the JSON form. Raises Defect."""
    if not isinstance(value, dict) or value.keys() != set(RigDescription.__dataclass_fields__):
        expected = ", ".join(RigDescription.__dataclass_fields__)
        raise Defect(f"the description of its rig does not consist of {expected}")
    for name, longest in (("kind", LARGEST_NAME), ("licence", LARGEST_LICENCE)):
        if not isinstance(value[name], str):
            raise Defect(f"{name} of its rig is not a text")
        if len(value[name]) > longest:
            raise Defect(f"{name} of its rig has {len(value[name])} characters, the limit is {longest}")
    chain, eyes = value["head_chain"], value["eye_joints"]
    if not isinstance(chain, list) or len(chain) > LARGEST["J"] or not all(_is_share(item) for item in chain):
        raise Defect("head_chain of its rig is not a list of joints and shares")
    if not isinstance(eyes, list) or len(eyes) != 2 or not all(type(joint) is int for joint in eyes):
        raise Defect("eye_joints of its rig are not two joints")
    return RigDescription(
        kind=value["kind"],
        licence=value["licence"],
        expression_names=_texts(value, "expression_names"),
        joint_names=_texts(value, "joint_names"),
        head_chain=tuple((joint, float(share)) for joint, share in chain),
        eye_joints=(eyes[0], eyes[1]),
        regions=check_names(_texts(value, "regions"), "regions"),
        landmarks=check_names(_texts(value, "landmarks"), "landmarks"),
    )


def version_of(tensors: Tensors) -> int:
    """The oldest version of the format that has all of ``tensors``."""
    joints = tensors.get("rig.skin_joints")
    many = joints is not None and joints.shape[-1:] != (INFLUENCES,)
    return 3 if many else max((since for name, (_, _, since) in _OPTIONAL.items() if name in tensors), default=1)


def scales_from_json(value: Any, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Check and read the scales: float32 arrays by tensor name. Raises Defect."""
    if not isinstance(value, dict) or value.keys() != SCALES.keys():
        raise Defect(f"its scales are not those of {', '.join(SCALES)}")
    scales = {}
    for name, size in SCALES.items():
        count = size if isinstance(size, int) else sizes[size]
        numbers = value[name]
        if not isinstance(numbers, list) or not all(type(item) in (int, float) for item in numbers):
            raise Defect(f"the scales of {name} are not a list of numbers")
        if len(numbers) != count or not all(0 <= item <= 1e30 for item in numbers):
            raise Defect(f"the scales of {name} are not {count} numbers from 0 to 1e30")
        scales[name] = np.array(numbers, np.float32)
    return scales


def check_names(names: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Names that become part of tensor names: sorted, each once, of letters, digits, _ and -. Raises Defect."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise Defect(f"{what} of its rig has the name {name[:40]!r}, expected letters, digits, _ and -")
    if list(names) != sorted(set(names)):
        raise Defect(f"{what} of its rig are not sorted, or not unique")
    return names


def check_tensors(tensors: Tensors, rig: RigDescription) -> dict[str, int]:
    """Check that the tensors are all there, fit in dtype and shape, and are alone. Returns the sizes. Raises Defect."""
    together = set(POSE_TENSORS) if tensors.keys() & set(POSE_TENSORS) else set()
    present = (tensors.keys() | together) & _OPTIONAL.keys()
    expected = {**_TENSORS, **{name: (kind, shape) for name, (kind, shape, _) in _OPTIONAL.items() if name in present}}
    for name in rig.regions:
        expected[f"rig.region.{name}"] = ("index F", (f"triangles of region {name}",))
    for name in rig.landmarks:
        expected[f"rig.landmark.{name}.face"] = ("index F", (f"points of landmark set {name}",))
        expected[f"rig.landmark.{name}.barycentric"] = ("F32", (f"points of landmark set {name}", 3))
    for name in expected:
        if name not in tensors:
            raise Defect(f"it has no tensor {name}")
    for name in tensors:
        if name not in expected:
            raise Defect(f"it has the unknown tensor {name[:60]!r}")
    sizes = {"E": len(rig.expression_names), "J": len(rig.joint_names)}
    sizes["D"], sizes["C"] = sizes["E"] + 3 * sizes["J"], 9 * max(sizes["J"] - 1, 0)
    for name, (_, shape) in expected.items():
        _match(name, tensors[name].shape, shape, sizes)
    for size, largest in LARGEST.items():
        if sizes[size] > largest:
            raise Defect(f"{size} = {sizes[size]} is above the limit of {largest}")
    if sizes["E"] * sizes["V"] > LARGEST_BASIS:
        raise Defect(f"an expression basis of {sizes['E']} x {sizes['V']} vertices is too large")
    if together and sizes["C"] * sizes["V"] > LARGEST_BASIS:
        raise Defect(f"a pose basis of {sizes['C']} x {sizes['V']} vertices is too large")
    for name, (kind, _) in expected.items():
        dtype = index_dtype(sizes[kind[-1]]) if kind.startswith("index") else DTYPES[kind]
        if tensors[name].dtype != dtype:
            raise Defect(f"{name} is stored as {tensors[name].dtype}, expected {dtype}")
    return sizes


def _match(name: str, found: tuple[int, ...], expected: tuple[str | int, ...], sizes: dict[str, int]) -> None:
    fits = len(found) == len(expected)
    if fits:
        for size, symbol in zip(found, expected, strict=True):
            fits &= size == (symbol if isinstance(symbol, int) else sizes.setdefault(symbol, size))
    if not fits:
        wanted = tuple(symbol if isinstance(symbol, int) else sizes.get(symbol, symbol) for symbol in expected)
        raise Defect(f"{name} has the shape {_shape(found)}, expected {_shape(wanted)}")


def _shape(sizes: tuple[str | int, ...]) -> str:
    return "(" + ", ".join(map(str, sizes)) + ")"


def _texts(value: dict[str, Any], name: str) -> tuple[str, ...]:
    items = value[name]
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Defect(f"{name} of its rig is not a list of texts")
    if len(items) > LARGEST["E"] or any(len(item) > LARGEST_NAME for item in items):
        raise Defect(f"{name} of its rig is not up to {LARGEST['E']} texts of up to {LARGEST_NAME} characters")
    return tuple(items)


def _is_share(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and type(item[0]) is int and type(item[1]) in (int, float)
