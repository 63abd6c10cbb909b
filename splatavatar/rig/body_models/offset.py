"""Offsets of single vertices, as trackers find them of a person beyond the shape basis of a body model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.array_types import Floats, Longs
from splatavatar.errors import RigError
from splatavatar.rig.body_models.found import needed_body_model
from splatavatar.rig.body_models.model_file import read_model_file
from splatavatar.rig.body_models.rigs import FAMILY_OF, load
from splatavatar.rig.rig import Rig


def with_offset(rig: Rig, offset: Floats) -> Rig:
    """``rig``, one of a body model with somebody's identity folded in, of which the vertices of the model's file are
    moved by ``offset`` (V, 3) metres before its joints are regressed, as FLAME's trackers have it.

    Teeth, which the file has none of, go where the lips go. Raises RigError for another rig, an offset of another
    number of vertices, or where no file is found.
    """
    family = FAMILY_OF.get(rig.kind)
    if family is None:
        raise RigError(f"the rig parameters move vertices of a body model, {rig.kind} is none")
    model = read_model_file(needed_body_model(family))
    V = model.kind.vertices
    if offset.shape != (V, 3):
        raise RigError(f"the rig parameters move {len(offset)} vertices of the template, {model.kind.name} has {V}")
    whole = rig if rig.kind == family else load(family, {}, None)
    lips = np.unique(whole.faces[whole.regions.get("lips", np.zeros(0, np.int32))])
    lips = lips[lips < V]
    teeth = offset[lips].mean(0) if len(lips) else np.zeros(3)
    moved = np.concatenate([offset, np.tile(teeth, (len(whole.template) - V, 1))])
    joints = rig.joints + model.joint_regressor @ offset
    template = rig.template + (moved if whole is rig else moved[_places(rig, whole)])
    return replace(rig, template=template.astype(np.float32), joints=joints.astype(np.float32))


def _places(part: Rig, whole: Rig) -> Longs:
    """Which vertex of ``whole`` each of ``part`` is, which has some of them in their order."""
    rows = [np.concatenate([rig.skin_joints, rig.skin_weights, *rig.expression_basis[:4]], 1) for rig in (part, whole)]
    found, at = [], 0
    for row in rows[0]:
        while not np.array_equal(row, rows[1][at]):
            at += 1
        found.append(at)
        at += 1
    return np.array(found)
