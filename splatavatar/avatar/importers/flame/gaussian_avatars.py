"""Results of GaussianAvatars (Qian et al., CVPR 2024): splats in the frames of FLAME's triangles.

``point_cloud.ply`` has the columns of 3DGS. ``binding_0`` is the number of the triangle that carries a Gaussian, whose
place, turn and scale are in its frame, which is ours (``gaussians.binding``) with the centroid as its origin; only
colours that depend on the view are in the world. ``flame_param.npz`` beside it has the person: ``shape`` (300) and
``static_offset`` (1, V, 3) from the template. FLAME itself is not in it, and has to be the user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats, Ints
from splatavatar.arrays import read_npz
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.importers.flame.lip_teeth import VHAP
from splatavatar.avatar.importers.flame.person import Person, flame_person, shape_of
from splatavatar.avatar.importers.origin import NOTES
from splatavatar.avatar.importers.rounding import with_rounding_kept
from splatavatar.avatar.importers.splat_columns import SplatColumns, splat_columns, whole_numbers
from splatavatar.errors import AvatarFileError, SplatAvatarError
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.gaussians.formats.ply_table import LONGEST_HEADER, table_of
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.input import open_input, read_bytes
from splatavatar.natural import natural
from splatavatar.printable import printable
from splatavatar.progress import Progress
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.rig import Rig

PLY, PARAMETERS = "point_cloud.ply", "flame_param.npz"
BINDING = "binding_0"
EXPECTED = "a result of GaussianAvatars: point_cloud.ply with binding_0, and flame_param.npz beside it"
MOST_PLY, MOST_PARAMETERS = 1 << 30, 1 << 20
"""bytes of the file, and of what is read of it"""
LARGEST_OFFSET = 1.0
"""metres"""


def find(source: Path) -> Path | None:
    """The PLY in ``source``: the file itself, or in a folder that of the last iteration; None where there is none."""
    if source.is_dir():
        own = source / PLY
        if own.is_file():
            return own
        found = [path for path in source.glob(f"point_cloud/iteration_*/{PLY}") if path.is_file()]
        return max(found, key=lambda path: natural(path.parent), default=None)
    return source if source.suffix.lower() == ".ply" else None


def recognises(source: Path) -> str | None:
    """What in ``source`` says that it is such a result; None where nothing does."""
    path = find(source)
    return f"{path.name} with {BINDING}" if path is not None and has_column(path, BINDING) else None


def has_column(path: Path, name: str) -> bool:
    """Whether the header of the PLY at ``path`` has the column ``name``."""
    try:
        with open_input(path, AvatarFileError) as file:
            header = file.read(LONGEST_HEADER).partition(b"end_header")[0]
    except (SplatAvatarError, OSError):
        return False
    return header.startswith(b"ply") and any(line.split()[-1:] == [name.encode()] for line in header.splitlines())


def read(source: Path, progress: Progress | None) -> Avatar:
    """The avatar of a result, on the user's FLAME. Raises AvatarFileError, RigError and DependencyError."""
    path = find(source)
    if path is None:
        raise AvatarFileError(f"{printable(source)}: no {PLY} in it, expected {EXPECTED}.")
    splats, face = read_splats(path)
    person = read_person(path.with_name(PARAMETERS))
    rig = flame_person(person, VHAP if (face >= FLAME.triangles).any() else None, progress)
    bound = bound_to_triangles(splats, face, rig.template, rig.faces)
    notes = ["of its spherical harmonics degree 1 is kept"] if splats.degree > 1 else []
    return Avatar(
        rig, *with_rounding_kept(bound, no_correctives(rig, len(face))), metadata={NOTES: notes} if notes else {}
    )


def no_correctives(rig: Rig, count: int) -> Correctives:
    """None, for ``count`` Gaussians on ``rig``."""
    none = np.zeros((0, count, 3), np.float32)
    return Correctives(none, none, np.zeros((0, rig.corrective_inputs), np.float32), np.zeros(0, np.float32))


def read_splats(path: Path) -> tuple[SplatColumns, Ints]:
    """The Gaussians of a PLY, and the triangle (N) of each, which may be one of the teeth. Raises AvatarFileError."""
    content = read_bytes(path, AvatarFileError, EXPECTED, MOST_PLY)
    try:
        try:
            table = table_of(content)
        except ValueError as error:
            raise Defect(str(error)) from error
        splats = splat_columns(table)
        return splats, whole_numbers(table, BINDING, FLAME.triangles + VHAP.triangles)
    except Defect as defect:
        raise AvatarFileError(f"{printable(path)} is not that of GaussianAvatars: {defect}.") from None


def read_person(path: Path) -> Person:
    """The person of the file ``path``, ``flame_param.npz``. Raises AvatarFileError."""
    expected = f"{PARAMETERS} of GaussianAvatars"
    arrays = read_npz(path, AvatarFileError, ("shape", "static_offset"), expected, MOST_PARAMETERS)
    try:
        return _person(arrays)
    except Defect as defect:
        raise AvatarFileError(f"{printable(path)} is not that of GaussianAvatars: {defect}.") from None


def _person(arrays: Mapping[str, np.ndarray]) -> Person:
    if "shape" not in arrays:
        raise Defect("it has no shape")
    offset = np.zeros((FLAME.vertices + VHAP.vertices, 3))
    if "static_offset" in arrays:
        moves = arrays["static_offset"]
        rows = moves.size // 3
        fits = rows in (FLAME.vertices, len(offset)) and moves.shape in ((1, rows, 3), (rows, 3))
        if moves.dtype.kind != "f" or not fits:
            expected = f"(1, {FLAME.vertices} or {len(offset)}, 3)"
            raise Defect(f"static_offset has the shape {moves.shape}, expected {expected}")
        offset[:rows] = moves.reshape(rows, 3)
    if not (np.abs(offset) <= LARGEST_OFFSET).all():  # not NaN
        raise Defect(f"static_offset holds a number that is not finite, or beyond {LARGEST_OFFSET:g}")
    return Person(shape_of(arrays["shape"]), offset[: FLAME.vertices], offset[FLAME.vertices :])


def bound_to_triangles(splats: SplatColumns, face: Ints, vertices: Floats, faces: Ints) -> BoundGaussians:
    """The Gaussians on the triangles ``face`` (N) of a rig at rest: ``vertices`` (V, 3), metres, ``faces`` (F, 3).

    Their colours are turned from the world into the frames of their triangles: at rest they are what they were.
    """
    rotation, _ = triangle_frames(vertices, faces)
    return BoundGaussians(
        face=face,
        barycentric=np.full((len(face), 3), 1 / 3, np.float32),
        position=splats.position,
        rotation=splats.rotation,
        scale=splats.scale,
        opacity=splats.opacity,
        colour=splats.colour,
        sh=(splats.sh @ rotation[face]).astype(np.float32),
    )
