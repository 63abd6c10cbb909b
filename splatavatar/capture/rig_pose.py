"""The rig of a capture as it stood at a timestep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.rig.body_models.offset import with_offset
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

PARTS = {"flame-head": "flame"}
"""rigs whose parameters are those of another, of which they are a part"""


def means_the_same(parameters: RigParameters, kind: str) -> bool:
    """Whether ``parameters`` mean on the rig ``kind`` what they mean on their own."""
    return parameters.rig in (kind, PARTS.get(kind))


def pose_parameters(rig: Rig, parameters: RigParameters, timestep: int) -> PoseParameters:
    """The parameters of one timestep in the order of ``rig``.

    Raises:
        RigError: a name that the rig does not have.
    """
    pose = PoseParameters.neutral(rig)
    expressions = {name: i for i, name in enumerate(rig.expression_names)}
    joints = {name: i for i, name in enumerate(rig.joint_names)}
    for name, value in zip(parameters.expression_names, parameters.expression[timestep], strict=True):
        if name not in expressions:
            raise RigError(f"the rig parameters hold an expression {name!r}, which {rig.kind} does not have")
        pose.expression[expressions[name]] = value
    for name, rotations in parameters.joint_rotations.items():
        if name not in joints:
            raise RigError(f"the rig parameters turn a joint {name!r}, which {rig.kind} does not have")
        pose.joint_rotations[joints[name]] = rotations[timestep]
    if parameters.translation is not None:
        pose.translation[:] = parameters.translation[timestep]
    return pose


def fitted_rig(rig: Rig, parameters: RigParameters) -> Rig:
    """The ``rig``, which has the identity of ``parameters`` folded in, with their offsets of template and expressions.

    Raises:
        RigError: an offset for another number of vertices, or of an expression that the rig does not have.
    """
    offset = parameters.template_offset
    if parameters.expression_offset is not None:
        rig = replace(rig, expression_basis=rig.expression_basis + _expressions(rig, parameters))
    if offset is None:
        return rig
    if parameters.tracker:
        return with_offset(rig, offset)
    if offset.shape != rig.template.shape:
        raise RigError(
            f"the rig parameters move {len(offset)} vertices of the template, {rig.kind} has {len(rig.template)}"
        )
    return replace(rig, template=rig.template + offset)


def _expressions(rig: Rig, parameters: RigParameters) -> Floats:
    """The expression offset (E, V, 3) of ``parameters`` in the order of ``rig``."""
    given = parameters.expression_offset
    assert given is not None
    if given.shape[1:] != rig.template.shape:
        raise RigError(
            f"the rig parameters move {given.shape[1]} vertices by expressions, {rig.kind} has {len(rig.template)}"
        )
    ordered = np.zeros_like(rig.expression_basis)
    for name, field in zip(parameters.expression_names, given, strict=True):
        if name not in rig.expression_names:
            raise RigError(f"the rig parameters hold an expression {name!r}, which {rig.kind} does not have")
        ordered[rig.expression_names.index(name)] = field
    return ordered


def posed_vertices(rig: Rig, parameters: RigParameters, timestep: int) -> Floats:
    """The vertices (V, 3) of a ``fitted_rig`` at ``timestep``, metres, rig frame.

    Raises:
        RigError: a name that the rig does not have.
    """
    return pose_numpy(rig, pose_parameters(rig, parameters, timestep))
