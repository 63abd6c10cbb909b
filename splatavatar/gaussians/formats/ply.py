"""The PLY of 3D Gaussian splatting: what other viewers open.

Fields and activations are those of the reference implementation of Kerbl et al. 2023: logit opacity, logarithmic
scales, quaternions wxyz, spherical harmonics with 3DGS's signs (``harmonics``).
"""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.errors import AvatarFileError
from splatavatar.gaussians.formats.harmonics import colours, constant_coefficients, linear_coefficients, linear_terms
from splatavatar.gaussians.formats.ply_table import Table, columns, sigmoid, table_of
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.input import read_bytes
from splatavatar.output import atomic_write
from splatavatar.printable import printable

OPACITY_MARGIN = 1e-6
SMALLEST_SCALE = 1e-10
LARGEST_LOG_SCALE = 80.0
LARGEST_FILE = 1 << 30
"""bytes of a file that is read"""
_LINE = 160
"""characters of a comment"""
_EXPECTED = "a binary 3DGS PLY"
_PER_CHANNEL = {9: 3, 24: 8, 45: 15}
"""coefficients of a channel by the number of ``f_rest`` fields: degrees 1, 2 and 3, all of which begin with degree 1"""
_POSITION = ("x", "y", "z")
_DC = tuple(f"f_dc_{i}" for i in range(3))
_SCALE = tuple(f"scale_{i}" for i in range(3))
_ROTATION = tuple(f"rot_{i}" for i in range(4))
_LEAST_OFFSETS = 5023
"""Gaussians of a LAM bundle: one a vertex of FLAME, or of a subdivision of it"""
_FARTHEST_OFFSET = 0.3
"""metres"""


def write_ply(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None, licence: str = "") -> None:
    """Write Gaussians of the world frame, with colours that do not depend on the view.

    ``sh`` (N, 3, 3) [channel, axis] is the part of the colour that does, for directions in the world frame; None leaves
    the fields out. ``licence`` goes into comments. Opacities 0 and 1 have no logit and are moved inwards by 1e-6;
    scales below 1e-10 m become that. Raises OutputError.
    """
    opacity = np.clip(gaussians.opacity.astype(np.float64), OPACITY_MARGIN, 1 - OPACITY_MARGIN)
    rotation = gaussians.rotation.astype(np.float64)
    written: dict[tuple[str, ...], np.ndarray] = {
        _POSITION: gaussians.mean,
        ("nx", "ny", "nz"): np.zeros((len(opacity), 3)),
    }
    written[_DC] = constant_coefficients(gaussians.colour)
    if sh is not None:
        written[_rest(9)] = linear_coefficients(sh).reshape(-1, 9)
    written[("opacity",)] = np.log(opacity / (1 - opacity))[:, None]
    written[_SCALE] = np.log(np.maximum(gaussians.scale.astype(np.float64), SMALLEST_SCALE))
    written[_ROTATION] = rotation / np.linalg.norm(rotation, axis=-1, keepdims=True)
    names = [name for group in written for name in group]
    lines = ["ply", "format binary_little_endian 1.0", *_comments(licence), f"element vertex {len(opacity)}"]
    lines += [f"property float {name}" for name in names]
    header = "\n".join([*lines, "end_header", ""])
    table = np.concatenate(list(written.values()), axis=1).astype("<f4")
    with atomic_write(path) as file:
        file.write(header.encode("ascii"))
        file.write(table.tobytes())


def read_ply(path: str | Path) -> tuple[Gaussians[Floats], Floats | None]:
    """Read a 3DGS PLY: what ``write_ply`` takes, ``sh`` None at degree 0. Of degrees 2 and 3 degree 1 is kept.

    Its properties have any order and any type of one number; unknown ones are skipped. Raises AvatarFileError, also for
    the ``offset.ply`` of a LAM bundle, which has the same fields.
    """
    content = read_bytes(path, AvatarFileError, _EXPECTED, LARGEST_FILE)
    try:
        table = table_of(content)
        rest = [name for name in table if name.startswith("f_rest_")]
        if rest and (len(rest) not in _PER_CHANNEL or set(rest) != set(_rest(len(rest)))):
            raise ValueError(f"it has {len(rest)} f_rest fields, expected 9, 24 or 45 (SH degree 1 to 3) or none")
        sh = None
        if rest:
            harmonics = columns(table, _rest(len(rest))).reshape(-1, 3, _PER_CHANNEL[len(rest)])
            sh = linear_terms(harmonics[:, :, :3])
        gaussians = Gaussians(
            mean=columns(table, _POSITION).astype(np.float32),
            rotation=columns(table, _ROTATION).astype(np.float32),
            scale=np.exp(np.minimum(columns(table, _SCALE), LARGEST_LOG_SCALE)).astype(np.float32),
            opacity=sigmoid(columns(table, ("opacity",))[:, 0]),
            colour=colours(columns(table, _DC)),
        )
        if sh is None and _are_offsets(table):
            raise ValueError(
                "it is the offset.ply of a LAM bundle: offsets from vertices and plain colours, not splats"
            )
    except ValueError as error:
        raise AvatarFileError(f"{printable(path)} is not {_EXPECTED}: {error}") from error
    return gaussians, sh


def _rest(count: int) -> tuple[str, ...]:
    return tuple(f"f_rest_{i}" for i in range(count))


def _comments(text: str) -> list[str]:
    """``text`` as lines of a header, in ASCII; none of them is taken for its end."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii").replace("end_header", "end-header")
    lines = [part for line in plain.splitlines() for part in wrap(line, _LINE)]
    return [f"comment {line}" for line in lines]


def _are_offsets(table: Table) -> bool:
    """Whether colours from 0 to 1 stand where coefficients belong, as they do in the bundles of LAM alone: those of a
    head would be dark nowhere. Its Gaussians are no larger than a centimetre, and lie near their vertices."""
    colour, scale = columns(table, _DC), columns(table, _SCALE)
    return bool(
        len(colour) >= _LEAST_OFFSETS
        and colour.min() >= 0
        and 0.9 < colour.max() <= 1
        and scale.max() <= np.log(0.01) + 1e-3
        and np.abs(columns(table, _POSITION)).max() < _FARTHEST_OFFSET
    )
