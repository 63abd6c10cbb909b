"""What Anny's face has, on the template of another body model that it was laid over: places, regions, deformations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import AnyArray, Doubles, Ints, Longs
from splatavatar.rig.body_models.face.registration import Head, Registration
from splatavatar.rig.body_models.face.surface import Surface, vertex_normals
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rig.landmarks import snap, with_ibug68
from splatavatar.rig.regions import REGIONS
from splatavatar.rig.rig import Rig, SurfacePoints

OUTER = ("skin", "lips", "mouth", "eye_sockets")
"""of Anny's regions, which make one surface and partition it"""
SURE, LOST = 0.004, 0.012
"""metres between both surfaces up to which a vertex shows all that Anny does there, and from which on nothing"""
NECK = 0.05
"""metres below Anny's neck that are neck as well"""
ROUNDS = 2
"""in which a triangle takes the region of most of its neighbours"""
SMOOTHING = 4
"""rounds in which the stretch of a vertex becomes the mean of its neighbours'"""


@dataclass(frozen=True)
class Correspondence:
    """The place on Anny of every vertex of a template."""

    corners: Longs
    """(V, 3) vertices of Anny"""
    shares: Doubles
    """(V, 3)"""
    trust: Doubles
    """(V) in [0, 1]; 0 where Anny has nothing, and for eyeballs"""


def corresponding(anny: Rig, laid: Registration, head: Head) -> Correspondence:
    """Where the vertices of ``head`` lie on ``anny``."""
    surface = Surface(laid.vertices, _outer(anny)[1], laid.side)
    V = len(head.vertices)
    rows = np.unique(head.skin)
    found = surface.closest(head.vertices[rows], vertex_normals(head.vertices, head.skin)[rows], head.side[rows])
    away = np.linalg.norm(found.point - head.vertices[rows], axis=1) / laid.scale
    corners, shares, trust = np.zeros((V, 3), np.int64), np.zeros((V, 3)), np.zeros(V)
    corners[rows], shares[rows] = surface.faces[found.face], found.barycentric
    trust[rows] = np.clip((LOST - away) / (LOST - SURE), 0, 1)
    return Correspondence(corners, shares, trust)


def carried_deformations(anny: Rig, laid: Registration, there: Correspondence, fields: AnyArray) -> Doubles:
    """(N, V, 3) on the template what the ``fields`` (N, A, 3) are on Anny's mean person, metres.

    A displacement is turned and stretched as the surface around it was when Anny was laid there.
    """
    stretch = _stretch(anny.template.astype(np.float64), laid.vertices, _outer(anny)[1])
    at = np.einsum("vk,vkij->vij", there.shares, stretch[there.corners])
    out = np.empty((len(fields), len(there.trust), 3))
    for one, field in zip(out, fields, strict=True):
        moved = np.einsum("vk,vki->vi", there.shares, np.asarray(field, np.float64)[there.corners])
        one[:] = there.trust[:, None] * np.einsum("vij,vj->vi", at, moved)
    return out


def carried_landmarks(anny: Rig, laid: Registration, model: ModelFile, head: Head) -> dict[str, SurfacePoints]:
    """The landmarks of ``anny`` as points of the triangles of ``model``."""
    points = anny.landmarks["mediapipe"]
    corners = anny.faces[points.face]
    places = np.einsum("lk,lki->li", points.barycentric.astype(np.float64), laid.vertices[corners])
    normals = vertex_normals(laid.vertices, _outer(anny)[1])
    normal = np.einsum("lk,lki->li", points.barycentric, normals[corners])
    rows = _rows_of(model.faces, head.skin)
    side = np.einsum("lk,lk->l", points.barycentric, laid.side[corners])
    found = Surface(model.template, model.faces[rows], head.side).closest(places, normal, side)
    face, barycentric = rows[found.face].astype(np.int32), found.barycentric.astype(np.float32)
    for eye, joint in enumerate(model.kind.eyes):
        own = np.isin(points.face, anny.regions[("eye_left", "eye_right")[eye]])
        ball = np.flatnonzero((model.weights[:, joint] > 0.5)[model.faces].all(1)).astype(np.int32)
        if own.any() and len(ball):
            # A direction from the middle of the eye, out to its surface.
            middle = model.template[np.unique(model.faces[ball])].mean(0)
            radius = np.linalg.norm(model.template[np.unique(model.faces[ball])] - middle, axis=1).mean()
            way = anny.template[corners[own]].astype(np.float64) - anny.joints[anny.eye_joints[eye]]
            way = np.einsum("lk,lki->li", points.barycentric[own], way)
            target = middle + radius * way / np.linalg.norm(way, axis=1, keepdims=True)
            on = snap(target, model.template.astype(np.float32), model.faces.astype(np.int32), ball)
            face[own], barycentric[own] = on.face, on.barycentric
    return with_ibug68(SurfacePoints(face, barycentric))


def carried_regions(anny: Rig, laid: Registration, model: ModelFile, head: Head) -> dict[str, Ints]:
    """The regions of ``anny`` as triangles of ``model``, by their names; teeth and tongue have none."""
    F = len(model.faces)
    rows = _rows_of(model.faces, head.skin)
    numbers, faces = _outer(anny)
    surface = Surface(laid.vertices, faces, laid.side)
    middles = head.vertices[model.faces[rows]].mean(1)
    own = Surface(head.vertices, model.faces[rows], head.side)
    found = surface.closest(middles, own.face_normals, head.side[model.faces[rows]].mean(1))
    away = np.linalg.norm(found.point - middles, axis=1) / laid.scale
    on = numbers[found.face]
    inside = [name for name in OUTER if name != "skin"]
    kind = np.zeros(len(rows), np.int64)
    for number, name in enumerate(inside, 1):
        kind[np.isin(on, anny.regions[name]) & (away < LOST)] = number
    kind = _settled(kind, model.faces[rows], len(OUTER))
    out = {name: np.zeros(0, np.int32) for name in (*REGIONS, "teeth_upper", "teeth_lower")}
    for number, name in enumerate(inside, 1):
        out[name] = rows[kind == number].astype(np.int32)
    eyeball = np.zeros(F, bool)
    for name, joint in zip(("eye_left", "eye_right"), model.kind.eyes, strict=True):
        ball = (model.weights[:, joint] > 0.5)[model.faces].all(1)
        out[name], eyeball = np.flatnonzero(ball).astype(np.int32), eyeball | ball
    skin = ~eyeball
    skin[np.concatenate([out[name] for name in inside])] = False
    out["skin"] = np.flatnonzero(skin).astype(np.int32)
    for name in ("eyelids", "ears", "neck", "scalp"):
        reach = NECK if name == "neck" else LOST
        part = _settled((np.isin(on, anny.regions[name]) & (away < reach)).astype(np.int64), model.faces[rows], 2)
        out[name] = np.intersect1d(rows[part == 1], out["skin"]).astype(np.int32)
    return out


def _outer(anny: Rig) -> tuple[Longs, Longs]:
    """The numbers of the triangles of Anny's one surface, and the triangles (N, 3)."""
    numbers = np.sort(np.concatenate([anny.regions[name] for name in OUTER])).astype(np.int64)
    return numbers, anny.faces[numbers].astype(np.int64)


def _rows_of(faces: Longs, some: Longs) -> Longs:
    """The numbers in ``faces`` (F, 3) of those triangles whose vertices are all of ``some`` (N, 3)."""
    used = np.zeros(int(faces.max()) + 1, bool)
    used[some] = True
    return np.flatnonzero(used[faces].all(1))


def _settled(kind: Longs, faces: Longs, kinds: int) -> Longs:
    """The ``kind`` (F) of each triangle, or that of most of its neighbours."""
    first, second = _neighbours(faces)
    for _ in range(ROUNDS):
        votes = np.zeros((len(kind), kinds))
        votes[np.arange(len(kind)), kind] = 1.1
        np.add.at(votes, (first, kind[second]), 1)
        np.add.at(votes, (second, kind[first]), 1)
        kind = votes.argmax(1)
    return kind


def _neighbours(faces: Longs) -> tuple[Longs, Longs]:
    """Pairs (N), (N) of triangles with an edge in common."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64), 1)
    keys = edges[:, 0] * (int(faces.max()) + 1) + edges[:, 1]
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    face = order % len(faces)
    return face[:-1][same], face[1:][same]


def _stretch(before: Doubles, after: Doubles, faces: Longs) -> Doubles:
    """(A, 3, 3) what took the surroundings of each vertex from ``before`` to ``after`` (A, 3)."""
    frames = []
    for vertices in (before, after):
        a, b, c = (vertices[faces[:, corner]] for corner in range(3))
        normal = np.cross(b - a, c - a)
        # As long as an edge, so that it scales as the surface does.
        normal /= np.maximum(np.sqrt(np.linalg.norm(normal, axis=1, keepdims=True)), 1e-9)
        frames.append(np.stack([b - a, c - a, normal], -1))
    area = np.linalg.norm(np.cross(frames[0][..., 0], frames[0][..., 1]), axis=1)
    flat = np.linalg.cond(frames[0]) > 1e4
    gradient = frames[1] @ np.linalg.inv(np.where(flat[:, None, None], np.eye(3), frames[0]))
    area[flat] = 0
    total, weight = np.zeros((len(before), 3, 3)), np.zeros(len(before))
    for corner in range(3):
        np.add.at(total, faces[:, corner], area[:, None, None] * gradient)
        np.add.at(weight, faces[:, corner], area)
    stretch = np.tile(np.eye(3), (len(before), 1, 1))
    there = weight > 0
    stretch[there] = total[there] / weight[there, None, None]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    count = np.bincount(edges[:, 0], minlength=len(before)) + 1.0
    for _ in range(SMOOTHING):
        mean = stretch.copy()
        np.add.at(mean, edges[:, 0], stretch[edges[:, 1]])
        stretch = mean / count[:, None, None]
    return stretch
