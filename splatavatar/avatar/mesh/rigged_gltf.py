"""The mesh of an avatar as glTF: a skin on its joints, ARKit's coefficients as morph targets, colours at the vertices.

glTF has our axes and our unit: +Y up, +Z ahead, metres. Joints have the names of the rig's and their rest frames are
parallel to its. The colours are those of pictures, with the light that was in them, so the material asks for no more
of it (``KHR_materials_unlit``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.mesh.colours import vertex_colours
from splatavatar.avatar.mesh.shapes import arkit_shapes
from splatavatar.avatar.mesh.surface import Surface, of_surface, surface, vertex_normals
from splatavatar.errors import OutputError
from splatavatar.gltf.colour import linear_colours
from splatavatar.gltf.document import INDICES, SUFFIXES, VERTICES, Document, narrowest
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.rig import Rig
from splatavatar.rig.weights import collapse, largest_weights

UNLIT = "KHR_materials_unlit"
_MATERIAL = {
    "name": "person",
    "pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 1},
    "extensions": {UNLIT: {}},
}
"""matt, where the extension is not known"""


def write_rigged_mesh(path: str | Path, avatar: Avatar) -> int:
    """Write the mesh of ``avatar`` at rest, to be posed by other programs.

    >>> import splatavatar as sa
    >>> sa.write_rigged_mesh("demo.glb", sa.load_avatar("demo"))
    13870

    The names of the morph targets are in ``extras.targetNames`` of the mesh, in the order of ``arkit.NAMES``. The
    licence of the rig is the copyright of the asset.

    Returns:
        the number of its triangles.

    Raises:
        OutputError: a suffix other than ``.glb`` and ``.gltf``, nowhere to write, or an avatar without a surface.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path}: unknown kind of mesh, expected {' or '.join(SUFFIXES)}.")
    rig, document = avatar.rig, Document(avatar.rig.licence)
    document.extension(UNLIT)
    shown = surface(rig)
    if not len(shown.triangles):
        raise OutputError(f"cannot write {path}: the avatar has no surface, its triangles carry single Gaussians.")
    primitive = {
        "attributes": _attributes(document, avatar, shown),
        "indices": document.accessor(narrowest(shown.triangles.reshape(-1), len(shown.vertex)), INDICES),
        "material": 0,
        "targets": _targets(document, rig, shown),
    }
    name = str(avatar.metadata.get("name") or "avatar")
    joints = range(len(rig.joints))
    inverse = np.tile(np.eye(4, dtype="<f4"), (len(rig.joints), 1, 1))
    inverse[:, :3, 3] = -rig.joints
    document.json.update(
        materials=[_MATERIAL],
        meshes=[
            {
                "name": name,
                "primitives": [primitive],
                "weights": [0] * len(NAMES),
                "extras": {"targetNames": list(NAMES)},
            }
        ],
        skins=[{"joints": [*joints], "skeleton": 0, "inverseBindMatrices": document.accessor(inverse)}],
        nodes=[*_joint_nodes(rig), {"name": name, "mesh": 0, "skin": 0}],
        scenes=[{"nodes": [0, len(rig.joints)]}],
        scene=0,
    )
    document.write(path)
    return len(shown.triangles)


def _attributes(document: Document, avatar: Avatar, shown: Surface) -> dict[str, int]:
    rig, vertex = avatar.rig, shown.vertex
    joints, weights = _influences(rig)
    colour = np.full((len(vertex), 4), 65535, "<u2")
    colour[:, :3] = linear_colours(vertex_colours(avatar))[vertex]
    normals = vertex_normals(rig.template, rig.faces[of_surface(rig)])
    uv = np.stack([shown.uv[:, 0], 1 - shown.uv[:, 1]], axis=1)  # glTF's v goes down
    return {
        "POSITION": document.accessor(rig.template.astype("<f4")[vertex], VERTICES, bounds=True),
        "NORMAL": document.accessor(normals.astype("<f4")[vertex], VERTICES),
        "TEXCOORD_0": document.accessor(uv.astype("<f4"), VERTICES),
        "COLOR_0": document.accessor(colour, VERTICES, normalised=True),
        "JOINTS_0": document.accessor(joints[vertex], VERTICES),
        "WEIGHTS_0": document.accessor(weights[vertex], VERTICES),
    }


def _targets(document: Document, rig: Rig, shown: Surface) -> list[dict[str, int]]:
    """The morph targets, each of what it moves and turns alone."""
    faces = rig.faces[of_surface(rig)]
    rest = vertex_normals(rig.template, faces).astype(np.float32)
    targets = []
    for shape in arkit_shapes(rig):
        normals = vertex_normals(rig.template + shape, faces).astype(np.float32)
        targets.append(
            {
                "POSITION": document.sparse(shape[shown.vertex], bounds=True),
                "NORMAL": document.sparse((normals - rest)[shown.vertex]),
            }
        )
    return targets


def _influences(rig: Rig) -> tuple[NDArray[Any], Floats]:
    """Joints (V, 4) and their weights (V, 4) as glTF wants them: no joint twice, and joint 0 where the weight is 0."""
    dense = collapse(rig.skin_weights.astype(np.float64), rig.skin_joints, len(rig.joints))
    joints, weights = largest_weights(dense, rig.joints)
    single = weights.astype("<f4")
    joints[single == 0] = 0
    return joints.astype("u1" if len(rig.joints) <= 256 else "<u2"), single


def _joint_nodes(rig: Rig) -> list[dict[str, Any]]:
    """A node a joint, in their order, each placed in its parent."""
    nodes: list[dict[str, Any]] = []
    for joint, parent in enumerate(rig.parents.tolist()):
        origin = rig.joints[parent] if parent >= 0 else np.zeros(3, np.float32)
        nodes.append({"name": rig.joint_names[joint], "translation": (rig.joints[joint] - origin).tolist()})
        children = np.flatnonzero(rig.parents == joint).tolist()
        if children:
            nodes[-1]["children"] = children
    return nodes
