"""Results of RGBAvatar, by the published description of what their columns mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from splatavatar.gaussians.gaussians import Gaussians

C0 = 0.28209479177387814
LAYERS = ((129, 128), (128, 128), (128, 20))


def network(layers: tuple[tuple[int, int], ...], seed: int) -> list[NDArray[np.float32]]:
    """The parameters, matrix and bias of each layer in turn."""
    random, parts = np.random.default_rng(seed), []
    for inner, outer in layers:
        parts.append(random.normal(0, 0.7 / np.sqrt(inner), (outer, inner)).astype(np.float32))
        parts.append(random.normal(0, 0.1, outer).astype(np.float32))
    return parts


def weighed(parts: list[NDArray[np.float32]], inputs: NDArray[Any]) -> NDArray[np.float64]:
    """What the network says (K) of its 129 inputs."""
    values = inputs.astype(np.float64)
    for layer in range(0, len(parts), 2):
        if layer:
            values = np.maximum(values, 0)
        values = parts[layer].astype(np.float64) @ values + parts[layer + 1]
    return values


def inputs(expression: NDArray[Any], turns: NDArray[Any]) -> NDArray[np.float64]:
    """The 129 inputs: expression (100), turns (4, 3) of neck, jaw and eyes as two rows of their matrices, zeros."""
    rows = [Rotation.from_rotvec(turn).as_matrix()[:2].ravel() for turn in turns]
    return np.concatenate([expression, *rows, np.zeros(5)])


def dtype(blendshapes: int) -> np.dtype[Any]:
    """Of a row."""
    names = ["x", "y", "z", "nx", "ny", "nz", "opacity", "scale_0", "scale_1", "scale_2"]
    names += [f"rot_{i}" for i in range(4)] + [f"f_dc_{i}" for i in range(3)] + [f"f_rest_{i}" for i in range(45)]
    for name, size in (("xyz_b_", 3), ("rot_b_", 4), ("f_dc_b_", 3)):
        names += [f"{name}{i}" for i in range(size * blendshapes)]
    names += ["weight_module"]
    fields = [(name, "<f4") for name in names] + [("face_id", "<i4")]
    return np.dtype([*fields, *((f"face_bary_{i}", "<f4") for i in range(3))])


def table(face: NDArray[Any], parts: list[NDArray[np.float32]], seed: int) -> NDArray[Any]:
    """Random rows, one for each of ``face`` (N)."""
    blendshapes = len(parts[-1])
    random, rows = np.random.default_rng(seed), np.zeros(len(face), dtype(blendshapes))
    spread = {"x": 1e-3, "y": 1e-3, "z": 1e-3, "opacity": 2, "xyz_b_": 3e-4, "rot_b_": 0.1, "f_dc_b_": 0.2}
    spread |= {"rot_": 1, "f_dc_": 1}
    for name in rows.dtype.names or ():
        prefix = name if name in spread else name.rstrip("0123456789")
        if prefix in spread:
            rows[name] = random.normal(0, spread[prefix], len(face))
        elif prefix == "scale_":
            rows[name] = random.normal(np.log(1.5e-3), 0.3, len(face))
    flat = np.concatenate([part.ravel() for part in parts])
    rows["weight_module"][: len(flat)] = flat
    rows["face_id"] = face
    shares = random.dirichlet(np.ones(3), len(face))
    for i in range(3):
        rows[f"face_bary_{i}"] = shares[:, i]
    return rows


def ply(rows: NDArray[Any]) -> bytes:
    """The bytes of the file."""
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}"]
    lines += [f"property {'int' if name == 'face_id' else 'float'} {name}" for name in rows.dtype.names or ()]
    return "\n".join([*lines, "end_header", ""]).encode() + rows.tobytes()


def in_world(
    rows: NDArray[Any], parts: list[NDArray[Any]], given: NDArray[Any], corners: NDArray[Any], uv: NDArray[Any]
) -> Gaussians[np.ndarray]:
    """The Gaussians on triangles with ``corners`` (N, 3, 3) and texture coordinates ``uv`` (N, 3, 2), one each, for the
    network's inputs ``given``."""
    psi = weighed(parts, given)

    def blended(name: str, size: int, basis: str) -> NDArray[Any]:
        own = np.stack([rows[f"{name}{i}"] if name else rows["xyz"[i]] for i in range(size)], 1).astype(np.float64)
        for k, weight in enumerate(psi):
            own += weight * np.stack([rows[f"{basis}{size * k + i}"] for i in range(size)], 1)
        return own

    # Tangent and bitangent solve edge = du * tangent + dv * bitangent for both edges.
    edges = corners[:, 1:].astype(np.float64) - corners[:, :1]
    along = np.linalg.solve((uv[:, 1:] - uv[:, :1]).astype(np.float64), edges)
    axes = np.concatenate([along, np.cross(edges[:, 0], edges[:, 1])[:, None]], 1)
    tangent = (axes / np.linalg.norm(axes, axis=2, keepdims=True)).transpose(0, 2, 1)
    shares = np.stack([rows[f"face_bary_{i}"] for i in range(3)], 1).astype(np.float64)
    mean = np.einsum("nk,nki->ni", shares, corners) + np.einsum("nij,nj->ni", tangent, blended("", 3, "xyz_b_"))
    own = Rotation.from_quat(np.roll(blended("rot_", 4, "rot_b_"), -1, 1))
    turned = np.roll((Rotation.from_quat(np.roll(raw_quaternions(tangent), -1, 1)) * own).as_quat(), 1, 1)
    found = (
        *(mean, turned, np.exp(np.stack([rows[f"scale_{i}"] for i in range(3)], 1).astype(np.float64))),
        *(1 / (1 + np.exp(-rows["opacity"].astype(np.float64))), 0.5 + C0 * blended("f_dc_", 3, "f_dc_b_")),
    )
    return Gaussians(*(part.astype(np.float32) for part in found))


def raw_quaternions(matrices: NDArray[Any]) -> NDArray[np.float64]:
    """Of matrices that are not square, wxyz: the largest of the diagonal and its sum decides."""
    found = []
    for m in matrices:
        choice = int(np.argmax([*np.diag(m), np.trace(m)]))
        q = np.empty(4)
        if choice == 3:
            q[:] = 1 + np.trace(m), m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
        else:
            i, j, k = choice, (choice + 1) % 3, (choice + 2) % 3
            q[0], q[1 + i] = m[k, j] - m[j, k], 1 - np.trace(m) + 2 * m[i, i]
            q[1 + j], q[1 + k] = m[j, i] + m[i, j], m[k, i] + m[i, k]
        found.append(q / np.linalg.norm(q))
    return np.array(found)
