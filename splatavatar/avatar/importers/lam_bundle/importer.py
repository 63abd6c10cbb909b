"""The bundles of LAM (Large Avatar Model, He et al. 2025): a skinned mesh with morph targets, and a Gaussian a vertex.

``skin.glb`` has the mesh, a skeleton of a whole body and morph targets with ARKit's names (51: there is no tongueOut).
``offset.ply`` has the columns of 3DGS in another meaning: x y z lead from the vertex to its Gaussian, f_dc is plain
RGB. Its rows are those of the vertices. ``vertex_order.json`` lists the vertices by height, for sorting.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.importers.lam_bundle.bundle import bundle_names, read_bundle
from splatavatar.avatar.importers.lam_bundle.carriers import (
    as_carried,
    bound_to_carriers,
    carrier_faces,
    carrier_vertices,
)
from splatavatar.avatar.importers.lam_bundle.face import face_of, with_carriers
from splatavatar.avatar.importers.lam_bundle.glb import parse_glb
from splatavatar.avatar.importers.lam_bundle.skeleton import driven_skeleton
from splatavatar.avatar.importers.lam_bundle.skinned_mesh import SkinnedMesh, read_skinned_mesh
from splatavatar.avatar.importers.origin import NOTES
from splatavatar.avatar.importers.splat_columns import splat_columns
from splatavatar.errors import AvatarFileError
from splatavatar.gaussians.formats.ply_table import table_of
from splatavatar.gaussians.gaussians import Correctives, Gaussians
from splatavatar.printable import printable
from splatavatar.progress import Progress
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.rig import Rig

KIND = "lam"
EXPECTED = "a LAM bundle: skin.glb, offset.ply and vertex_order.json in a folder or a zip"
MOST = {"skin.glb": 1 << 28, "offset.ply": 1 << 27, "vertex_order.json": 1 << 24}
"""bytes of each file"""
LICENCE = (
    "imported from a bundle of LAM, which states no licence. LAM models heads on FLAME, (C) Max-Planck-Gesellschaft:"
    " its terms (flame.is.tue.mpg.de) and those of whoever the avatar shows apply to what is made with it"
)


def recognises(source: Path) -> str | None:
    """What in ``source`` says that it is such a bundle; None where nothing does."""
    found = bundle_names(source) & {"skin.glb", "offset.ply"}
    return " and ".join(sorted(found)) if found else None


def read(source: Path, progress: Progress | None) -> Avatar:
    """The avatar of a bundle, in the place and the pose of its mesh. Raises AvatarFileError."""
    files = read_bundle(source, MOST, EXPECTED)
    current = ""
    try:
        current = "skin.glb"
        mesh = read_skinned_mesh(parse_glb(files[current]), NAMES)
        current = "offset.ply"
        offset, gaussians = _gaussians(files[current], len(mesh.vertices))
        current = "vertex_order.json"
        _check_order(files[current], len(mesh.vertices))
    except Defect as defect:
        raise AvatarFileError(f"{printable(source)}: the {current} is not that of a LAM bundle: {defect}.") from None
    regions, landmarks, why_none = face_of(mesh, progress)
    rig = replace(_rig(mesh, offset), regions=with_carriers(mesh, regions), landmarks=landmarks)
    none = np.zeros((0, len(offset), 3), np.float32)
    correctives = Correctives(none, none, np.zeros((0, rig.corrective_inputs), np.float32), np.zeros(0, np.float32))
    bound = bound_to_carriers(rig.template, rig.faces, len(mesh.faces), offset, gaussians)
    return Avatar(rig, bound, correctives, metadata={NOTES: [why_none]} if why_none else {})


def _gaussians(content: bytes, vertices: int) -> tuple[Floats, Gaussians[Floats]]:
    """The offsets (V, 3) from the vertices, metres, and the Gaussians."""
    try:
        table = table_of(content)
    except ValueError as error:
        raise Defect(str(error)) from error
    splats = splat_columns(table)
    if len(splats.position) != vertices:
        raise Defect(f"it has {len(splats.position)} Gaussians, its mesh has {vertices} vertices")
    if any(name.startswith("f_rest_") for name in table):
        raise Defect("its colours are spherical harmonics, expected plain RGB")
    return splats.position, Gaussians(
        mean=np.zeros((vertices, 3), np.float32),
        rotation=splats.rotation,
        scale=splats.scale,
        opacity=splats.opacity,
        colour=splats.constant,
    )


def _check_order(content: bytes, vertices: int) -> None:
    """Raises Defect unless every vertex is named once: a list of others belongs to another mesh."""
    if content.count(b",") >= vertices or content.count(b"[") > 1:
        raise Defect(f"expected a list of {vertices} numbers")
    try:
        order = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Defect("it is not valid JSON") from error
    if not isinstance(order, list) or not all(type(item) is int for item in order):
        raise Defect("it is not a list of vertices")
    if sorted(order) != list(range(vertices)):
        raise Defect(f"it does not name each of the {vertices} vertices once")


def _rig(mesh: SkinnedMesh, offset: Floats) -> Rig:
    """The rig of the mesh and its carriers, where the mesh stands."""
    count = len(mesh.vertices)
    faces = np.concatenate([mesh.faces, carrier_faces(count)])
    skeleton = driven_skeleton(mesh)
    to_expressions = np.zeros((len(mesh.target_names), len(NAMES)), np.float32)
    to_expressions[np.arange(len(mesh.target_names)), [INDEX[name] for name in mesh.target_names]] = 1
    return Rig(
        kind=KIND,
        template=carrier_vertices(mesh.vertices, offset),
        faces=faces,
        uv=np.zeros((len(faces), 3, 2), np.float32),
        identity_basis=np.zeros((0, 3 * count, 3), np.float32),
        identity_names=(),
        expression_basis=as_carried(mesh.targets, 1),
        expression_names=mesh.target_names,
        joints=skeleton.joints,
        joint_identity_basis=np.zeros((0, len(skeleton.joints), 3), np.float32),
        joint_names=skeleton.names,
        parents=skeleton.parents,
        skin_joints=as_carried(skeleton.skin_joints),
        skin_weights=as_carried(mesh.skin_weights),
        arkit_map=to_expressions,
        head_chain=skeleton.head_chain,
        eye_joints=(-1, -1),
        licence=LICENCE,
    )
