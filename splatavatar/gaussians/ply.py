"""The PLY of 3D Gaussian splatting: what other viewers open.

Fields and activations are those of the reference implementation of Kerbl et al. 2023: logit opacity, logarithmic
scales, quaternions wxyz, spherical harmonics with 3DGS's signs. Our colour is linear in the unit direction d from the
camera to the Gaussian, colour + sh @ d; theirs is 0.5 + C0 f_dc + C1 (-y f1 + z f2 - x f3). The two spaces are the
same.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.errors import AvatarFileError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.input import read_bytes
from splatavatar.output import atomic_write
from splatavatar.printable import printable

C0 = 0.28209479177387814
C1 = 0.4886025119029199
OPACITY_MARGIN = 1e-6
SMALLEST_SCALE = 1e-10
LARGEST_LOG_SCALE = 80.0
LARGEST_FILE = 1 << 30
"""bytes of a file that is read"""
_LONGEST_HEADER = 65536
_EXPECTED = "a binary 3DGS PLY"
_DEGREES = {9: 1, 24: 2, 45: 3}
"""by number of ``f_rest`` fields"""
_POSITION = ("x", "y", "z")
_DC = tuple(f"f_dc_{i}" for i in range(3))
_REST = tuple(f"f_rest_{i}" for i in range(9))
_SCALE = tuple(f"scale_{i}" for i in range(3))
_ROTATION = tuple(f"rot_{i}" for i in range(4))
_COUNT = re.compile(r"[0-9]{1,18}")


def write_ply(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None) -> None:
    """Write Gaussians of the world frame, with colours that do not depend on the view.

    ``sh`` (N, 3, 3) [channel, axis] is the part of the colour that does, for directions in the world frame; None leaves
    the fields out. Opacities 0 and 1 have no logit and are moved inwards by 1e-6; scales below 1e-10 m become that.
    Raises OutputError.
    """
    opacity = np.clip(gaussians.opacity.astype(np.float64), OPACITY_MARGIN, 1 - OPACITY_MARGIN)
    rotation = gaussians.rotation.astype(np.float64)
    columns: dict[tuple[str, ...], np.ndarray] = {
        _POSITION: gaussians.mean,
        ("nx", "ny", "nz"): np.zeros((len(opacity), 3)),
    }
    columns[_DC] = (gaussians.colour.astype(np.float64) - 0.5) / C0
    if sh is not None:
        x, y, z = np.moveaxis(sh.astype(np.float64) / C1, 2, 0)
        columns[_REST] = np.stack([-y, z, -x], axis=-1).reshape(-1, 9)
    columns[("opacity",)] = np.log(opacity / (1 - opacity))[:, None]
    columns[_SCALE] = np.log(np.maximum(gaussians.scale.astype(np.float64), SMALLEST_SCALE))
    columns[_ROTATION] = rotation / np.linalg.norm(rotation, axis=-1, keepdims=True)
    names = [name for group in columns for name in group]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(opacity)}"]
    lines += [f"property float {name}" for name in names]
    header = "\n".join([*lines, "end_header", ""])
    table = np.concatenate(list(columns.values()), axis=1).astype("<f4")
    with atomic_write(path) as file:
        file.write(header.encode("ascii"))
        file.write(table.tobytes())


def read_ply(path: str | Path) -> tuple[Gaussians[Floats], Floats | None]:
    """Read a 3DGS PLY of degree 0 or 1: what ``write_ply`` takes, ``sh`` None at degree 0.

    All properties must be floats, in any order; unknown ones are skipped. Raises AvatarFileError.
    """
    content = read_bytes(path, AvatarFileError, _EXPECTED, LARGEST_FILE)
    try:
        table = _table(content)
        rest = [name for name in table if name.startswith("f_rest_")]
        if rest and set(rest) != set(_REST):
            degree = f" (SH degree {_DEGREES[len(rest)]})" if _DEGREES.get(len(rest), 1) > 1 else ""
            raise ValueError(f"it has {len(rest)} f_rest fields{degree}, expected 9 (SH degree 1) or none")
        sh = None
        if rest:
            f1, f2, f3 = np.moveaxis(_columns(table, _REST).reshape(-1, 3, 3), 2, 0)
            sh = (np.stack([-f3, -f1, f2], axis=-1) * C1).astype(np.float32)
        # 1 / (1 + exp(-x)) without overflow
        opacity = 0.5 + 0.5 * np.tanh(0.5 * _columns(table, ("opacity",))[:, 0])
        gaussians = Gaussians(
            mean=_columns(table, _POSITION).astype(np.float32),
            rotation=_columns(table, _ROTATION).astype(np.float32),
            scale=np.exp(np.minimum(_columns(table, _SCALE), LARGEST_LOG_SCALE)).astype(np.float32),
            opacity=opacity.astype(np.float32),
            colour=(0.5 + C0 * _columns(table, _DC)).astype(np.float32),
        )
    except ValueError as error:
        raise AvatarFileError(f"{printable(path)} is not {_EXPECTED}: {error}") from error
    return gaussians, sh


def _table(content: bytes) -> dict[str, Floats]:
    """The columns (N) of the one element of a PLY by name."""
    end = content.find(b"end_header\n", 0, _LONGEST_HEADER)
    if not content.startswith(b"ply") or end < 0:
        raise ValueError("it has no PLY header")
    lines = [line.split() for line in content[:end].decode("ascii", "replace").splitlines()]
    if ["format", "binary_little_endian", "1.0"] not in lines:
        raise ValueError("expected format binary_little_endian 1.0")
    elements = [line for line in lines if line[:1] == ["element"]]
    vertex = elements[0] if len(elements) == 1 else []
    if len(vertex) != 3 or vertex[1] != "vertex" or not _COUNT.fullmatch(vertex[2]):
        raise ValueError("expected one element, vertex, and its count")
    properties = [line for line in lines if line[:1] == ["property"]]
    if any(len(line) != 3 or line[1] not in ("float", "float32") for line in properties):
        raise ValueError("expected properties of type float only")
    names = [line[2] for line in properties]
    if len(set(names)) != len(names):
        raise ValueError("two properties have one name")
    body = content[end + len(b"end_header\n") :]
    count = int(vertex[2])
    if len(body) != count * len(names) * 4:
        raise ValueError(f"{len(body)} bytes follow the header, expected {count} x {len(names)} floats")
    table = np.frombuffer(body, "<f4").reshape(count, len(names))
    if not np.isfinite(table).all():
        raise ValueError("it holds numbers that are not finite")
    return {name: table[:, i] for i, name in enumerate(names)}


def _columns(table: dict[str, Floats], names: tuple[str, ...]) -> np.ndarray:
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"it has no property {missing[0]}")
    return np.stack([table[name] for name in names], axis=-1).astype(np.float64)
