"""Results of GaussianAvatars, by the published definition of their frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.importers.flame.lip_teeth import VHAP
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.rotations import quaternion_product, quaternions_of_matrices, rotation_matrices

C0, C1 = 0.28209479177387814, 0.4886025119029199


def columns(degree: int) -> list[str]:
    """The names of the columns."""
    rest = [f"f_rest_{i}" for i in range(3 * ((degree + 1) ** 2 - 1))]
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *rest, "opacity"]
    return [*names, "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3", "binding_0"]


def random_table(faces: NDArray[Any], degree: int, seed: int) -> NDArray[np.float32]:
    """One Gaussian on each of the triangles numbered ``faces``."""
    random, count = np.random.default_rng(seed), len(faces)
    rest = 3 * ((degree + 1) ** 2 - 1)
    parts = [
        *(random.normal(0, 0.5, (count, 3)), np.zeros((count, 3)), random.normal(0, 1, (count, 3))),
        *(random.normal(0, 0.1, (count, rest)), random.normal(1, 2, (count, 1))),
        *(random.normal(-0.5, 0.3, (count, 3)), random.normal(0, 1, (count, 4)), faces[:, None]),
    ]
    return np.concatenate(parts, 1).astype(np.float32)


def ply(table: NDArray[np.float32], degree: int) -> bytes:
    """The bytes of ``point_cloud.ply``."""
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    lines += [f"property float {name}" for name in columns(degree)] + ["end_header", ""]
    return "\n".join(lines).encode() + table.astype("<f4").tobytes()


def in_world(
    table: NDArray[Any], degree: int, vertices: NDArray[Any], triangles: NDArray[Any], eye: NDArray[Any]
) -> Gaussians[np.ndarray]:
    """The Gaussians as a camera at ``eye`` sees them, with spherical harmonics of degree 1 in the world."""
    at = {name: table[:, column].astype(np.float64) for column, name in enumerate(columns(degree))}
    corner = vertices.astype(np.float64)[triangles[at["binding_0"].astype(int)]]
    v0, v1, v2 = corner[:, 0], corner[:, 1], corner[:, 2]
    a0 = unit(v1 - v0)
    a1 = unit(np.cross(a0, v2 - v0))
    a2 = -unit(np.cross(a1, a0))
    turn = np.stack([a0, a1, a2], -1)
    size = (np.linalg.norm(v1 - v0, axis=1) + np.abs((a2 * (v2 - v0)).sum(1))) / 2
    local = np.stack([at["x"], at["y"], at["z"]], 1)
    mean = size[:, None] * np.einsum("nij,nj->ni", turn, local) + corner.mean(1)
    own = unit(np.stack([at[f"rot_{i}"] for i in range(4)], 1))
    scale = size[:, None] * np.exp(np.stack([at[f"scale_{i}"] for i in range(3)], 1))
    colour = 0.5 + C0 * np.stack([at[f"f_dc_{i}"] for i in range(3)], 1)
    if degree:
        x, y, z = unit(mean - eye).T
        each = (degree + 1) ** 2 - 1
        for channel in range(3):
            f1, f2, f3 = (at[f"f_rest_{channel * each + i}"] for i in range(3))
            colour[:, channel] += C1 * (-y * f1 + z * f2 - x * f3)
    found = (
        *(mean, quaternion_product(quaternions_of_matrices(turn), own), scale),
        *(1 / (1 + np.exp(-at["opacity"])), np.maximum(colour, 0)),
    )
    return Gaussians(*(part.astype(np.float32) for part in found))


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """``vectors`` at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def posed_flame(
    arrays: dict[str, Any], shape: NDArray[Any], offset: NDArray[Any], expression: NDArray[Any], turns: NDArray[Any]
) -> NDArray[np.float64]:
    """The vertices (5143, 3) that GaussianAvatars poses: FLAME (Li et al. 2017) with teeth made on the template.

    Args:
        arrays: of the model file.
        offset: (5143, 3) of single vertices.
        turns: (5, 3) of the joints, axis-angle.
    """
    template, V = arrays["v_template"], 5023
    shaped = template + arrays["shapedirs"][..., :300] @ shape
    teeth = VHAP.made(template, shaped)
    still = shaped + offset[:V] + arrays["shapedirs"][..., 300:] @ expression
    joints = arrays["J_regressor"] @ still
    matrices = rotation_matrices(turns)
    entries = (matrices[1:] - np.eye(3)).reshape(-1)
    rest = np.concatenate([still + arrays["posedirs"] @ entries, teeth + offset[V:]])
    weights = np.zeros((len(rest), 5))
    weights[:V] = arrays["weights"]
    rows = np.arange(V, len(rest)).reshape(8, 15)
    weights[rows[[0, 2, 4, 5]], 1] = weights[rows[[1, 3, 6, 7]], 2] = 1
    turn, shift = np.zeros((5, 3, 3)), np.zeros((5, 3))
    for joint, parent in enumerate((-1, 0, 1, 1, 1)):
        above = np.eye(3) if parent < 0 else turn[parent]
        place = joints[joint] if parent < 0 else turn[parent] @ joints[joint] + shift[parent]
        turn[joint] = above @ matrices[joint]
        shift[joint] = place - turn[joint] @ joints[joint]
    return np.asarray(np.einsum("vj,jab,vb->va", weights, turn, rest) + weights @ shift)
