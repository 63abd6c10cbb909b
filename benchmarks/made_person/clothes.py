"""A shirt with stripes: the skin of the bust, moved outwards, open around the neck."""

from __future__ import annotations

import numpy as np

from made_person.surface import Array, Indices, vertex_normals

NECKLINE = ((0.0, -0.030, 0.085), (0.0, 0.93, 0.38))
"""a point of the plane that cuts the neckline, and its normal; metres, rig axes"""
EASE = 0.0075
"""metres between skin and cloth"""


def shirt(vertices: Array, faces: Indices) -> tuple[Array, Indices]:
    """Vertices and faces of the cloth below a little over the neckline, which whoever draws it cuts clean."""
    normals = vertex_normals(vertices, faces)
    point, normal = np.array(NECKLINE[0]), np.array(NECKLINE[1])
    below = (vertices - point) @ normal < 0.025
    chosen = faces[below[faces].all(1)]
    used, place = np.unique(chosen, return_inverse=True)
    at = vertices[used]
    fold = 0.0022 * np.sin(at[:, 0] * 55 + 6 * np.sin(at[:, 1] * 21)) * np.clip((-0.06 - at[:, 1]) / 0.1, 0, 1)
    fold += 0.0014 * np.sin(at[:, 1] * 90 + at[:, 0] * 40)
    # Near the neck cloth lies close.
    ease = EASE * np.clip(0.55 + (-(at - point) @ normal) / 0.10, 0.55, 1.5)
    return at + normals[used] * (ease + fold)[:, None], place.reshape(-1, 3).astype(np.int64)
