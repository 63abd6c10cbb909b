"""The face that components of FLAME's expression show, as the coefficients of ARKit, by the user's own file of FLAME.

The components are those of a statistical model that differs between its editions, so that they mean something only
beside the file. With it the rig ``flame`` is made, and the coefficients are those whose face lies nearest to the one
that expression, jaw and eyes give together (``rig.arkit_map.arkit_of``).
"""

from __future__ import annotations

import logging

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.errors import DependencyError, RigError
from splatavatar.rig.arkit_map import arkit_of
from splatavatar.rig.rig import Rig

LOG = logging.getLogger("splatavatar")

CALM = 3e-3
"""Pull of every coefficient towards 0, see ``arkit_map.CALM``. People do not move as coefficients do: several large
ones, which take back one another, would explain what a single one does nearly. On a head with somebody else's shapes
of ARKit's names the error falls from 0.22 to 0.19, on one with ours it does not rise."""


def flame_rig(source: str) -> Rig | None:
    """The rig ``flame`` of the user's file; None where it cannot be had, and a line of the log says why.

    ``source`` is what the parameters are from, for the log.
    """
    from splatavatar.rig.body_models.found import VARIABLE, body_model_path
    from splatavatar.rig.loader import load_rig

    why = f"{VARIABLE} names no file of FLAME"
    if body_model_path("flame") is not None:
        try:
            return load_rig("flame", {})
        except (RigError, DependencyError) as error:
            why = str(error)
    LOG.warning(
        "%s: FLAME parameters: jaw, eyes and head drive this avatar; its expression is left out (%s).",
        source,
        why,
    )
    return None


def coefficients_by(rig: Rig, expression: Doubles, jaw: Doubles, eyes: Doubles | None) -> Doubles:
    """The coefficients (T, 52) in [0, 1] of faces of ``rig``, which is FLAME.

    Args:
        expression: (T, N) the first N components; those beyond the rig's are left out.
        jaw: (T, 3) axis-angle, radians.
        eyes: (T, 6) the same of the left and the right eye; None: they look ahead.
    """
    count = min(expression.shape[1], len(rig.expression_names))
    components = np.zeros((len(jaw), len(rig.expression_names)))
    components[:, :count] = expression[:, :count]
    turns = np.zeros((len(jaw), len(rig.joint_names), 3))
    turns[:, rig.joint_names.index("jaw")] = jaw
    if eyes is not None:
        turns[:, list(rig.eye_joints)] = eyes.reshape(-1, 2, 3)
    return arkit_of(rig, components, turns, CALM)
