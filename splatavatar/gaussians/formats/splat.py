"""The .splat of antimatter15's viewer: 32 bytes a Gaussian, and nothing else.

Position and scale as 32-bit floats, red, green, blue and opacity as bytes, the quaternion wxyz as bytes, in steps of a
128th with 128 for 0. There is no header, nothing that depends on the view and no place for a licence. Converters order
a file by size and opacity, for it to be drawn while it loads; here the order is that of the Gaussians.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.output import atomic_write

RECORD = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("colour", "u1", 4), ("rotation", "u1", 4)])


def write_splat(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None, licence: str = "") -> None:
    """Write Gaussians of the world frame; arguments are those of ``ply.write_ply``, of which the format cannot hold
    ``sh`` and ``licence``. Raises OutputError.
    """
    rotation = gaussians.rotation.astype(np.float64)
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    coloured = np.concatenate([gaussians.colour, gaussians.opacity[:, None]], 1).astype(np.float64)
    records = np.empty(len(rotation), RECORD)
    records["mean"], records["scale"] = gaussians.mean, gaussians.scale
    records["colour"] = np.clip(np.rint(coloured * 255), 0, 255)
    records["rotation"] = np.clip(np.rint(rotation * 128 + 128), 0, 255)
    with atomic_write(path) as file:
        file.write(records.tobytes())
