"""A rig whose expressions are the 52 ARKit coefficients, made of one whose are not: trackers know what these mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import is_direct, show_arkit
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

FAINT = 0.03
"""mean square of the map below which a coefficient counts as one that expressions do not show"""


@dataclass(frozen=True)
class OwnParameters:
    """What a motion in ARKit coefficients (T, 52) is in the parameters of a rig."""

    expression: Floats
    """(T, E)"""
    joint_rotations: dict[str, Floats]
    """(T, 3) axis-angle, radians, rig axes, by joint name: of the joints that coefficients turn"""


def arkit_form(rig: Rig) -> Rig:
    """The body of ``rig`` with the coefficients as its expressions, each a displacement of the vertices: what it moves
    at 1, turns of joints among it. Where each expression of ``rig`` is one coefficient that is ``rig`` itself.

    Where a coefficient turns a joint, vertices go the straight way instead of round it: in the middle of a turn by 0.5
    radians they are 3 % of the arm off.
    """
    if is_direct(rig):
        return rig
    moved = np.stack([_shown(rig, np.eye(len(NAMES), dtype=np.float32)[k]) for k in range(len(NAMES))])
    return replace(
        rig,
        expression_basis=moved - pose_numpy(rig, PoseParameters.neutral(rig)),
        expression_names=NAMES,
        arkit_map=np.eye(len(NAMES), dtype=np.float32),
        arkit_joint_map=None,
        expression_range=None,
        joint_expression_basis=None,
    )


def own_parameters(rig: Rig, arkit: Floats) -> OwnParameters:
    """What the coefficients ``arkit`` (T, 52), found on ``arkit_form(rig)``, are in the parameters of ``rig``."""
    if is_direct(rig):
        return OwnParameters(arkit, {})
    turns = {}
    if rig.arkit_joint_map is not None:
        for joint, name in enumerate(rig.joint_names):
            if rig.arkit_joint_map[joint].any():
                turns[name] = (arkit @ rig.arkit_joint_map[joint].T).astype(np.float32)
    return OwnParameters((arkit @ rig.arkit_map.T).astype(np.float32), turns)


def own_expression_offset(rig: Rig, offset: Floats) -> Floats:
    """(E, V, 3) what to add to the expressions of ``rig`` so that they move the vertices by ``offset`` (52, V, 3) more
    where those of ``arkit_form(rig)`` do: the smallest that does, what turns of joints show left out."""
    if is_direct(rig):
        return offset
    shown = rig.arkit_map.astype(np.float64)
    square = shown.T @ shown
    pull = FAINT * np.trace(square) / len(square) * np.eye(len(square))
    return np.tensordot(shown @ np.linalg.inv(square + pull), offset, 1).astype(np.float32)


def _shown(rig: Rig, arkit: Floats) -> Floats:
    parameters = PoseParameters.neutral(rig)
    show_arkit(rig, arkit, parameters)
    return pose_numpy(rig, parameters)
