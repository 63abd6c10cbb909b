"""Colours continued over the surface: what was trusted stays, what was not follows from what lies around it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from splatavatar.array_types import Doubles
from splatavatar.bake.completion.samples import Samples

NEIGHBOURS = 8
BETWEEN = 1e-6
"""strength of the tie between places of different material, of that within one"""


def graph(samples: Samples) -> csr_matrix:
    """The Laplacian (S, S) of the samples: each is tied to those near it on the same side of the surface."""
    rows, columns, ties = [], [], []
    for members, tree in samples.trees.values():
        distance, near = tree.query(samples.point[members], min(NEIGHBOURS + 1, len(members)))
        distance, near = distance[:, 1:], members[near[:, 1:]]
        own = np.repeat(members, near.shape[1])
        other = near.reshape(-1)
        spread = np.median(distance[:, -1]) + 1e-9
        alike = np.einsum("si,si->s", samples.normal[own], samples.normal[other]).clip(0.02, 1)
        rows.append(own)
        columns.append(other)
        ties.append(alike * np.exp(-((distance.reshape(-1) / spread) ** 2)))
    for first in samples.trees:
        for second in samples.trees:
            if first < second:
                members = samples.trees[first][0]
                distance, near = samples.trees[second][1].query(samples.point[members], 1)
                close = distance < 0.012
                rows.append(members[close])
                columns.append(samples.trees[second][0][near[close]])
                ties.append(np.full(int(close.sum()), BETWEEN))
    row, column, tie = np.concatenate(rows), np.concatenate(columns), np.concatenate(ties)
    one_way = coo_matrix((tie, (row, column)), (len(samples), len(samples)))
    both = (one_way + one_way.T).tocsr()
    return (diags(np.asarray(both.sum(1)).reshape(-1)) - both).tocsr()


def continued(laplacian: csr_matrix, colour: Doubles, weight: Doubles, smooth: float) -> Doubles:
    """The colours (S, 3) near ``colour`` (S, 3) where ``weight`` (S) is large, and smooth where it is not.

    The minimum of sum_s weight_s |u_s - colour_s|^2 + smooth * u^T L u. ``smooth`` is the square of a length, in steps
    from sample to sample, over which colours with weight 1 are blurred.
    """
    system = diags(weight + 1e-7) + smooth * laplacian
    solved = splu(system.tocsc()).solve((weight + 1e-7)[:, None] * colour)
    return np.asarray(solved)
