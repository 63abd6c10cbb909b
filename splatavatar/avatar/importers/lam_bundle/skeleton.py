"""The joints of a skinned mesh that move anything, as a rig has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Floats, Ints
from splatavatar.avatar.importers.lam_bundle.skinned_mesh import SkinnedMesh

NECK_JOINTS = 2
"""above the head, at most, that share in its turns"""
HEAD_SHARE = 0.5
"""of a turn that is the head's own where there is a neck, as in the package's own rigs"""


@dataclass(frozen=True)
class Skeleton:
    """J joints in the order of a rig: the root first, parents before children."""

    joints: Floats
    """(J, 3)"""
    names: tuple[str, ...]
    """(J)"""
    parents: Ints
    """(J)"""
    skin_joints: Ints
    """(V, 4)"""
    head_chain: tuple[tuple[int, float], ...]


def driven_skeleton(mesh: SkinnedMesh) -> Skeleton:
    """The joints of ``mesh`` that have a share in a vertex, below one root.

    The others keep their place at rest, so that nothing is lost with them. The head is the joint that carries what the
    morph targets move.
    """
    kept = [int(joint) for joint in np.unique(mesh.skin_joints[mesh.skin_weights > 0])]
    above = {joint: _nearest(mesh.parents, joint, set(kept)) for joint in kept}
    order = sorted(kept, key=lambda joint: _depth(mesh.parents, joint))
    tops = [joint for joint in order if above[joint] < 0]
    joints, names = mesh.joints[order], [mesh.joint_names[joint] for joint in order]
    parents = [order.index(above[joint]) if above[joint] >= 0 else -1 for joint in order]
    if len(tops) > 1:
        joints = np.concatenate([mesh.joints[tops].mean(0, keepdims=True), joints])
        names, parents = ["root", *names], [-1, *(parent + 1 for parent in parents)]
        order = [-1, *order]
    number = np.zeros(len(mesh.joints), np.int32)
    for row, joint in enumerate(order):
        number[joint] = row if joint >= 0 else number[joint]
    skin_joints = np.where(mesh.skin_weights > 0, number[mesh.skin_joints], 0).astype(np.int32)
    head = _face_joint(mesh, skin_joints, len(order))
    return Skeleton(joints, tuple(names), np.array(parents, np.int32), skin_joints, _chain(parents, head))


def _nearest(parents: Ints, joint: int, among: set[int]) -> int:
    joint = int(parents[joint])
    while joint >= 0 and joint not in among:
        joint = int(parents[joint])
    return joint


def _depth(parents: Ints, joint: int) -> int:
    depth = 0
    while (joint := int(parents[joint])) >= 0:
        depth += 1
    return depth


def _face_joint(mesh: SkinnedMesh, skin_joints: Ints, joints: int) -> int:
    moved = np.abs(mesh.targets).sum((0, 2), dtype=np.float64)
    carried = np.zeros(joints)
    np.add.at(carried, skin_joints, mesh.skin_weights * moved[:, None])
    return int(carried.argmax())


def _chain(parents: list[int], head: int) -> tuple[tuple[int, float], ...]:
    neck: list[int] = []
    joint = parents[head]
    while joint > 0 and len(neck) < NECK_JOINTS:
        neck.insert(0, joint)
        joint = parents[joint]
    if not neck:
        return ((head, 1.0),)
    return (*((joint, (1 - HEAD_SHARE) / len(neck)) for joint in neck), (head, HEAD_SHARE))
