"""Anny laid over the template of another body model, by geometry alone.

A similarity comes from what both have, the eyes. Then Anny becomes the person of the template as far as its identity
goes: iterated closest points, point to plane, over pose, scale and identity parameters at once. What its identity
cannot do, a smooth displacement does, less and less stiff (non-rigid ICP after Amberg et al. 2007, with a bending
energy in place of affine maps: each step is one sparse system). Points count where the surfaces face the same way, are
near, and neither ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.errors import RigError
from splatavatar.progress import Progress
from splatavatar.rig import first_use
from splatavatar.rig.body_models.face.features import Features, features_of, lip_sides
from splatavatar.rig.body_models.face.surface import Surface, border_edges, vertex_normals
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices

HEAD_JOINTS = {"FLAME": (0, 1, 2, 3, 4), "SMPL-X": (12, 15, 22, 23, 24)}
"""what the head and the neck hang on"""

FACE_RADIUS = 0.11
"""metres from the middle between eyes and lips; what is farther off counts less"""
RIM = 2
"""rows of triangles behind lips and lids that are laid on the template as well"""

IDENTITY_SIZE = 0.35
"""usual size of an identity parameter"""
TILT = 0.05
"""radians by which a head is turned from facing ahead, usually"""
ROUGH = 2e-3
"""metres by which the surface of a person misses its identity, usually"""
FIT_ROUNDS = ((0.030, 0.010, 6), (0.020, 0.006, 6), (0.012, 0.003, 8))
"""of the fit of the identity: how far a point may lie, from where on it counts half, metres; how often"""
STIFFNESS = (3.0, 1.0, 0.3, 0.1, 0.03)
"""of the displacement, one after the other"""
STEPS = 3
"""for each stiffness"""
REACH, HALF = 0.008, 0.002
"""metres that a point may lie off, and from where on it counts half, while the displacement is found"""
EYE_SHARE, FEATURE_SHARE = 0.05, 0.3
"""by how much the eyes, and lids and lips as seen from the front, count in all, beside the surface"""
FEATURE_WEIGHT = 0.5
"""of one of these points while the displacement is found, beside a vertex"""
LEAST_APART, MOST_APART = 0.03, 0.12
"""metres between the eyes of a person"""
FEATURES_KNOWN = 0.6
"""share of the points of lips and lids that a face has"""
MATCHED = 0.6
"""share of Anny's face that lies on a face"""
FACING = 0.5
"""cosine between the normals of two points that may be one"""


@dataclass(frozen=True)
class Head:
    """The head of a body model as Anny is laid over it; metres, +Y up, facing +Z."""

    vertices: Doubles
    """(V, 3)"""
    skin: Longs
    """(F, 3) triangles near the head without those of eyeballs"""
    eyeballs: Longs
    """(N, 3) triangles of the eyeballs"""
    eyes: Doubles
    """(2, 3) centres of the left and the right eyeball"""

    @cached_property
    def features(self) -> Features:
        """Lips and lids."""
        return features_of(self.vertices, self.skin, self.eyeballs, self.eyes)

    @cached_property
    def side(self) -> Doubles:
        """(V) which lip a vertex is of; see ``lip_sides``."""
        unit = float(np.linalg.norm(self.eyes[0] - self.eyes[1]))
        return lip_sides(self.vertices, self.skin, self.features, unit)


def head_of(model: ModelFile) -> Head:
    """The head of the template of ``model``."""
    joints = model.joint_regressor @ model.template
    eyes = list(model.kind.eyes)
    share = model.weights[:, list(HEAD_JOINTS[model.kind.name])].sum(1)
    eyeball = model.weights[:, eyes].sum(1) > 0.5
    skin = ~eyeball & (share > 0.1)
    of_eyes = model.faces[eyeball[model.faces].all(1)]
    return Head(model.template, model.faces[skin[model.faces].all(1)], of_eyes, joints[eyes])


@dataclass(frozen=True)
class Registration:
    """Anny on a template."""

    vertices: Doubles
    """(A, 3) vertices of Anny, teeth and tongue among them, metres, in the frame of the template"""
    scale: float
    """of the template, where Anny's mean person is 1"""
    side: Doubles
    """(A) which lip a vertex is of; see ``lip_sides``"""
    distance: Doubles
    """(A) metres from each vertex of the face's skin to the template; NaN elsewhere"""


def register(anny: Rig, head: Head, progress: Progress | None = None) -> Registration:
    """``anny``, the mean person of ``anny-head`` with its identity basis, laid over ``head``.

    Raises RigError where ``head`` has no face.
    """
    source = _Source(anny)
    _check(head)
    turn, scale, shift = np.eye(3), *_by_eyes(source, head)
    target = Surface((head.vertices - shift) / scale, head.skin, head.side)
    eyes = (head.eyes - shift) / scale
    source.aim(head.features)
    values = np.zeros(len(anny.identity_names))
    rounds = [(reach, half) for reach, half, count in FIT_ROUNDS for _ in range(count)]
    for number, (reach, half) in enumerate(rounds):
        if progress is not None:
            progress(first_use.FACE, 0.4 * number / len(rounds))
        values, step_turn, step_scale, step_shift = source.fit(values, target, eyes, reach, half)
        # The template is moved the other way.
        moved = [(points - step_shift) @ step_turn / step_scale for points in (target.vertices, eyes)]
        target, eyes = Surface(moved[0], head.skin, head.side), moved[1]
        # x = (x0 - shift) turn / scale, and so on again.
        shift = shift + scale * (step_shift @ turn.T)
        turn, scale = turn @ step_turn, scale * step_scale
    person = source.person(values)
    laid = person
    steps = [stiffness for stiffness in STIFFNESS for _ in range(STEPS)]
    for number, stiffness in enumerate(steps):
        if progress is not None:
            progress(first_use.FACE, 0.4 + 0.6 * number / len(steps))
        laid = source.lay(person, laid, target, stiffness)
    near = source.matched(laid, target, REACH, HALF)[2] > 0
    if source.weight[near].sum() < MATCHED * source.weight.sum():
        raise RigError("no face was found on the template: the surface around its eyes is no skin of a face")
    distance = np.full(len(laid), np.nan)
    rows = source.rows
    found = target.closest(laid[rows], vertex_normals(laid, source.faces)[rows], source.side[rows])
    distance[rows] = np.linalg.norm(found.point - laid[rows], axis=1)
    return Registration(laid @ turn.T * scale + shift, scale, source.side, distance * scale)


def _check(head: Head) -> None:
    """Raises RigError where ``head`` has no face that looks ahead."""
    apart = head.eyes[0] - head.eyes[1]
    if not (len(head.skin) and len(head.eyeballs)):
        raise RigError("no face was found on the template: it has no eyeballs, or nothing around them")
    if not (LEAST_APART < apart[0] < MOST_APART and abs(apart[1:]).max() < apart[0] / 4):
        x, y, z = (f"{length * 1e3:.0f}" for length in apart)
        raise RigError(
            f"no face was found on the template: from its right to its left eye it is {x}, {y}, {z} mm, expected some "
            "60 to the subject's left, +X, and nothing up and ahead"
        )
    known = head.features.corners[:, 0] >= 0
    if known.mean() < FEATURES_KNOWN:
        raise RigError("no face was found on the template: neither lips nor lids where they are seen from the front")


def _by_eyes(source: _Source, head: Head) -> tuple[float, Doubles]:
    """The size of the template and the place of Anny's origin on it, by its eyes."""
    own = source.eyes
    scale = float(np.linalg.norm(head.eyes[0] - head.eyes[1]) / np.linalg.norm(own[0] - own[1]))
    return scale, head.eyes.mean(0) - scale * own.mean(0)


class _Source:
    """Anny's mean person, and what of it is laid on a template."""

    def __init__(self, anny: Rig) -> None:
        self.anny = anny
        self.template = anny.template.astype(np.float64)
        self.basis = anny.identity_basis.reshape(len(anny.identity_names), -1).astype(np.float64)
        self.eyes = anny.joints[list(anny.eye_joints)].astype(np.float64)
        self.eye_basis = anny.joint_identity_basis[:, list(anny.eye_joints)].astype(np.float64)
        kept = [anny.regions["skin"], anny.regions["lips"]]
        for inside in ("mouth", "eye_sockets"):
            left = anny.regions[inside]
            for _ in range(RIM):
                near = np.isin(anny.faces[left], anny.faces[np.concatenate(kept)]).any(1)
                kept, left = [*kept, left[near]], left[~near]
        outer = anny.faces[np.concatenate(kept)]
        # The whole surface hangs together; what lies inside is carried along.
        parts = [anny.regions[name] for name in ("skin", "lips", "mouth", "eye_sockets")]
        self.faces = anny.faces[np.sort(np.concatenate(parts))].astype(np.int64)
        ends = np.unique(border_edges(self.faces))
        self.rows = np.setdiff1d(np.unique(outer), ends)
        lips = np.unique(anny.faces[anny.regions["lips"]])
        middle = (self.eyes.mean(0) + self.template[lips].mean(0)) / 2
        away = np.linalg.norm(self.template[self.rows] - middle, axis=1) / FACE_RADIUS
        self.weight = 1 / (1 + away**4)
        self.weight[np.isin(self.rows, anny.faces[anny.regions["ears"]])] *= 0.3
        self.used = np.unique(self.faces)
        eyes = np.concatenate([anny.regions[name] for name in ("eye_left", "eye_right")])
        self.features = features_of(self.template, self.faces, anny.faces[eyes].astype(np.int64), self.eyes)
        unit = float(np.linalg.norm(self.eyes[0] - self.eyes[1]))
        self.side = lip_sides(self.template, self.faces, self.features, unit)
        self.stiff = _bending(self.template, self.faces, self.used)

    def aim(self, goal: Features) -> None:
        """Remembers which features of a target belong to which of Anny's."""
        import scipy.sparse

        own = self.features
        there = (own.corners[:, 0] >= 0) & (goal.corners[:, 0] >= 0)
        self.feature_corners, self.feature_shares = own.corners[there], own.shares[there]
        self.goal_corners, self.goal_shares = goal.corners[there], goal.shares[there]
        place = np.zeros(len(self.template), np.int64)
        place[self.used] = np.arange(len(self.used))
        rows = np.repeat(np.arange(len(self.feature_corners)), 3)
        shape = (len(self.feature_corners), len(self.used))
        self.feature_matrix = scipy.sparse.csr_matrix(
            (self.feature_shares.ravel(), (rows, place[self.feature_corners].ravel())), shape
        )

    def goals(self, target: Surface) -> Doubles:
        """(N, 3) where the features are on the target."""
        return np.asarray(np.einsum("nk,nki->ni", self.goal_shares, target.vertices[self.goal_corners]))

    def person(self, values: Doubles) -> Doubles:
        """The vertices (A, 3) with identity parameters ``values`` (I)."""
        return self.template + (values @ self.basis).reshape(-1, 3)

    def matched(self, laid: Doubles, target: Surface, reach: float, half: float) -> tuple[Doubles, Doubles, Doubles]:
        """For ``rows``: places (N, 3) and normals (N, 3) on the target, and by how much (N) each counts."""
        normals = vertex_normals(laid, self.faces)[self.rows]
        points = laid[self.rows]
        found = target.closest(points, normals, self.side[self.rows])
        away = np.linalg.norm(found.point - points, axis=1)
        fits = ((found.normal * normals).sum(1) > FACING) & (away < reach) & ~found.border
        return found.point, found.normal, self.weight * fits / (1 + (away / half) ** 2)

    def fit(
        self, values: Doubles, target: Surface, eyes: Doubles, reach: float, half: float
    ) -> tuple[Doubles, Doubles, float, Doubles]:
        """Better identity parameters (I), and the rotation (3, 3), scale and translation (3) of Anny beside them."""
        person = self.person(values)
        places, normals, weight = self.matched(person, target, reach, half)
        points = person[self.rows]
        columns = self.basis.reshape(len(values), -1, 3)[:, self.rows]
        root = np.sqrt(weight)
        pose = np.concatenate(
            [np.cross(points, normals), normals, (points * normals).sum(1)[:, None]], 1
        )  # of a turn, a translation, a scale
        own = np.einsum("inc,nc->ni", columns, normals)
        offset = ((places - points) * normals).sum(1) + own @ values
        eye_points = self.eyes + np.einsum("i,iec->ec", values, self.eye_basis)
        eye_own = self.eye_basis.reshape(len(values), 6).T
        eye_offset = (eyes - eye_points).reshape(6) + eye_own @ values
        strong = np.sqrt(weight.sum() * EYE_SHARE)
        marks = np.einsum("nk,nki->ni", self.feature_shares, person[self.feature_corners])
        mark_own = np.einsum(
            "nk,ankc->nca", self.feature_shares, self.basis.reshape(len(values), -1, 3)[:, self.feature_corners]
        )
        mark_pose = _pose_columns(marks)
        mark_offset = self.goals(target) - marks + mark_own @ values
        missed = np.linalg.norm(self.goals(target) - marks, axis=1)
        trust = 1 / (1 + (missed / reach) ** 4)
        firm = np.repeat(np.sqrt(trust * weight.sum() * FEATURE_SHARE / max(len(marks), 1)), 3)[:, None]
        rows = np.concatenate(
            [
                np.hstack([pose, own]) * root[:, None],
                np.hstack([_pose_columns(eye_points).reshape(6, 7), eye_own]) * strong,
                np.concatenate([mark_pose, mark_own], 2).reshape(-1, 7 + len(values)) * firm,
            ]
        )
        wanted = np.concatenate([offset * root, eye_offset * strong, mark_offset.ravel() * firm[:, 0]])
        calm = np.concatenate(
            [np.full(3, (ROUGH / 0.05) ** 2), np.zeros(4), np.full(len(values), (ROUGH / IDENTITY_SIZE) ** 2)]
        )
        # As if each ten vertices told one thing: neighbours miss by the same.
        square = rows.T @ rows / 10 + np.diag(calm)
        found = np.linalg.solve(square, rows.T @ wanted / 10)
        return found[7:], rotation_matrices(found[None, :3])[0], float(np.exp(found[6])), found[3:6]

    def lay(self, person: Doubles, laid: Doubles, target: Surface, stiffness: float) -> Doubles:
        """The ``person`` (A, 3) displaced onto the target from where it is ``laid`` (A, 3), one step."""
        import scipy.sparse
        from scipy.sparse.linalg import splu

        places, normals, weight = self.matched(laid, target, REACH, HALF)
        points = laid[self.rows]
        # The foot on the plane there: along it the surface slides.
        foot = points + ((places - points) * normals).sum(1)[:, None] * normals
        count = np.zeros(len(person))
        count[self.rows] = weight
        wanted = np.zeros(person.shape)
        wanted[self.rows] = weight[:, None] * (foot - person[self.rows])
        marks = self.feature_matrix
        system = scipy.sparse.diags(count[self.used]) + FEATURE_WEIGHT * (marks.T @ marks) + stiffness * self.stiff
        moved = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(
            wanted[self.used] + FEATURE_WEIGHT * (marks.T @ (self.goals(target) - marks @ person[self.used]))
        )
        out = person.copy()
        out[self.used] += moved
        return out


def _pose_columns(points: Doubles) -> Doubles:
    """(N, 3, 7) what a small turn, a translation and a scale do to ``points`` (N, 3)."""
    turns = np.stack([np.cross(axis, points) for axis in np.eye(3)], -1)
    return np.concatenate([turns, np.tile(np.eye(3), (len(points), 1, 1)), points[..., None]], 2)


def _bending(vertices: Doubles, faces: Longs, used: Longs) -> Any:
    """(N, N) the energy of a displacement of the ``used`` vertices: bending, and a little stretching."""
    import scipy.sparse

    place = np.zeros(len(vertices), np.int64)
    place[used] = np.arange(len(used))
    corners = place[faces]
    points = vertices[used]
    rows, columns, entries = [], [], []
    for corner in range(3):
        a, b, c = (corners[:, (corner + k) % 3] for k in range(3))
        ab, ac = points[b] - points[a], points[c] - points[a]
        cotangent = (ab * ac).sum(1) / np.maximum(np.linalg.norm(np.cross(ab, ac), axis=1), 1e-12)
        weight = np.clip(cotangent, 0.05, 5) / 2
        rows += [b, c]
        columns += [c, b]
        entries += [weight, weight]
    shape = (len(used), len(used))
    beside = scipy.sparse.csr_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape)
    total = np.asarray(beside.sum(1)).ravel()
    laplacian = scipy.sparse.diags(total) - beside
    mean = scipy.sparse.diags(1 / np.maximum(total, 1e-9)) @ laplacian
    return mean.T @ mean + 0.01 * laplacian
