"""Between an avatar in memory and the tensors of its file."""

from __future__ import annotations

from typing import Any

import numpy as np

from splatavatar.array_types import AnyArray, Floats
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.format import quantise
from splatavatar.avatar.format.container import Tensors
from splatavatar.avatar.format.schema import RigDescription, index_dtype
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.rig import Rig, SurfacePoints

Scales = dict[str, list[float]]
POSE = "rig.pose_basis"


def encode(avatar: Avatar) -> tuple[Tensors, Scales, RigDescription]:
    """The tensors of a valid avatar, their scales, and the rest of its rig."""
    scales: Scales = {}
    tensors = _encode_rig(avatar.rig, scales)
    tensors.update(_encode_gaussians(avatar.gaussians, len(avatar.rig.faces), scales))
    tensors.update(_encode_correctives(avatar.correctives, scales))
    rig = RigDescription(
        kind=avatar.rig.kind,
        licence=avatar.rig.licence,
        expression_names=avatar.rig.expression_names,
        joint_names=avatar.rig.joint_names,
        head_chain=tuple((int(joint), float(share)) for joint, share in avatar.rig.head_chain),
        eye_joints=(int(avatar.rig.eye_joints[0]), int(avatar.rig.eye_joints[1])),
        regions=tuple(sorted(avatar.rig.regions)),
        landmarks=tuple(sorted(avatar.rig.landmarks)),
    )
    return tensors, scales, rig


def decode(
    tensors: Tensors, scales: dict[str, Floats], rig: RigDescription, sizes: dict[str, int], metadata: dict[str, Any]
) -> Avatar:
    """The avatar of tensors whose names, dtypes and shapes fit; its numbers are yet to be validated. Raises Defect."""
    return Avatar(
        rig=_decode_rig(tensors, scales, rig, sizes),
        gaussians=_decode_gaussians(tensors, scales),
        correctives=_decode_correctives(tensors, scales),
        metadata=metadata,
    )


def _encode_rig(rig: Rig, scales: Scales) -> Tensors:
    vertex, face = index_dtype(len(rig.template)), index_dtype(len(rig.faces))
    basis, basis_scale = quantise.encode_signed(rig.expression_basis)
    uv, uv_scale = quantise.encode_signed(rig.uv[None])
    scales["rig.expression_basis"], scales["rig.uv"] = basis_scale.tolist(), uv_scale.tolist()
    tensors = {
        "rig.template": rig.template.astype("<f4"),
        "rig.faces": rig.faces.astype(vertex),
        "rig.uv": uv[0],
        "rig.joints": rig.joints.astype("<f4"),
        "rig.parents": rig.parents.astype("<i4"),
        "rig.skin_joints": rig.skin_joints.astype("<u2"),
        "rig.skin_weights": quantise.encode_shares(rig.skin_weights),
        "rig.arkit_map": rig.arkit_map.astype("<f4"),
        **_rows("rig.expression_basis", basis),
    }
    tensors |= optional_tensors(rig)
    for name, region in rig.regions.items():
        tensors[f"rig.region.{name}"] = region.astype(face)
    for name, points in rig.landmarks.items():
        tensors[f"rig.landmark.{name}.face"] = points.face.astype(face)
        tensors[f"rig.landmark.{name}.barycentric"] = points.barycentric.astype("<f4")
    return tensors


def _decode_rig(tensors: Tensors, scales: dict[str, Floats], rig: RigDescription, sizes: dict[str, int]) -> Rig:
    vertices, joints = sizes["V"], sizes["J"]
    landmarks = {
        name: SurfacePoints(
            tensors[f"rig.landmark.{name}.face"].astype(np.int32),
            tensors[f"rig.landmark.{name}.barycentric"].astype(np.float32),
        )
        for name in rig.landmarks
    }
    return Rig(
        kind=rig.kind,
        template=tensors["rig.template"].astype(np.float32),
        faces=tensors["rig.faces"].astype(np.int32),
        uv=quantise.decode_signed(tensors["rig.uv"], scales["rig.uv"]),
        identity_basis=np.zeros((0, vertices, 3), np.float32),
        identity_names=(),
        expression_basis=_decode_basis(tensors, "rig.expression_basis", scales["rig.expression_basis"], vertices),
        expression_names=rig.expression_names,
        joints=tensors["rig.joints"].astype(np.float32),
        joint_identity_basis=np.zeros((0, joints, 3), np.float32),
        joint_names=rig.joint_names,
        parents=tensors["rig.parents"].astype(np.int32),
        skin_joints=tensors["rig.skin_joints"].astype(np.int32),
        skin_weights=quantise.decode_unit(tensors["rig.skin_weights"]),
        arkit_map=tensors["rig.arkit_map"].astype(np.float32),
        head_chain=rig.head_chain,
        eye_joints=rig.eye_joints,
        regions={name: tensors[f"rig.region.{name}"].astype(np.int32) for name in rig.regions},
        landmarks=landmarks,
        licence=rig.licence,
        arkit_joint_map=_optional(tensors, "rig.arkit_joint_map"),
        expression_range=_optional(tensors, "rig.expression_range"),
        joint_expression_basis=_optional(tensors, "rig.joint_expression_basis"),
        pose_basis=_decode_basis(tensors, POSE, None, vertices) if POSE in tensors else None,
    )


def optional_tensors(rig: Rig) -> Tensors:
    """The tensors that only some rigs have."""
    parts = {
        "rig.arkit_joint_map": rig.arkit_joint_map,
        "rig.expression_range": rig.expression_range,
        "rig.joint_expression_basis": rig.joint_expression_basis,
    }
    tensors: Tensors = {name: part.astype("<f4") for name, part in parts.items() if part is not None}
    if rig.pose_basis is not None:
        if np.abs(rig.pose_basis).max(initial=0) > quantise.POSE_STEP * quantise.SIGNED_STEPS:
            raise Defect(f"{POSE} holds {np.abs(rig.pose_basis).max():.3g}, the limit is 0.16 m")
        tensors |= _rows(POSE, quantise.encode_steps(rig.pose_basis, quantise.POSE_STEP))
    return tensors


def _rows(name: str, basis: AnyArray) -> Tensors:
    """What is stored of a quantised basis (B, V, 3): the rows of the vertices that each part moves."""
    moved = basis.any(axis=-1)
    return {
        name: basis[moved],
        f"{name}.vertex": np.nonzero(moved)[1].astype(index_dtype(basis.shape[1])),
        f"{name}.count": moved.sum(axis=-1).astype("<i4"),
    }


def _optional(tensors: Tensors, name: str) -> Floats | None:
    return tensors[name].astype(np.float32) if name in tensors else None


def _decode_basis(tensors: Tensors, name: str, scale: Floats | None, vertices: int) -> Floats:
    """(B, V, 3) from the rows of the moved vertices, by the ``scale`` (B) of each part or in steps of a pose basis."""
    rows, vertex, count = tensors[name], tensors[f"{name}.vertex"], tensors[f"{name}.count"]
    if (count < 0).any() or count.sum(dtype=np.int64) != len(rows):
        raise Defect(f"{name}.count does not sum to the {len(rows)} rows of {name}")
    if len(vertex) and (vertex.min() < 0 or vertex.max() >= vertices):
        raise Defect(f"{name}.vertex holds {vertex.max()}, the rig has {vertices} vertices")
    part = np.repeat(np.arange(len(count)), count)
    flat = part * vertices + vertex
    if (np.diff(flat) <= 0).any():
        raise Defect(f"{name}.vertex is not in ascending order")
    basis = np.zeros((len(count) * vertices, 3), np.float32)
    if scale is None:
        basis[flat] = quantise.decode_steps(rows, quantise.POSE_STEP)
    else:
        basis[flat] = quantise.decode_signed(rows, scale[part, None])
    return basis.reshape(len(count), vertices, 3)


def _encode_gaussians(gaussians: BoundGaussians, faces: int, scales: Scales) -> Tensors:
    count = len(gaussians)
    sh, sh_scale, sh_share = quantise.encode_bytes(gaussians.sh.reshape(1, count, 9))
    scales["gaussians.sh"] = sh_scale.tolist()
    tensors: Tensors = {
        "gaussians.face": gaussians.face.astype(index_dtype(faces)),
        "gaussians.barycentric": quantise.encode_shares(gaussians.barycentric)[:, :2],
        "gaussians.position": _half("gaussians.position", gaussians.position),
        "gaussians.rotation": quantise.encode_directions(gaussians.rotation),
        "gaussians.scale": quantise.encode_log(gaussians.scale),
        "gaussians.opacity": quantise.encode_unit(gaussians.opacity),
        "gaussians.colour": _half("gaussians.colour", gaussians.colour),
        "gaussians.sh": sh.reshape(count, 3, 3),
        "gaussians.sh.share": sh_share,
    }
    return tensors


def _half(name: str, values: Floats) -> AnyArray:
    with np.errstate(over="ignore"):
        half = values.astype("<f2")
    if not np.isfinite(half).all():
        raise Defect(f"{name} holds {np.abs(values).max():g}, the limit is 65504")
    return half


def _decode_gaussians(tensors: Tensors, scales: dict[str, Floats]) -> BoundGaussians:
    count = len(tensors["gaussians.face"])
    first = tensors["gaussians.barycentric"].astype(np.int32)
    third = quantise.UNIT_STEPS - first.sum(-1, keepdims=True)
    sh = quantise.decode_bytes(
        tensors["gaussians.sh"].reshape(1, count, 9), scales["gaussians.sh"], tensors["gaussians.sh.share"]
    )
    return BoundGaussians(
        face=tensors["gaussians.face"].astype(np.int32),
        barycentric=quantise.decode_unit(np.concatenate([first, third], axis=-1)),
        position=tensors["gaussians.position"].astype(np.float32),
        rotation=quantise.decode_directions(tensors["gaussians.rotation"]),
        scale=quantise.decode_log(tensors["gaussians.scale"]),
        opacity=quantise.decode_unit(tensors["gaussians.opacity"]),
        colour=tensors["gaussians.colour"].astype(np.float32),
        sh=sh.reshape(count, 3, 3),
    )


def _encode_correctives(correctives: Correctives, scales: Scales) -> Tensors:
    tensors: Tensors = {
        "correctives.weights": correctives.weights.astype("<f4"),
        "correctives.bias": correctives.bias.astype("<f4"),
    }
    for name, values in (("position", correctives.position), ("colour", correctives.colour)):
        stored, scale, share = quantise.encode_bytes(values)
        tensors[f"correctives.{name}"], tensors[f"correctives.{name}.share"] = stored, share
        scales[f"correctives.{name}"] = scale.tolist()
    return tensors


def _decode_correctives(tensors: Tensors, scales: dict[str, Floats]) -> Correctives:
    def values(name: str) -> Floats:
        return quantise.decode_bytes(tensors[name], scales[name], tensors[f"{name}.share"])

    return Correctives(
        position=values("correctives.position"),
        colour=values("correctives.colour"),
        weights=tensors["correctives.weights"].astype(np.float32),
        bias=tensors["correctives.bias"].astype(np.float32),
    )
