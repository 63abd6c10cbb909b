"""The landmarks of a head as a function of its shape, expression and pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.capture.tracking.shape_prior import ShapePrior
from splatavatar.rig.rig import Rig

IRIS = slice(468, 478)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""MediaPipe's outline of the face: where cheek and chin turn away from the camera, not fixed points of the skin"""
LIDS = (
    (159, 145),
    (158, 153),
    (160, 144),
    (157, 154),
    (161, 163),
    (386, 374),
    (385, 380),
    (387, 373),
    (384, 381),
    (388, 390),
)
"""upper and lower lid, above one another: right eye, left eye"""
LIPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""inner edges of the upper and the lower lip"""
PAIRS = np.array(LIDS + LIPS)
LIP_OUTLINE = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
)
"""the red of the lips: round its outer edge, and round its inner one"""


@dataclass(frozen=True)
class LandmarkModel:
    """L landmarks of the head in rig axes, about ``pivot``."""

    pivot: Doubles
    """(3) metres, rig frame: the centre of the landmarks of the template, about which the head is turned"""
    base: Doubles
    """(L, 3) metres from the pivot"""
    shape: Doubles
    """(G, L, 3) per coefficient of the shape"""
    expression: Doubles
    """(E, L, 3) per expression coefficient"""
    normals: Doubles
    """(L, 3) of the surface of the template"""

    @staticmethod
    def of(rig: Rig, prior: ShapePrior | None) -> LandmarkModel:
        """The model of ``mediapipe`` on ``rig``; without a ``prior`` the shape is that of the template."""
        points = rig.landmarks["mediapipe"]
        corners = rig.faces[points.face]

        def at(field: NDArray[np.float32] | Doubles) -> Doubles:
            weights = points.barycentric.astype(np.float64)
            return np.asarray(np.einsum("lk,...lki->...li", weights, field[..., corners, :]))

        base = at(rig.template)
        pivot = base.mean(0)
        corner = rig.template[corners].astype(np.float64)
        normals = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        return LandmarkModel(
            pivot=pivot,
            base=base - pivot,
            shape=at(prior.modes) if prior is not None else np.zeros((0, len(base), 3)),
            expression=at(rig.expression_basis),
            normals=normals / np.linalg.norm(normals, axis=1, keepdims=True),
        )

    def points(self, shape: Doubles, expression: Doubles) -> Doubles:
        """The landmarks (T, L, 3) from ``shape`` (G) and ``expression`` (T, E), before the head is turned."""
        still = self.base + np.tensordot(shape, self.shape, 1)
        return still + np.tensordot(expression, self.expression, 1)
