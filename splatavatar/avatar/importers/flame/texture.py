"""Texture coordinates of FLAME, which its model files do not have: ``FLAME_texture.npz`` of its site."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.arrays import read_npz
from splatavatar.errors import RigError
from splatavatar.printable import printable
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME

STEMS = ("flame_texture", "flame_uv")
"""names of the file without suffix, in lower case"""
EXPECTED = "an npz with vt and ft, as FLAME_texture.npz"
MOST_PLACES, LARGEST = 100_000, 100.0


def texture_coordinates(near: Path) -> Doubles:
    """The texture coordinates (9976, 3, 2) of the corners of FLAME's triangles, from a file in the folder ``near``, or
    in what ``SPLATAVATAR_BODY_MODELS`` names or beside it. Raises RigError."""
    named = [Path(place) for place in os.environ.get(VARIABLE, "").split(os.pathsep) if place]
    folders = [near, *(place if place.is_dir() else place.parent for place in named)]
    for folder in folders:
        for path in sorted(folder.glob("*.npz")) + sorted(folder.glob("*/*.npz")):
            if path.stem.lower() in STEMS:
                return _read(path)
    raise RigError(
        f"the texture coordinates of FLAME are needed, and there is no FLAME_texture.npz in {printable(near)} or where"
        f" {VARIABLE} points; get it from https://flame.is.tue.mpg.de"
    )


def _read(path: Path) -> Doubles:
    arrays = read_npz(path, RigError, ("vt", "ft"), EXPECTED, most=1 << 24)
    places, corners = arrays.get("vt", np.zeros(0)), arrays.get("ft", np.zeros(0))
    fits = places.ndim == 2 and places.shape[1] == 2 and 0 < len(places) <= MOST_PLACES and places.dtype.kind == "f"
    if not fits or corners.shape != (FLAME.triangles, 3) or corners.dtype.kind not in "iu":
        raise RigError(f"{printable(path)}: vt {places.shape} and ft {corners.shape}, expected (N, 2) and (9976, 3)")
    if int(corners.min()) < 0 or int(corners.max()) >= len(places) or not (np.abs(places) <= LARGEST).all():
        raise RigError(f"{printable(path)}: vt or ft hold numbers that make no sense, expected {EXPECTED}")
    return places.astype(np.float64)[corners.astype(np.int64)]
