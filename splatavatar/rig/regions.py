"""Named sets of faces, found from how the mesh hangs together, what its expressions move and where things are.

``parts`` cuts the mesh where it or its texture coordinates are cut: eyeballs and tongue are loose pieces, the inside of
the mouth and the eye sockets have texture islands of their own. ``derive`` adds the regions that have no such border.
"""

from __future__ import annotations

import numpy as np

from splatavatar.rig.anny_data import Array
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.rig import Ints, Rig

STILL = 3e-4
"""metres: what no expression moves by more than this lies outside the face"""


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

    def moved_most(label: Array, allowed: Array, *names: str) -> Array:
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


def seam(faces: Ints, first: Ints, second: Ints) -> Ints:
    """Vertices on both sides of the border between two sets of faces."""
    return np.intersect1d(faces[first], faces[second]).astype(np.int32)


def components(corners: Ints) -> Ints:
    """(F) label of the connected component of each face; faces that share one of ``corners`` (F, 3) are connected."""
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
