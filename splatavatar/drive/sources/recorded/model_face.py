"""The face that parameters of FLAME or SMPL-X show, as the coefficients of ARKit.

What the turn of a jaw means is the same on any face: it becomes jawOpen, jawLeft and jawRight by the angle at which
these coefficients turn Anny's own jaw. Components of an expression are those of a statistical model that differs
between its editions, so that they mean something only beside the user's own file. With it the rig ``flame`` or
``smplx`` is made, and the coefficients are those whose face lies nearest to the one that expression, jaw and eyes give
together (``rig.arkit_map.arkit_of``).
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.sources.recorded.checked import bounded_numbers
from splatavatar.errors import DependencyError, RigError
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import arkit_of
from splatavatar.rig.rig import Rig

LOG = logging.getLogger("splatavatar")

MODELS = {"flame": "FLAME", "smplx": "SMPL-X"}
"""what is said of them, by the names of their rigs"""
JAW_OPEN, JAW_ASIDE = 0.37, 0.097
"""radians by which jawOpen and jawLeft at 1 turn Anny's jaw about its joint (the rigid part of the shapes)"""
MOST_EXPRESSION = 100.0
"""standard deviations; no face has 5"""
CALM = 3e-3
"""Pull of every coefficient towards 0, see ``arkit_map.CALM``. People do not move as coefficients do: several large
ones, which take back one another, would explain what a single one does nearly. On a head with somebody else's shapes
of ARKit's names the error falls from 0.22 to 0.19, on one with ours it does not rise."""


def face_of(
    kind: str, expression: NDArray[Any] | None, jaw: Doubles, eyes: Doubles | None, source: str
) -> NDArray[np.float32]:
    """The coefficients (T, 52) that the rig ``kind``, one of ``MODELS``, shows.

    Without an expression, or the user's file, they are those of the jaw alone, and a line of the log says so.

    Args:
        expression: (T, N) the first N components, in standard deviations.
        jaw: (T, 3) axis-angle, radians.
        eyes: (T, 6) the same of the left and the right eye; None: they look ahead.
        source: what the parameters are from, for messages.

    Raises SignalError for components that are no numbers of an expression.
    """
    if expression is None or expression.ndim != 2 or len(expression) != len(jaw):
        LOG.warning(
            "%s: %s parameters without an expression for each frame: jaw, eyes and head drive this avatar.",
            source,
            MODELS[kind],
        )
        return face_of_jaw(jaw)
    rig = model_rig(kind, source)
    if rig is None:  # what is left out may hold anything
        return face_of_jaw(jaw)
    components = bounded_numbers(expression, "the expression", source, MOST_EXPRESSION)
    return coefficients_by(rig, components, jaw, eyes).astype(np.float32)


def face_of_jaw(jaw: Doubles) -> Floats:
    """The coefficients (T, 52) of a jaw that turns by ``jaw`` (T, 3), axis-angle in radians."""
    arkit = np.zeros((len(jaw), len(NAMES)), np.float32)
    arkit[:, INDEX["jawOpen"]] = jaw[:, 0] / JAW_OPEN
    arkit[:, INDEX["jawLeft"]] = jaw[:, 1] / JAW_ASIDE
    arkit[:, INDEX["jawRight"]] = -jaw[:, 1] / JAW_ASIDE
    return np.clip(arkit, 0.0, 1.0)


def gaze_of(eyes: Doubles | None, frames: int) -> Floats:
    """The gaze (T, 2, 2) of eyes (T, 6), axis-angle in radians of the left and the right one; 0, which is nothing
    measured, for None."""
    gaze = np.zeros((frames, 2, 2), np.float32)
    if eyes is not None:
        gaze[:, :, 0], gaze[:, :, 1] = eyes[:, [1, 4]], -eyes[:, [0, 3]]
    return gaze + np.float32(0.0)


def model_rig(kind: str, source: str) -> Rig | None:
    """The rig ``kind``, one of ``MODELS``, of the user's file; None where it cannot be had, and a line of the log says
    why.

    ``source`` is what the parameters are from, for the log.
    """
    from splatavatar.rig.body_models.found import VARIABLE, body_model_path
    from splatavatar.rig.loader import load_rig

    why = f"{VARIABLE} names no file of {MODELS[kind]}"
    if body_model_path(kind) is not None:
        try:
            return load_rig(kind, {})
        except (RigError, DependencyError) as error:
            why = str(error)
    LOG.warning(
        "%s: %s parameters: jaw, eyes and head drive this avatar; its expression is left out (%s).",
        source,
        MODELS[kind],
        why,
    )
    return None


def coefficients_by(rig: Rig, expression: Doubles, jaw: Doubles, eyes: Doubles | None) -> Doubles:
    """The coefficients (T, 52) in [0, 1] of faces of ``rig``, which is FLAME or SMPL-X; arguments as of ``face_of``.

    Components beyond the rig's are left out.
    """
    count = min(expression.shape[1], len(rig.expression_names))
    components = np.zeros((len(jaw), len(rig.expression_names)))
    components[:, :count] = expression[:, :count]
    turns = np.zeros((len(jaw), len(rig.joint_names), 3))
    turns[:, rig.joint_names.index("jaw")] = jaw
    if eyes is not None:
        turns[:, list(rig.eye_joints)] = eyes.reshape(-1, 2, 3)
    return arkit_of(rig, components, turns, CALM)
