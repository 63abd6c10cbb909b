"""Named sets of faces, found from how the mesh hangs together, what its expressions move and where things are.

``parts`` cuts the mesh where it or its texture coordinates are cut: eyeballs and tongue are loose pieces, the inside of
the mouth and the eye sockets have texture islands of their own. ``derive`` adds the regions that have no such border.

The regions skin, lips, mouth, tongue, eye_left, eye_right, eye_sockets (and the rows of teeth) share no face and cover
the mesh; eyelids, ears, neck and scalp are parts of the skin.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from splatavatar.array_types import AnyArray, Ints
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.rig import Rig

REGIONS = (
    *("skin", "lips", "mouth", "tongue", "eye_left", "eye_right", "eye_sockets"),
    *("eyelids", "ears", "neck", "scalp"),
)
"""what ``derive`` finds"""

CARRIERS = "carriers"
"""triangles that are no surface, of imported rigs: each carries a Gaussian of one vertex"""

STILL = 3e-4
"""metres: what no expression moves by more than this lies outside the face"""

LID = 0.25
"""share of the largest displacement by a blink above which skin is eyelid"""

LID_WIDTH = 5.5e-3
"""metres from the edge of the lids: nearer skin is eyelid as well"""


def parts(rig: Rig) -> dict[str, Ints]:
    """Faces of skin, mouth (its inside), eye_sockets, eye_left, eye_right and tongue: every face in exactly one.

    ``rig`` has the 52 facial actions as its expressions, in ARKit order.
    """
    piece = components(rig.faces)
    island = components(_corner_ids(rig))
    body = np.bincount(piece).argmax()
    on_body = piece == body
    outer = np.bincount(island[on_body]).argmax()
    action = np.linalg.norm(rig.expression_basis, axis=2)[:, rig.faces].mean(2)  # (52, F)

    def moved_most(label: AnyArray, allowed: AnyArray, *names: str) -> AnyArray:
        """Faces of the label among ``allowed`` whose faces the named actions move most on average."""
        amount = action[[INDEX[name] for name in names]].sum(0)
        totals = np.bincount(label, amount * allowed) / np.maximum(np.bincount(label, allowed), 1)
        return np.asarray(label == totals.argmax())

    inner, loose = on_body & (island != outer), ~on_body
    found = {
        "mouth": moved_most(island, inner, "mouthRollUpper", "mouthRollLower"),
        "tongue": moved_most(piece, loose, "tongueOut"),
        "eye_left": moved_most(piece, loose, "eyeLookUpLeft"),
        "eye_right": moved_most(piece, loose, "eyeLookUpRight"),
        "eye_sockets": moved_most(island, inner, "eyeBlinkLeft") | moved_most(island, inner, "eyeBlinkRight"),
    }
    found["skin"] = ~np.any(list(found.values()), 0)
    return {name: np.flatnonzero(mask).astype(np.int32) for name, mask in found.items()}


def derive(
    rig: Rig, found: Mapping[str, Ints], lips: AnyArray, ears: AnyArray, neck: AnyArray, head: AnyArray
) -> dict[str, Ints]:
    """All regions of a head: ``found`` of ``parts`` with the lips taken out of the skin, and the parts of the skin.

    ``lips`` and ``ears`` (V) say which vertices belong there: those that identity parameters for just these move.
    ``neck`` and ``head`` (V) are the shares that the bones of the neck, and of the head, have in a vertex.
    """
    skin = np.zeros(len(rig.faces), bool)
    skin[found["skin"]] = True
    is_lip = skin & lips[rig.faces].all(1)
    skin &= ~is_lip
    action = np.linalg.norm(rig.expression_basis, axis=2)
    blink = action[[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].max(0)
    edge = rig.template[seam(rig.faces, found["skin"], found["eye_sockets"])]
    from_edge = np.linalg.norm(rig.template[rig.faces].mean(1)[:, None] - edge, axis=2).min(1)
    is_ear = skin & ears[rig.faces].all(1)
    rest = skin & ~is_ear
    piece = components(rig.faces[rest])
    # What the ears enclose, their hollows, are loose pieces of the remaining skin.
    is_ear[np.flatnonzero(rest)[piece != np.bincount(piece).argmax()]] = True
    height = rig.template[:, 1][rig.faces].mean(1)
    still = (action.max(0) < STILL)[rig.faces].all(1)
    above = height > np.median(height[is_ear])
    behind = rig.template[:, 2][rig.faces].max(1) < rig.template[:, 2][rig.faces[is_ear]].min()
    masks = {
        "skin": skin,
        "lips": is_lip,
        "eyelids": skin & ((blink > LID * blink.max())[rig.faces].all(1) | (from_edge < LID_WIDTH)),
        "ears": is_ear,
        "neck": skin & (neck[rig.faces].mean(1) > 0.5),
        "scalp": skin & ~is_ear & still & (head[rig.faces].mean(1) > 0.5) & (above | behind),
    }
    return {**found, **{name: np.flatnonzero(mask).astype(np.int32) for name, mask in masks.items()}}


def seam(faces: Ints, first: Ints, second: Ints) -> Ints:
    """Vertices on both sides of the border between two sets of faces."""
    return np.intersect1d(faces[first], faces[second]).astype(np.int32)


def components(corners: Ints) -> Ints:
    """The connected component (F) of each face; faces that share one of ``corners`` (F, 3) are connected."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([corners[:, :2], corners[:, 1:]])
    count = int(corners.max()) + 1
    graph = coo_matrix((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), (count, count))
    label = connected_components(graph, directed=False)[1]
    return np.unique(label[corners[:, 0]], return_inverse=True)[1].astype(np.int32)


def _corner_ids(rig: Rig) -> Ints:
    """(F, 3) a number for each pair of vertex and texture coordinate."""
    place = np.round(rig.uv.reshape(-1, 2) * 1e6).astype(np.int64)
    keys = np.concatenate([rig.faces.reshape(-1, 1), place], 1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1, 3).astype(np.int32)
