"""Where the head of a posed rig is in a picture, whatever the matte of that picture says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Mask
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.rig import Rig

BELOW = ("neck", "torso", "body")
"""regions of a rig that are not its head; mattes may end above them"""
MARGIN = 0.04
"""of the size of the head in the picture, inside its outline: tracked heads are right to about as much"""


def head_region(rig: Rig, vertices: Floats, camera: Camera) -> Mask:
    """The pixels (H, W) of ``camera`` where the head of ``rig``, posed as ``vertices`` (V, 3), surely is."""
    import cv2

    outline = head_outline(rig, vertices, camera)
    if not outline.any():
        return outline
    size = np.sqrt(outline.sum())
    width = 2 * int(np.ceil(MARGIN * size)) + 1
    # What the picture cuts off goes on beyond it.
    inner = cv2.erode(outline.view(np.uint8), np.ones((width, width), np.uint8), borderValue=1)
    return np.asarray(inner > 0)


def head_outline(rig: Rig, vertices: Floats, camera: Camera) -> Mask:
    """All pixels (H, W) that the head covers."""
    return silhouette(vertices, head_faces(rig), camera)


def head_faces(rig: Rig) -> NDArray[np.int32]:
    """The faces (F', 3) of ``rig`` above the neck; all of a rig that knows no neck."""
    of_head = np.ones(len(rig.faces), bool)
    for name in BELOW:
        of_head[rig.regions.get(name, [])] = False
    return np.asarray(rig.faces[of_head], np.int32)
