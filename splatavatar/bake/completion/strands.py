"""Hair where nobody saw it: strands that flow from the crown, in colours of the hair that was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Longs
from splatavatar.bake.completion.samples import HAIR, Samples

STEP = 0.004
"""metres between the Gaussians of a strand"""
STOP = 0.006
"""metres beyond the hair that was not seen at which a strand ends"""
LENGTH = 0.028
"""metres of a strand: longer hair is seen as strands that follow each other"""
THICK = 0.00075
"""metres of standard deviation across a strand"""
CROWN = 0.75
"""how far back the crown is, from the front of the scalp (0) to its back (1)"""
FALL = 0.8
"""how much of the direction of hair is downwards; the rest leads away from the crown"""
WAVER = 0.25
"""standard deviation of the direction of a strand, of 1 along it"""


@dataclass(frozen=True)
class Strands:
    """N Gaussians along strands, in the neutral rig frame, metres."""

    mean: Doubles
    """(N, 3)"""
    rotation: Doubles
    """(N, 3, 3): the first axis along the strand, the second off the head"""
    scale: Doubles
    """(N, 3)"""
    strand: Longs
    """(N) number of the strand"""
    along: Doubles
    """(N) in [0, 1] from root to tip"""
    sample: Longs
    """(N) the sample below"""


def flow(samples: Samples) -> Doubles:
    """The direction (S, 3) along the surface in which hair lies: from the crown, and down. Zero but on the scalp."""
    scalp = samples.material == HAIR
    direction = np.zeros_like(samples.point)
    if not scalp.any():
        return direction
    point, normal = samples.point[scalp], samples.normal[scalp]
    back, front = point[:, 2].min(), point[:, 2].max()
    behind = point[:, 2] < front - CROWN * (front - back) + 0.02
    top = np.flatnonzero(behind)[point[behind, 1].argmax()] if behind.any() else int(point[:, 1].argmax())
    away = point - point[top]
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 0.01
    raw = away + FALL * np.array([0.0, -1.0, 0.0])
    raw -= np.einsum("si,si->s", raw, normal)[:, None] * normal
    direction[scalp] = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-6)
    return direction


def grow(samples: Samples, where: Longs, count: int, seed: int) -> Strands:
    """About ``count`` Gaussians on strands rooted at the samples ``where`` (M), within the height of the hair."""
    rng = np.random.default_rng([seed, 12])
    steps = max(2, round(LENGTH / STEP))
    number = max(1, count // steps)
    direction = flow(samples)
    members, tree = samples.trees[HAIR]
    root = where[rng.permutation(len(where))[np.arange(number) % len(where)]]
    level = rng.random(number) ** 0.5
    at = samples.point[root] + rng.normal(0, 0.0015, (number, 3))
    bend = rng.normal(0, WAVER, number)
    means, axes, offs, below, reached = [], [], [], [], []
    going, free = np.ones(number, bool), KDTree(samples.point[where])
    for step in range(steps):
        near = members[tree.query(at)[1]]
        going = going & (free.query(at)[0] < STOP)
        normal, along = samples.normal[near], direction[near]
        across = np.cross(normal, along)
        lead = along + bend[:, None] * across
        lead /= np.maximum(np.linalg.norm(lead, axis=1, keepdims=True), 1e-6)
        # Tips come up a little: a head of hair is not combed with a ruler.
        lifted = (
            samples.height[near] * (0.35 + 0.65 * level) * np.where(normal[:, 2] > 0.25, 0.4, 1.0)
            + 0.001 * step / steps
        )
        drop = np.einsum("ni,ni->n", at - samples.point[near], normal)
        at = at - drop[:, None] * normal
        means.append(at + lifted[:, None] * normal)
        axes.append(lead)
        offs.append(normal)
        below.append(near)
        reached.append(going)
        at = at + STEP * lead
        bend = 0.7 * bend + rng.normal(0, 0.12, number)
    first = np.stack(axes, 1).reshape(-1, 3)
    second = np.stack(offs, 1).reshape(-1, 3)
    second = second - np.einsum("ni,ni->n", second, first)[:, None] * first
    second /= np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-6)
    total = number * steps
    inside = np.stack(reached, 1).reshape(-1)
    thick = THICK * (0.8 + 0.6 * rng.random(number)).repeat(steps)
    return Strands(
        np.stack(means, 1).reshape(-1, 3)[inside],
        np.stack([first, second, np.cross(first, second)], 2)[inside],
        np.stack([np.full(total, 0.6 * STEP), 0.8 * thick, thick], 1)[inside],
        np.arange(number).repeat(steps)[inside],
        np.tile(np.arange(steps) / (steps - 1), number)[inside],
        np.stack(below, 1).reshape(-1)[inside],
    )
