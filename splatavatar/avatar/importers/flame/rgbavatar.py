"""Results of RGBAvatar (Li et al., CVPR 2025): splats on FLAME, and blendshapes of them that a small network weighs.

The PLY has the columns of 3DGS and more: ``face_id`` and ``face_bary_0..2`` say where on FLAME a Gaussian rides;
``xyz_b_*``, ``rot_b_*`` and ``f_dc_b_*`` are K blendshapes of place, turn and colour; ``weight_module`` has the numbers
of the network, one after the other. Places are metres in the tangent frame of the triangle: along the first and the
second texture coordinate, and the normal, each of length 1 and not square to one another. Scales are metres. FLAME, its
texture coordinates and the shape of the person are not in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles, Floats, Ints
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.importers.flame.blend_weights import EXPRESSIONS, LinearWeights, blend_weights, linear_weights
from splatavatar.avatar.importers.flame.gaussian_avatars import PARAMETERS, has_column, no_correctives, read_person
from splatavatar.avatar.importers.flame.lip_teeth import RGBAVATAR, WIDTH
from splatavatar.avatar.importers.flame.person import Person, flame_person, shape_of
from splatavatar.avatar.importers.flame.texture import texture_coordinates
from splatavatar.avatar.importers.origin import NOTES
from splatavatar.avatar.importers.rounding import with_rounding_kept
from splatavatar.avatar.importers.splat_columns import splat_columns, whole_numbers
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.gaussians.formats.harmonics import C0
from splatavatar.gaussians.formats.ply_table import Table, columns, table_of
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.input import read_bytes
from splatavatar.printable import printable
from splatavatar.progress import Progress
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.rig import Rig
from splatavatar.rotations import quaternion_product, quaternions_of_matrices

BINDING = "face_bary_2"
EXPECTED = "a result of RGBAvatar: a PLY with face_id and face_bary_0 to 2"
MOST_PLY, MOST_BLENDSHAPES = 1 << 30, 64
LARGEST_BLEND = 1e3
SUM = 1e-2
"""by which barycentric coordinates may miss 1"""
TEETH_U, TEETH_V = (0.75, 0.25), (0.995, 0.955, 0.975, 0.975)
"""texture coordinates of the teeth: of the first and the last column; of each row"""
JOINTS = (1, 2, 3, 4)
"""of the rig, in the order of the network's inputs"""


def recognises(source: Path) -> str | None:
    """What in ``source``, a file or a folder with one, says that it is such a result; None where nothing does."""
    path = find(source)
    return None if path is None else f"{path.name} with face_id and face_bary"


def find(source: Path) -> Path | None:
    """The PLY in ``source``: the file itself, or the first of a folder; None where there is none."""
    files = sorted(source.glob("*.ply")) if source.is_dir() else [source]
    return next((path for path in files if path.suffix.lower() == ".ply" and has_column(path, BINDING)), None)


def read(source: Path, progress: Progress | None, shape: Doubles | None = None) -> Avatar:
    """The avatar of a result, on the user's FLAME: of the person of ``shape``, or else of a ``flame_param.npz`` beside
    it, or else of the mean person. Raises AvatarFileError, RigError and DependencyError."""
    path = find(source)
    if path is None:
        raise AvatarFileError(f"{printable(source)}: no PLY in it, expected {EXPECTED}.")
    blended, face, barycentric = read_splats(path)
    texture = texture_coordinates(path.parent)
    beside = path.with_name(PARAMETERS)
    notes = blended.notes()
    person = Person.mean() if shape is None else replace(Person.mean(), shape=_given(shape))
    if shape is None and beside.is_file():
        person = replace(read_person(beside), teeth_offset=0.0)
    elif shape is None:
        notes.append("nothing says who is shown (--person FILE): the head has the shape of FLAME's mean person")
    has_teeth = bool((face >= FLAME.triangles).any())
    rig = flame_person(person, RGBAVATAR if has_teeth else None, progress)
    uv = np.concatenate([texture, teeth_texture()])[face]
    bound, correctives = _bound(blended, face, barycentric, uv, rig)
    return Avatar(rig, *with_rounding_kept(bound, correctives), metadata={NOTES: notes} if notes else {})


def _given(shape: Doubles) -> Doubles:
    try:
        return shape_of(np.asarray(shape))
    except Defect as defect:
        raise SettingsError(f"the person cannot be shown: {defect}") from None


def read_splats(path: Path) -> tuple[Blended, Ints, Floats]:
    """The Gaussians of a PLY, the triangle (N) of each, and where (N, 3) on it. Raises AvatarFileError."""
    content = read_bytes(path, AvatarFileError, EXPECTED, MOST_PLY)
    try:
        try:
            table = table_of(content)
        except ValueError as error:
            raise Defect(str(error)) from error
        face = whole_numbers(table, "face_id", FLAME.triangles + RGBAVATAR.triangles)
        return Blended(table), face, _barycentric(table)
    except Defect as defect:
        raise AvatarFileError(f"{printable(path)} is not that of RGBAvatar: {defect}.") from None


class Blended:
    """The numbers of a PLY that are blended, as stored."""

    def __init__(self, table: Table) -> None:
        self.splats = splat_columns(table)
        kinds = {"xyz_b_": 3, "rot_b_": 4, "f_dc_b_": 3}
        counts = {name: sum(column.startswith(name) for column in table) for name in kinds}
        self.count = counts["xyz_b_"] // 3
        if any(counts[name] != size * self.count for name, size in kinds.items()) or self.count > MOST_BLENDSHAPES:
            found = ", ".join(f"{count} {name}*" for name, count in counts.items())
            raise Defect(f"it has {found}, expected 3, 4 and 3 for each of up to {MOST_BLENDSHAPES} blendshapes")
        try:
            self.rotation = columns(table, tuple(f"rot_{i}" for i in range(4)))
            self.shapes = {name: self._shapes(table, name, size) for name, size in kinds.items()}
            self.weights = self._weights(table)
        except ValueError as error:
            raise Defect(str(error)) from error

    def _shapes(self, table: Table, name: str, size: int) -> Doubles:
        """(K, N, size) what each blendshape adds."""
        if not self.count:
            return np.zeros((0, len(self.rotation), size))
        values = columns(table, tuple(f"{name}{i}" for i in range(size * self.count)))
        if np.abs(values).max() > LARGEST_BLEND:
            raise Defect(f"{name}* holds a number that makes no sense")
        return values.reshape(len(values), self.count, size).transpose(1, 0, 2)

    def _weights(self, table: Table) -> LinearWeights | None:
        if not self.count:
            return None
        column = columns(table, ("weight_module",))[:, 0]
        if np.abs(column).max() > LARGEST_BLEND:
            raise Defect("weight_module holds a number that makes no sense")
        return linear_weights(blend_weights(column, self.count))

    def notes(self) -> list[str]:
        """What of it is not kept, in sentences."""
        if self.weights is None:
            return []
        shown = f"{self.weights.explained:.0%} of what its network does with {self.count} blendshapes"
        return [f"linear correctives show {shown}, and none of the turns"]

    def at_rest(self, name: str) -> Doubles:
        """(N, size) what the blendshapes add at rest."""
        shapes = self.shapes[name]
        return np.zeros(shapes.shape[1:]) if self.weights is None else np.tensordot(self.weights.rest, shapes, 1)


def _barycentric(table: Table) -> Floats:
    try:
        shares = columns(table, tuple(f"face_bary_{i}" for i in range(3)))
    except ValueError as error:
        raise Defect(str(error)) from error
    if shares.min() < -SUM or np.abs(shares.sum(1) - 1).max() > SUM:
        raise Defect("face_bary holds coordinates outside of their triangles")
    inside = np.maximum(shares, 0)
    return np.asarray(inside / inside.sum(1, keepdims=True), np.float32)


def teeth_texture() -> Doubles:
    """The texture coordinates (56, 3, 2) of the corners of the teeth."""
    u = np.tile(np.linspace(*TEETH_U, WIDTH), len(TEETH_V))
    v = np.repeat(TEETH_V, WIDTH)
    return np.stack([u, v], 1)[RGBAVATAR.faces()]


def tangent_frames(corners: Doubles, uv: Doubles) -> Doubles:
    """The tangent frames (N, 3, 3), axes in columns, of triangles with ``corners`` (N, 3, 3) and texture coordinates
    ``uv`` (N, 3, 2)."""
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = ((uv[:, i] - uv[:, 0]).T[..., None] for i in (1, 2))
    turn = np.where(u1 * v2 - u2 * v1 < 0, -1.0, 1.0)
    axes = np.stack([turn * (v2 * e1 - v1 * e2), turn * (u1 * e2 - u2 * e1), np.cross(e1, e2)], -1)
    return np.asarray(axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-20))


def quaternions_of_frames(frames: Doubles) -> Doubles:
    """The unit quaternions (N, 4) wxyz of ``frames`` (N, 3, 3) whose axes need not be square to one another, by the
    formula of Shepperd (1978): of the diagonal and its sum the largest decides, as in RGBAvatar."""
    m = frames
    trace = np.trace(m, axis1=1, axis2=2)
    x, y, z = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    own = [1 - trace + 2 * m[:, i, i] for i in range(3)]
    by_axis = [[x, own[0], xy, xz], [y, xy, own[1], yz], [z, xz, yz, own[2]], [1 + trace, x, y, z]]
    candidates = np.array(by_axis).transpose(2, 0, 1)  # (N, 4 choices, 4)
    largest = np.stack([m[:, 0, 0], m[:, 1, 1], m[:, 2, 2], trace], 1).argmax(1)
    chosen = candidates[np.arange(len(m)), largest]
    return np.asarray(chosen / np.linalg.norm(chosen, axis=1, keepdims=True))


def _bound(
    blended: Blended, face: Ints, barycentric: Floats, uv: Doubles, rig: Rig
) -> tuple[BoundGaussians, Correctives]:
    """The Gaussians at rest in the frames of their triangles, and their blendshapes as linear correctives."""
    splats = blended.splats
    frames, sizes = (values[face].astype(np.float64) for values in triangle_frames(rig.template, rig.faces))
    tangent = tangent_frames(rig.template[rig.faces[face]].astype(np.float64), uv)
    to_local = np.einsum("nji,njk->nik", frames, tangent) / sizes[:, None, None]
    own = blended.rotation + blended.at_rest("rot_b_")
    turned = quaternion_product(quaternions_of_frames(tangent), own / np.linalg.norm(own, axis=1, keepdims=True))
    rotation = quaternion_product(quaternions_of_matrices(frames) * [1, -1, -1, -1], turned)
    place = splats.position + blended.at_rest("xyz_b_")
    bound = BoundGaussians(
        face=face,
        barycentric=barycentric,
        position=np.einsum("nij,nj->ni", to_local, place).astype(np.float32),
        rotation=(rotation / np.linalg.norm(rotation, axis=1, keepdims=True)).astype(np.float32),
        scale=(splats.scale / sizes[:, None]).astype(np.float32),
        opacity=splats.opacity,
        colour=(splats.colour + C0 * blended.at_rest("f_dc_b_")).astype(np.float32),
        sh=np.zeros((len(face), 3, 3), np.float32),
    )
    weights = blended.weights
    if weights is None:
        return bound, no_correctives(rig, len(face))
    size = weights.size[:, None, None]
    matrix = np.zeros((blended.count, rig.corrective_inputs))
    first = len(rig.expression_names) + 3 * JOINTS[0]
    matrix[:, :EXPRESSIONS] = weights.matrix[:, :EXPRESSIONS]
    matrix[:, first : first + 3 * len(JOINTS)] = weights.matrix[:, EXPRESSIONS:]
    return bound, Correctives(
        position=(size * np.einsum("nij,knj->kni", to_local, blended.shapes["xyz_b_"])).astype(np.float32),
        colour=(size * C0 * blended.shapes["f_dc_b_"]).astype(np.float32),
        weights=matrix.astype(np.float32),
        bias=np.zeros(blended.count, np.float32),
    )
