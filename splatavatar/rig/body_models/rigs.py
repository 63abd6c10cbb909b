"""FLAME and SMPL-X as rigs, from the user's files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from splatavatar.array_types import AnyArray, Doubles, Floats, Ints
from splatavatar.errors import RigError
from splatavatar.printable import printable
from splatavatar.progress import Progress
from splatavatar.rig.body_models.face.arkit_fit import BOUND
from splatavatar.rig.body_models.face.face_map import FaceMap, face_map
from splatavatar.rig.body_models.found import needed_body_model
from splatavatar.rig.body_models.model_file import FLAME, SMPLX, Kind, ModelFile, read_model_file
from splatavatar.rig.landmarks import positions
from splatavatar.rig.rig import Rig, SurfacePoints
from splatavatar.rig.teeth import with_teeth
from splatavatar.rig.weights import largest_weights

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""of MediaPipe's landmarks: where the lips meet"""
TINY = 1e-6
"""a weight below which a joint does not move a vertex"""
MOST_INFLUENCES = 16
"""joints that move a vertex"""


@dataclass(frozen=True)
class Family:
    """What is known of all files of one body model."""

    model: Kind
    head_chain: tuple[tuple[int, float], ...]
    licence: str


FAMILIES = {
    "flame": Family(
        FLAME, ((1, 1.0),), "FLAME head model (Max Planck Institute for Intelligent Systems, Li et al. 2017)."
    ),
    "smplx": Family(
        SMPLX,
        ((12, 0.5), (15, 0.5)),
        "SMPL-X body model (Max Planck Institute for Intelligent Systems, Pavlakos et al. 2019).",
    ),
}
FAMILY_OF = {"flame": "flame", "flame-head": "flame", "smplx": "smplx"}
"""by the name of the rig"""
OPEN = "Its licence is CC-BY-4.0: name its authors."
CLOSED = "Its licence allows non-commercial use only, unless you have another: what holds its arrays may not be sold."


def load(kind: str, identity: Mapping[str, float] | None, progress: Progress | None) -> Rig:
    """The rig ``kind``, one of ``FAMILY_OF``; see ``loader.load_rig``.

    ``flame`` is all of FLAME, ``flame-head`` without the shoulders, ``smplx`` all of SMPL-X. Identity parameters are
    the coefficients ``shape_000`` and on, in standard deviations; 0 is the mean person. Two rows of teeth are added.

    Raises RigError where no file is found, for one that is no such model and for an unknown identity parameter.
    """
    family = FAMILIES[FAMILY_OF[kind]]
    path, model = _model_for(kind)
    rig = _rig(kind, family, model, _licence(family, path), face_map(model, progress), identity)
    return _above_shoulders(rig) if kind == "flame-head" else rig


def rigs_of(model: ModelFile) -> list[str]:
    """The names of the rigs that ``model`` makes."""
    return [kind for kind, family in FAMILY_OF.items() if FAMILIES[family].model is model.kind]


def edition(kind: str) -> str:
    """A text that changes when the arrays of the rig ``kind`` may.

    Raises RigError where no file is found, and for one that is no such model: it is asked for before anything that
    takes long.
    """
    path, _ = _model_for(kind)
    return f"{kind} {_digest(path, path.stat().st_mtime_ns)}"


def _model_for(kind: str) -> tuple[Path, ModelFile]:
    """The user's file for the rig ``kind``, and what it holds."""
    expected = FAMILIES[FAMILY_OF[kind]].model
    path = needed_body_model(FAMILY_OF[kind])
    model = _model(path, path.stat().st_mtime_ns)
    if model.kind is not expected:
        raise RigError(f"{printable(path)}: a file of {model.kind.name}, expected {expected.name} for the rig {kind}")
    return path, model


@lru_cache(maxsize=2)
def _model(path: Path, changed: int) -> ModelFile:
    return read_model_file(path)


@lru_cache(maxsize=4)
def _digest(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _licence(family: Family, path: Path) -> str:
    return f"{family.licence} {OPEN if 'open' in path.stem.lower() else CLOSED}"


def _rig(
    kind: str, family: Family, model: ModelFile, licence: str, face: FaceMap, identity: Mapping[str, float] | None
) -> Rig:
    names = tuple(f"shape_{number:03d}" for number in range(model.shape_basis.shape[2]))
    template, shape = model.template, _first(model.shape_basis)
    if identity is not None:
        template = template + np.tensordot(_coefficients(kind, names, identity), shape, 1)
    neutral = model.joint_regressor @ model.template
    influences = int((model.weights > TINY).sum(1).max())
    weights = np.where(model.weights > TINY, model.weights, 0)
    skin_joints, skin_weights = largest_weights(weights, neutral, int(np.clip(influences, 4, MOST_INFLUENCES)))
    expressions = _first(model.expression_basis)
    E = len(expressions)
    regions = {**face.regions, "body": _body(family, model)}
    rig = Rig(
        kind=kind,
        template=template.astype(np.float32),
        faces=model.faces.astype(np.int32),
        uv=_round(model.template)[model.faces],
        identity_basis=(shape if identity is None else shape[:0]).astype(np.float32),
        identity_names=names if identity is None else (),
        expression_basis=expressions.astype(np.float32),
        expression_names=tuple(f"expression_{number:03d}" for number in range(E)),
        joints=(model.joint_regressor @ template).astype(np.float32),
        joint_identity_basis=(model.joint_regressor @ (shape if identity is None else shape[:0])).astype(np.float32),
        joint_names=family.model.joint_names,
        parents=model.parents.astype(np.int32),
        skin_joints=skin_joints,
        skin_weights=skin_weights,
        arkit_map=face.arkit_map,
        head_chain=family.head_chain,
        eye_joints=family.model.eyes,
        regions={name: part for name, part in regions.items() if len(part)},
        landmarks=face.landmarks,
        licence=licence,
        arkit_joint_map=face.arkit_joint_map,
        expression_range=np.tile(np.array([-BOUND, BOUND], np.float32), (E, 1)),
        pose_basis=_first(model.pose_basis).astype(np.float32),
        joint_expression_basis=(model.joint_regressor @ expressions).astype(np.float32),
        identity_deviation=np.ones(len(names), np.float32) if identity is None else None,
    )
    lips = positions(face.landmarks["mediapipe"], model.template.astype(np.float32), rig.faces)[list(INNER_LIPS)]
    near = np.unique(
        rig.faces[np.concatenate([rig.regions[name] for name in ("lips", "mouth") if name in rig.regions])]
    )
    upper, lower = family.head_chain[-1][0], family.model.jaw
    return with_teeth(rig, model.template, lips, near, (upper, lower), lambda teeth: np.zeros((E, *teeth.shape)))


def _body(family: Family, model: ModelFile) -> Ints:
    """The triangles of ``model`` that the head does not carry: of no corner it moves most."""
    carried = [family.head_chain[-1][0]]
    for joint, parent in enumerate(model.parents):
        if parent in carried:
            carried.append(joint)
    return np.flatnonzero(~(model.weights[:, carried].sum(1) > 0.5)[model.faces].any(1)).astype(np.int32)


def _coefficients(kind: str, names: tuple[str, ...], identity: Mapping[str, float]) -> Doubles:
    unknown = sorted(identity.keys() - set(names))
    if unknown:
        raise RigError(
            f"unknown identity parameter {printable(unknown[0])!r} of {kind}; known are {names[0]} to {names[-1]}"
        )
    return np.array([identity.get(name, 0.0) for name in names])


def _first(basis: AnyArray) -> AnyArray:
    """(C, V, 3) of a basis (V, 3, C) of a file."""
    return np.ascontiguousarray(np.moveaxis(basis, 2, 0))


def _round(template: AnyArray) -> Floats:
    """(V, 2) texture coordinates in [0, 1]: round the upright axis, and up. The files have none."""
    middle = (template.max(0) + template.min(0)) / 2
    turn = np.arctan2(template[:, 0] - middle[0], template[:, 2] - middle[2])
    height = (template[:, 1] - template[:, 1].min()) / np.ptp(template[:, 1])
    return np.stack([0.5 + turn / (2 * np.pi), height], 1).astype(np.float32)


def _above_shoulders(rig: Rig) -> Rig:
    """The triangles of which the neck, or what it carries, moves most of a corner; and their vertices alone."""
    above = (rig.skin_weights * (rig.skin_joints > 0)).sum(1) > 0.5
    kept = np.flatnonzero(above[rig.faces].any(1))
    used = np.unique(rig.faces[kept])
    vertex, face = np.full(len(rig.template), -1, np.int32), np.full(len(rig.faces), -1, np.int32)
    vertex[used], face[kept] = np.arange(len(used)), np.arange(len(kept))
    assert rig.pose_basis is not None
    regions = {name: face[part][face[part] >= 0] for name, part in rig.regions.items()}
    return replace(
        rig,
        template=rig.template[used],
        faces=vertex[rig.faces[kept]],
        uv=rig.uv[kept],
        identity_basis=rig.identity_basis[:, used],
        expression_basis=rig.expression_basis[:, used],
        skin_joints=rig.skin_joints[used],
        skin_weights=rig.skin_weights[used],
        pose_basis=rig.pose_basis[:, used],
        regions={name: part for name, part in regions.items() if len(part)},
        landmarks={name: SurfacePoints(face[p.face], p.barycentric) for name, p in rig.landmarks.items()},
    )
