"""Whether an avatar makes sense: checked before it is saved and after it is loaded, so nothing downstream has to."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from splatavatar.array_types import AnyArray
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.format.metadata import check_metadata
from splatavatar.avatar.format.schema import ARKIT
from splatavatar.avatar.format.schema import LARGEST as LARGEST_SIZE
from splatavatar.gaussians.gaussians import BoundGaussians
from splatavatar.rig.rig import Rig

# Sums of float32 shares, and barycentrics on an edge.
TOLERANCE = 1e-3
LARGEST = 1e6
"""of any number, in its own unit, which no avatar comes near: products of what is larger may overflow while it plays"""


def validate(avatar: Avatar) -> None:
    """Raise Defect unless all shapes agree, all indices are in range and all numbers are finite and sensible."""
    rig, gaussians, correctives = avatar.rig, avatar.gaussians, avatar.correctives
    _check_rig(rig)
    _check_gaussians(gaussians, rig)
    count, components = len(gaussians), len(correctives)
    _array("correctives.position", correctives.position, (components, count, 3))
    _array("correctives.colour", correctives.colour, (components, count, 3))
    _array("correctives.weights", correctives.weights, (components, rig.corrective_inputs))
    _array("correctives.bias", correctives.bias, (components,))
    check_metadata(avatar.metadata)


def _check_rig(rig: Rig) -> None:
    vertices, faces = len(rig.template), len(rig.faces)
    expressions, joints = len(rig.expression_names), len(rig.joint_names)
    if vertices == 0 or faces == 0 or joints == 0:
        raise Defect(f"its rig has {vertices} vertices, {faces} triangles and {joints} joints, expected some of each")
    if rig.identity_names or len(rig.identity_basis):
        raise Defect("the identity of its rig is not folded in")
    _array("rig.template", rig.template, (vertices, 3))
    _array("rig.faces", rig.faces, (faces, 3))
    _indices("rig.faces", rig.faces, vertices, "vertices")
    _array("rig.uv", rig.uv, (faces, 3, 2))
    _array("rig.expression_basis", rig.expression_basis, (expressions, vertices, 3))
    _array("rig.joints", rig.joints, (joints, 3))
    _array("rig.parents", rig.parents, (joints,))
    if rig.parents[0] != -1:
        raise Defect(f"rig.parents begins with {rig.parents[0]}, expected -1 for the root")
    wrong = (rig.parents[1:] < 0) | (rig.parents[1:] >= np.arange(1, joints))
    if wrong.any():
        joint = 1 + int(np.argmax(wrong))
        raise Defect(f"rig.parents gives joint {joint} the parent {rig.parents[joint]}, expected an earlier joint")
    influences = rig.skin_joints.shape[-1] if rig.skin_joints.ndim == 2 else 4
    if not 1 <= influences <= LARGEST_SIZE["W"]:
        raise Defect(f"rig.skin_joints has {influences} joints for a vertex, expected 1 to {LARGEST_SIZE['W']}")
    _array("rig.skin_joints", rig.skin_joints, (vertices, influences))
    _indices("rig.skin_joints", rig.skin_joints, joints, "joints")
    _array("rig.skin_weights", rig.skin_weights, (vertices, influences))
    _shares("rig.skin_weights", rig.skin_weights)
    _array("rig.arkit_map", rig.arkit_map, (expressions, ARKIT))
    if rig.arkit_joint_map is not None:
        _array("rig.arkit_joint_map", rig.arkit_joint_map, (joints, 3, ARKIT))
    if rig.expression_range is not None:
        _array("rig.expression_range", rig.expression_range, (expressions, 2))
        if (rig.expression_range[:, 0] > rig.expression_range[:, 1]).any():
            raise Defect("rig.expression_range has a least value that is above the largest")
    if rig.joint_expression_basis is not None:
        _array("rig.joint_expression_basis", rig.joint_expression_basis, (expressions, joints, 3))
    if rig.pose_basis is not None:
        _array("rig.pose_basis", rig.pose_basis, (9 * (joints - 1), vertices, 3))
    _check_head(rig, joints)
    for name, region in rig.regions.items():
        _array(f"rig.region.{name}", region, (len(region),))
        _indices(f"rig.region.{name}", region, faces, "triangles")
    for name, points in rig.landmarks.items():
        _array(f"rig.landmark.{name}.face", points.face, (len(points.face),))
        _indices(f"rig.landmark.{name}.face", points.face, faces, "triangles")
        _array(f"rig.landmark.{name}.barycentric", points.barycentric, (len(points.face), 3))
        _shares(f"rig.landmark.{name}.barycentric", points.barycentric)


def _check_head(rig: Rig, joints: int) -> None:
    for joint, share in rig.head_chain:
        if not 0 <= joint < joints or not -1 <= share <= 2:
            raise Defect(f"rig.head_chain holds joint {joint} with share {share}, the rig has {joints} joints")
    if rig.head_chain and not abs(sum(share for _, share in rig.head_chain) - 1) <= TOLERANCE:
        raise Defect("the shares of rig.head_chain do not sum to one")
    for joint in rig.eye_joints:
        if not -1 <= joint < joints:
            raise Defect(f"rig.eye_joints holds {joint}, the rig has {joints} joints")


def _check_gaussians(gaussians: BoundGaussians, rig: Rig) -> None:
    count = len(gaussians)
    if count == 0:
        raise Defect("it has no Gaussians")
    shapes = {"position": (3,), "rotation": (4,), "scale": (3,), "colour": (3,), "sh": (3, 3), "barycentric": (3,)}
    for field in fields(gaussians):
        _array(f"gaussians.{field.name}", getattr(gaussians, field.name), (count, *shapes.get(field.name, ())))
    _indices("gaussians.face", gaussians.face, len(rig.faces), "triangles")
    _shares("gaussians.barycentric", gaussians.barycentric)
    if not gaussians.rotation.any(axis=1).all():
        raise Defect("gaussians.rotation holds a zero quaternion")
    if gaussians.scale.min() <= 0:
        raise Defect(f"gaussians.scale holds {gaussians.scale.min():g}, expected positive values")
    if gaussians.opacity.min() < 0 or gaussians.opacity.max() > 1:
        raise Defect(
            f"gaussians.opacity spans {gaussians.opacity.min():g} to {gaussians.opacity.max():g}, expected 0 to 1"
        )


def _array(name: str, array: AnyArray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise Defect(f"{name} has the shape {array.shape}, expected {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Defect(f"{name} holds a number that is not finite")
    if array.dtype.kind == "f" and np.abs(array).max(initial=0) > LARGEST:
        raise Defect(f"{name} holds {array.flat[np.abs(array).argmax()]:g}, expected values within {LARGEST:g}")


def _indices(name: str, indices: AnyArray, count: int, what: str) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        raise Defect(f"{name} holds {wrong}, the rig has {count} {what}")


def _shares(name: str, shares: AnyArray) -> None:
    """Rows that are non-negative and sum to one."""
    if shares.size and shares.min() < -TOLERANCE:
        raise Defect(f"{name} holds {shares.min():g}, expected values from 0 to 1")
    if np.abs(shares.sum(-1, dtype=np.float64) - 1).max(initial=0) > TOLERANCE:
        raise Defect(f"{name} has a row that does not sum to one")
