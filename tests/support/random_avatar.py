"""Small random avatars."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.format.quantise import decode_bytes, encode_bytes
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.rig import Rig, SurfacePoints


def random_avatar(
    rng: np.random.Generator,
    gaussians: int = 40,
    vertices: int = 30,
    faces: int = 20,
    expressions: int = 5,
    joints: int = 3,
    correctives: int = 2,
    support: float = 0.3,
    uv: bool = True,
    sh: bool = True,
    metadata: dict[str, Any] | None = None,
) -> Avatar:
    """A valid avatar of any size; each expression moves the share ``support`` of the vertices."""

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    def shares(count: int, length: int) -> np.ndarray:
        return rng.dirichlet(np.ones(length), count).astype(np.float32)

    def index(below: int, *shape: int) -> np.ndarray:
        return rng.integers(0, below, shape).astype(np.int32)

    moved = rng.random((expressions, vertices, 1)) < support
    rig = Rig(
        kind="random",
        template=normal(vertices, 3, scale=0.1),
        faces=index(vertices, faces, 3),
        uv=rng.random((faces, 3, 2)).astype(np.float32) if uv else np.zeros((faces, 3, 2), np.float32),
        identity_basis=np.zeros((0, vertices, 3), np.float32),
        identity_names=(),
        expression_basis=normal(expressions, vertices, 3, scale=0.005) * moved,
        expression_names=tuple(f"expression{i}" for i in range(expressions)),
        joints=normal(joints, 3, scale=0.1),
        joint_identity_basis=np.zeros((0, joints, 3), np.float32),
        joint_names=tuple(f"joint{i}" for i in range(joints)),
        parents=np.array([-1] + [rng.integers(0, j) for j in range(1, joints)], np.int32),
        skin_joints=index(joints, vertices, 4),
        skin_weights=shares(vertices, 4),
        arkit_map=rng.random((expressions, 52)).astype(np.float32),
        head_chain=((joints - 1, 0.75), (0, 0.25)),
        eye_joints=(-1, joints - 1),
        regions={"skin": index(faces, 7), "lips": index(faces, 3)},
        landmarks={"ibug68": SurfacePoints(index(faces, 6), shares(6, 3))},
        licence="made up",
    )
    rotation = normal(gaussians, 4)
    bound = BoundGaussians(
        face=index(faces, gaussians),
        barycentric=shares(gaussians, 3),
        position=normal(gaussians, 3, scale=0.3),
        rotation=rotation / np.linalg.norm(rotation, axis=1, keepdims=True),
        scale=np.exp(normal(gaussians, 3) - 1.5),
        opacity=rng.random(gaussians).astype(np.float32),
        colour=rng.random((gaussians, 3)).astype(np.float32),
        sh=normal(gaussians, 3, 3, scale=0.1) if sh else np.zeros((gaussians, 3, 3), np.float32),
    )
    linear = Correctives(
        position=normal(correctives, gaussians, 3, scale=0.05),
        colour=normal(correctives, gaussians, 3, scale=0.05),
        weights=normal(correctives, rig.corrective_inputs),
        bias=normal(correctives),
    )
    return Avatar(rig, bound, linear, {"name": "nobody"} if metadata is None else metadata)


def in_steps(values: np.ndarray) -> np.ndarray:
    """Correctives (K, N, 3) as a file and the drive path hold them: whole steps of a size of each Gaussian's own."""
    return decode_bytes(*encode_bytes(values))


def flattened(value: Any, name: str = "") -> dict[str, Any]:
    """All fields of nested dataclasses and tables by dotted name."""
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, dict):
        parts = value
    else:
        return {name: value}
    return {key: leaf for part, inner in parts.items() for key, leaf in flattened(inner, f"{name}.{part}").items()}


def differences(first: Avatar, second: Avatar) -> list[str]:
    """Names of the fields whose values, dtypes or shapes differ in any bit."""

    def bits(value: Any) -> Any:
        return (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value

    # What an avatar remembers of its file is no part of it.
    a, b = (flattened(replace(avatar, signature=None)) for avatar in (first, second))
    return sorted(name for name in a.keys() | b.keys() if bits(a.get(name)) != bits(b.get(name)))
