"""Splats in glTF: the extension ``KHR_gaussian_splatting`` of Khronos, by its release candidate.

Points with a rotation (quaternion xyzw), a scale and an opacity, all as they are, and spherical harmonics of 3DGS. glTF
has our axes and our unit: +Y up, +Z ahead, metres. What does not know the extension shows the points in ``COLOR_0``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.harmonics import constant_coefficients, linear_coefficients
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.gltf.colour import linear_colours
from splatavatar.gltf.document import VERTICES, Document

EXTENSION = "KHR_gaussian_splatting"
UNLIT = "KHR_materials_unlit"


def write_gltf_splats(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None, licence: str = "") -> None:
    """Write Gaussians of the world frame as ``.glb`` or ``.gltf``; arguments are those of ``ply.write_ply``.

    ``licence`` is the copyright of the asset. Raises OutputError, also where there is not one Gaussian.
    """
    if not len(gaussians.mean):
        raise OutputError(f"cannot write {path}: no Gaussians, and glTF has no lists of nothing")
    document = Document(licence)
    document.extension(EXTENSION)
    document.extension(UNLIT)
    rotation = gaussians.rotation.astype(np.float64)
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    arrays: dict[str, Doubles | Floats] = {
        "ROTATION": np.roll(rotation, -1, axis=1),
        "SCALE": gaussians.scale,
        "OPACITY": gaussians.opacity,
        "SH_DEGREE_0_COEF_0": constant_coefficients(gaussians.colour),
    }
    if sh is not None:
        linear = linear_coefficients(sh)
        arrays.update({f"SH_DEGREE_1_COEF_{i}": linear[:, :, i] for i in range(3)})
    attributes = {
        "POSITION": document.accessor(gaussians.mean.astype("<f4"), VERTICES, bounds=True),
        "COLOR_0": document.accessor(_fallback(gaussians), VERTICES, normalised=True),
        **{f"{EXTENSION}:{name}": document.accessor(of.astype("<f4"), VERTICES) for name, of in arrays.items()},
    }
    kernel = {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    points = {"attributes": attributes, "mode": 0, "material": 0, "extensions": {EXTENSION: kernel}}
    document.json.update(
        materials=[{"extensions": {UNLIT: {}}}],
        meshes=[{"primitives": [points]}],
        nodes=[{"name": "Gaussians", "mesh": 0}],
        scenes=[{"nodes": [0]}],
        scene=0,
    )
    document.write(path)


def _fallback(gaussians: Gaussians[Floats]) -> NDArray[np.uint16]:
    """Colours and opacities (N, 4) for what draws points."""
    opacity = np.rint(np.clip(gaussians.opacity[:, None], 0, 1) * 65535)
    return np.concatenate([linear_colours(gaussians.colour), opacity], 1).astype("<u2")
