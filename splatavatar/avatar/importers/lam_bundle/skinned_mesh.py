"""The one mesh of a glTF that has a skin and morph targets, as it was bound to its skeleton."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles, Floats, Ints
from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.importers.lam_bundle.glb import FLOATS, Glb, table, tables
from splatavatar.printable import printable

TRIANGLES = 4
MOST_JOINTS = 1024
MOST_VERTICES = 100_000
SHARES = ("<f4", "<u1", "<u2")
LARGEST = 1e4
"""of a coordinate of a joint or vertex"""


@dataclass(frozen=True)
class SkinnedMesh:
    """V vertices, F triangles, T morph targets, J joints, all in the space that the mesh was bound in."""

    vertices: Floats
    """(V, 3)"""
    faces: Ints
    """(F, 3)"""
    targets: Floats
    """(T, V, 3) displacements at weight 1"""
    target_names: tuple[str, ...]
    """(T)"""
    skin_joints: Ints
    """(V, 4)"""
    skin_weights: Floats
    """(V, 4) non-negative, rows sum to one"""
    joints: Floats
    """(J, 3) where they stood when the mesh was bound"""
    joint_names: tuple[str, ...]
    """(J)"""
    parents: Ints
    """(J) the nearest joint above, -1 where there is none; in no order"""


def read_skinned_mesh(glb: Glb, names: Collection[str]) -> SkinnedMesh:
    """The mesh, with those of its morph targets that are called as one of ``names``. Raises Defect."""
    node = _node(glb)
    mesh = glb.entry("meshes", node["mesh"])
    primitives = tables(mesh, "primitives", "its mesh")
    if len(primitives) != 1 or primitives[0].get("mode", TRIANGLES) != TRIANGLES:
        raise Defect(f"its mesh has {len(primitives)} parts, expected one, of triangles")
    primitive = primitives[0]
    attributes = table(primitive, "attributes", "its mesh")
    vertices = glb.numbers(attributes.get("POSITION"), "VEC3", FLOATS, "its vertices").astype(np.float32)
    if not 0 < len(vertices) <= MOST_VERTICES or np.abs(vertices).max() > LARGEST:
        raise Defect(f"its mesh has {len(vertices)} vertices, expected 1 to {MOST_VERTICES} within {LARGEST:g} m")
    faces = _faces(glb, primitive, len(vertices))
    targets, target_names = _targets(glb, mesh, primitive, len(vertices), names)
    joints, joint_names, parents = _skeleton(glb, glb.entry("skins", node["skin"]))
    skin_joints, skin_weights = _skin(glb, attributes, len(vertices), len(joints))
    return SkinnedMesh(vertices, faces, targets, target_names, skin_joints, skin_weights, joints, joint_names, parents)


def _node(glb: Glb) -> dict[str, Any]:
    nodes = [node for node in glb.entries("nodes") if "mesh" in node and "skin" in node]
    if len(nodes) != 1:
        raise Defect(f"it has {len(nodes)} meshes with a skin, expected one")
    return nodes[0]


def _faces(glb: Glb, primitive: Mapping[str, Any], vertices: int) -> Ints:
    corners = glb.numbers(primitive.get("indices"), "SCALAR", ("<u1", "<u2", "<u4"), "its triangles")[:, 0]
    if not len(corners) or len(corners) % 3:
        raise Defect(f"its triangles have {len(corners)} corners")
    if int(corners.max()) >= vertices:
        raise Defect(f"its triangles have a corner at vertex {int(corners.max())} of {vertices}")
    return corners.reshape(-1, 3).astype(np.int32)


def _targets(
    glb: Glb, mesh: Mapping[str, Any], primitive: Mapping[str, Any], vertices: int, names: Collection[str]
) -> tuple[Floats, tuple[str, ...]]:
    given = tables(primitive, "targets", "its mesh")
    called = table(mesh, "extras", "its mesh").get("targetNames", [])
    if not isinstance(called, list) or len(called) != len(given):
        raise Defect(f"its {len(given)} morph targets have no list targetNames of {len(given)} names")
    known = [name if isinstance(name, str) and name in names else "" for name in called]
    chosen = {name: target for name, target in zip(known, given, strict=True) if name}
    if not chosen:
        raise Defect("none of its morph targets has the name of an ARKit coefficient")
    if sum(bool(name) for name in known) != len(chosen):
        raise Defect("two of its morph targets have one name")
    moved = np.zeros((len(chosen), vertices, 3), np.float32)
    for row, (name, target) in enumerate(chosen.items()):
        if "POSITION" not in target:
            continue
        moves = glb.numbers(target["POSITION"], "VEC3", FLOATS, f"the moves of {name}")
        if len(moves) != vertices or np.abs(moves).max(initial=0) > LARGEST:
            raise Defect(f"the moves of {name} are {len(moves)}, expected {vertices} within {LARGEST:g} m")
        moved[row] = moves
    return moved, tuple(chosen)


def _skin(glb: Glb, attributes: Mapping[str, Any], vertices: int, joints: int) -> tuple[Ints, Floats]:
    indices = glb.numbers(attributes.get("JOINTS_0"), "VEC4", ("<u1", "<u2"), "the joints of its vertices")
    stored = glb.numbers(attributes.get("WEIGHTS_0"), "VEC4", SHARES, "the weights of its vertices")
    if not len(indices) == len(stored) == vertices:
        raise Defect(f"{len(indices)} joints and {len(stored)} weights stand beside {vertices} vertices")
    weights = stored.astype(np.float64)
    if weights.min() < 0 or not (weights.max(1) > 0).all():
        raise Defect("the weights of its vertices are negative, or all zero at a vertex")
    used = np.where(weights > 0, indices, 0).astype(np.int32)
    if int(used.max()) >= joints:
        raise Defect(f"its vertices hang on joint {int(used.max())} of {joints}")
    weights /= weights.max(1, keepdims=True)  # sums of the largest numbers overflow
    return used, (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _skeleton(glb: Glb, skin: Mapping[str, Any]) -> tuple[Floats, tuple[str, ...], Ints]:
    """Places, names and parents of the joints."""
    listed = skin.get("joints")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_JOINTS:
        raise Defect(f"its skin has no list of 1 to {MOST_JOINTS} joints")
    nodes = [glb.entry("nodes", index) for index in listed]
    if len(set(listed)) != len(listed):
        raise Defect("its skin has one joint twice")
    names = tuple(printable(str(node.get("name", f"joint {row}"))[:200]) for row, node in enumerate(nodes))
    inverse = glb.numbers(skin.get("inverseBindMatrices"), "MAT4", FLOATS, "its bind matrices")
    if len(inverse) != len(listed):
        raise Defect(f"it has {len(inverse)} bind matrices for {len(listed)} joints")
    return _places(inverse), names, _parents(glb, listed)


def _places(inverse: Doubles) -> Floats:
    """Where the joints (J, 3) stood: what their inverse bind matrices (J, 16), by columns, take to the origin."""
    matrices = inverse.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    try:
        places = -np.linalg.solve(matrices[:, :3, :3], matrices[:, :3, 3:])[..., 0]
    except np.linalg.LinAlgError as error:
        raise Defect("one of its bind matrices has no inverse") from error
    if not (np.abs(places) < LARGEST).all():  # not NaN
        raise Defect(f"one of its joints is further than {LARGEST:g} m away")
    return places.astype(np.float32)


def _parents(glb: Glb, listed: list[int]) -> Ints:
    """The nearest joint (J) above each of the nodes ``listed``."""
    nodes = glb.entries("nodes")
    above: dict[int, int] = {}
    for number, entry in enumerate(nodes):
        children = entry.get("children", [])
        if not isinstance(children, list) or not all(type(child) is int for child in children):
            raise Defect("the children of one of its nodes are not a list of nodes")
        for child in children:
            if above.setdefault(child, number) != number:
                raise Defect(f"its node {child} has two parents")
    row = {node: joint for joint, node in enumerate(listed)}
    parents = np.full(len(listed), -1, np.int32)
    for joint, node in enumerate(listed):
        steps, up = 0, above.get(node, -1)
        while up >= 0 and up not in row:
            steps, up = steps + 1, above.get(up, -1)
            if steps > len(nodes):
                break
        parents[joint] = row.get(up, -1)
        _end(parents, joint)
    return parents


def _end(parents: Ints, joint: int) -> None:
    """Raise Defect where a joint is above itself, by way of joints before it."""
    for _ in range(len(parents)):
        joint = int(parents[joint])
        if joint < 0:
            return
    raise Defect("its skeleton goes round in a circle")
