"""The fine structure of what was seen, carried over to places that were not."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles

CALM = 0.7
"""quantile of the variance above which a seen piece holds a feature: a brow, a nostril"""


def quilted(
    point: Doubles,
    normal: Doubles,
    source: Doubles,
    source_normal: Doubles,
    residual: Doubles,
    piece: float,
    seed: int,
) -> Doubles:
    """Detail (N, 3) for the points ``point`` (N, 3): pieces of ``residual`` (M, 3), which is that of ``source`` (M, 3).

    The places that need detail are cut into pieces; each takes what lies around one seen place whose detail is calm,
    turned so that up stays up. ``piece`` is the distance in metres between these places.
    """
    rng = np.random.default_rng([seed, 13])
    if not len(point) or len(source) < 50:
        return np.zeros((len(point), 3))
    tree = KDTree(source)
    candidates = rng.permutation(len(source))[: min(len(source), 1500)]
    around = tree.query_ball_point(source[candidates], piece)
    spread = np.array([residual[rows].var(0).sum() for rows in around])
    full = np.array([len(rows) for rows in around])
    useful = candidates[(spread <= np.quantile(spread, CALM)) & (full >= np.quantile(full, 0.3))]
    seeds = _spread_out(point, piece, rng)
    of = KDTree(point[seeds]).query(point)[1]
    chosen = useful[rng.integers(len(useful), size=len(seeds))]
    right, up = _tangents(normal[seeds])
    there_right, there_up = _tangents(source_normal[chosen])
    to = point - point[seeds][of]
    x, y = np.einsum("ni,ni->n", to, right[of]), np.einsum("ni,ni->n", to, up[of])
    at = source[chosen][of] + x[:, None] * there_right[of] + y[:, None] * there_up[of]
    mean = np.stack([residual[tree.query_ball_point(place, piece)].mean(0) for place in source[chosen]])
    return np.asarray(residual[tree.query(at)[1]] - mean[of])


def _spread_out(point: Doubles, distance: float, rng: np.random.Generator) -> np.ndarray:
    """Points none of which has another within ``distance``, and every other has one."""
    tree, left = KDTree(point), np.ones(len(point), bool)
    chosen = []
    for i in rng.permutation(len(point)):
        if left[i]:
            chosen.append(i)
            left[tree.query_ball_point(point[i], distance)] = False
    return np.array(chosen)


def _tangents(normal: Doubles) -> tuple[Doubles, Doubles]:
    """Two unit vectors (N, 3) along the surface, the second as upright as can be."""
    up = np.array([0.0, 1.0, 0.0]) - normal[:, 1:2] * normal
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    return np.cross(up, normal), up
