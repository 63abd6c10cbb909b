"""The shapes that a mesh blends for ARKit's coefficients."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig


def arkit_shapes(rig: Rig) -> Floats:
    """The displacements (52, V, 3), metres, of a rig with a folded identity, one for each of ``arkit.NAMES`` at 1.

    Where a coefficient turns joints (``Rig.arkit_joint_map``), it is what that turn does to the vertices: at 1 the face
    is that of the rig, between 0 and 1 vertices go along a line instead of a circle.
    """
    rest = pose_numpy(rig, PoseParameters.neutral(rig))
    shapes = np.empty((len(NAMES), *rest.shape), np.float32)
    for index in range(len(NAMES)):
        parameters = PoseParameters.neutral(rig)
        show_arkit(rig, np.eye(len(NAMES), dtype=np.float32)[index], parameters)
        shapes[index] = pose_numpy(rig, parameters) - rest
    return shapes
