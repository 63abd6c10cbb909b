"""One person's FLAME, as GaussianAvatars and RGBAvatar have it: the user's model, shaped, with offsets of single
vertices and, where splats lie on them, the teeth of the tool."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import AnyArray, Doubles, Floats, Ints
from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.importers.flame.lip_teeth import LipTeeth
from splatavatar.progress import Progress
from splatavatar.rig.body_models.found import needed_body_model
from splatavatar.rig.body_models.model_file import FLAME, read_model_file
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

KIND = "flame"
SHAPES, LARGEST_SHAPE = 300, 100.0
"""coefficients, and the largest"""
HEAD, JAW = FLAME.joint_names.index("neck"), FLAME.jaw
"""joints that the upper and the lower teeth move with"""


@dataclass(frozen=True)
class Person:
    """Who is shown, in the terms of FLAME."""

    shape: Doubles
    """(300) coefficients of the shape basis, zeros where there are fewer"""
    offset: Doubles
    """(5023, 3) metres from the shaped template"""
    teeth_offset: Doubles | float = 0.0
    """(T, 3) the same of the vertices of the teeth; a number stands for all"""

    @staticmethod
    def mean() -> Person:
        """FLAME's mean person."""
        return Person(np.zeros(SHAPES), np.zeros((FLAME.vertices, 3)))


def shape_of(given: AnyArray) -> Doubles:
    """The coefficients (300) of ``given``, up to as many, in one row. Raises Defect."""
    if given.dtype.kind not in "fiu" or not 0 < given.size <= SHAPES or given.size != given.shape[-1]:
        raise Defect(f"shape has the shape {given.shape}, expected up to {SHAPES} numbers")
    shape = np.zeros(SHAPES)
    shape[: given.size] = given.ravel()
    if not (np.abs(shape) <= LARGEST_SHAPE).all():  # not NaN
        raise Defect(f"shape holds a number that is not finite, or beyond {LARGEST_SHAPE:g}")
    return shape


def flame_person(person: Person, teeth: LipTeeth | None, progress: Progress | None) -> Rig:
    """The rig of ``person``: FLAME's triangles in the order of its file, then those of the teeth.

    Those are ``teeth``, or the package's own where it is None. Raises RigError where the user's file is not found or
    is none, DependencyError where the package is absent that the face is carried over from.
    """
    rig = load_rig(KIND, {f"shape_{number:03d}": float(value) for number, value in enumerate(person.shape)}, progress)
    model = read_model_file(needed_body_model(KIND))
    shaped = model.template + model.shape_basis @ person.shape
    moved = rig.template.copy()
    moved[: FLAME.vertices] = shaped + person.offset
    joints = model.joint_regressor @ (shaped + person.offset)
    rig = replace(rig, template=moved, joints=joints.astype(np.float32))
    return rig if teeth is None else _with_teeth(rig, teeth, teeth.made(model.template, shaped) + person.teeth_offset)


def _with_teeth(rig: Rig, teeth: LipTeeth, vertices: Doubles) -> Rig:
    """``rig`` with ``teeth`` at ``vertices`` in the place of its own, which come after all that is of FLAME."""
    V, F, count = FLAME.vertices, FLAME.triangles, len(vertices)
    skin_joints = np.zeros((count, 4), np.int32)
    skin_joints[:, 0] = HEAD
    skin_joints[teeth.lower, 0] = JAW
    faces = teeth.faces()
    of_lower = np.isin(faces[:, 0], teeth.lower)
    regions = {name: part[part < F] for name, part in rig.regions.items()}
    regions |= {"teeth_upper": _numbers(~of_lower) + F, "teeth_lower": _numbers(of_lower) + F}
    assert rig.pose_basis is not None
    return replace(
        rig,
        template=np.concatenate([rig.template[:V], vertices]).astype(np.float32),
        faces=np.concatenate([rig.faces[:F], faces + V]),
        uv=np.concatenate([rig.uv[:F], np.zeros((len(faces), 3, 2), np.float32)]),
        identity_basis=np.zeros((0, V + count, 3), np.float32),
        expression_basis=_still(rig.expression_basis[:, :V], count),
        pose_basis=_still(rig.pose_basis[:, :V], count),
        skin_joints=np.concatenate([rig.skin_joints[:V], skin_joints]),
        skin_weights=np.concatenate([rig.skin_weights[:V], np.eye(4, dtype=np.float32)[np.zeros(count, int)]]),
        regions={name: part for name, part in regions.items() if len(part)},
    )


def _still(basis: Floats, more: int) -> Floats:
    """``basis`` (B, V, 3) of ``more`` vertices, which it does not move."""
    return np.pad(basis, ((0, 0), (0, more), (0, 0)))


def _numbers(mask: np.ndarray) -> Ints:
    return np.flatnonzero(mask).astype(np.int32)
