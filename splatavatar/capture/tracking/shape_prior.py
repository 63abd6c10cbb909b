"""What heads look like before one is seen: a Gaussian distribution over the shape of the neutral rig.

Two sources of variation add up. The identity parameters of the rig, independent of one another but for left and right,
give the shapes that the body model knows. A Gaussian process over the surface gives what it does not know: a smooth
displacement field of a few millimetres that leans towards symmetry. Their sum is written with whitened coefficients,
so that a fit adds half the square of each to its cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.rig.rig import Rig

PHENOTYPE_SIGMA, CHANGE_SIGMA = 0.2, 0.3
"""standard deviations of the identity parameters about the mean person, on the ranges 0 to 1 and -1 to 1"""
SIDES = 0.9
"""correlation of the same change on the left and on the right"""
WAVES = ((0.0025, 0.035), (0.0015, 0.012), (0.001, 0.006))
"""amplitude and length of the scales of the process, metres: half a face, a lip, a wing of the nose"""
MIRROR = 0.7
"""correlation of the displacements of a point and of its mirror image"""
ANCHORS = 600
"""points of the surface at which the process is decomposed"""
MODES = 200
"""directions that are kept"""


@dataclass(frozen=True)
class ShapePrior:
    """How heads differ: shape = template + coefficients . modes, with coefficients ~ N(0, 1)."""

    modes: Doubles
    """(G, V, 3) metres per standard deviation"""
    identity: Doubles
    """(G, I) identity parameters per standard deviation, in addition to those of the mean person"""

    @staticmethod
    def of(rig: Rig) -> ShapePrior:
        """The prior of a ``rig`` whose identity is not folded in."""
        head = np.flatnonzero(head_share(rig) > 0.5)
        own = rig.identity_deviation
        factor = _identity_factor(rig.identity_names) if own is None else np.diag(own.astype(np.float64))
        known = np.tensordot(factor, rig.identity_basis.astype(np.float64), 1)
        # Where the head is, is for its pose to say.
        known -= known[:, head].mean(1, keepdims=True)
        moves = np.abs(known[:, head]).max((1, 2)) > 1e-5
        known, factor = known[moves], factor[moves]
        unknown = _process(rig, head)
        both = np.concatenate([known, unknown])
        flat = both[:, head].reshape(len(both), -1)
        _, directions = np.linalg.eigh(flat @ flat.T)
        mix = directions[:, ::-1][:, :MODES].T
        return ShapePrior(np.tensordot(mix, both, 1), mix[:, : len(factor)] @ factor)


def head_share(rig: Rig) -> Doubles:
    """The share (V) of the head joint, and of what it carries, in every vertex."""
    carried = np.zeros(len(rig.joint_names), bool)
    for joint in range(len(carried)):
        carried[joint] = joint == rig.head_joint or (rig.parents[joint] >= 0 and carried[rig.parents[joint]])
    share: Doubles = (rig.skin_weights.astype(np.float64) * carried[rig.skin_joints]).sum(1)
    return share


def _identity_factor(names: tuple[str, ...]) -> Doubles:
    """(I', I) rows whose standard normal mixture has the prior covariance of the identity parameters."""
    place = {name: row for row, name in enumerate(names)}
    rows: list[Doubles] = []
    for name, row in place.items():
        other = place.get("r-" + name[2:]) if name.startswith("l-") else None
        if name.startswith("r-") and "l-" + name[2:] in place:
            continue
        sigma = CHANGE_SIGMA if "-" in name else PHENOTYPE_SIGMA
        if other is None:
            rows.append(sigma * np.eye(len(names))[row])
            continue
        for share, sign in ((1 + SIDES, 1.0), (1 - SIDES, -1.0)):
            both = np.zeros(len(names))
            both[[row, other]] = sigma * np.sqrt(share / 2) * np.array([1.0, sign])
            rows.append(both)
    return np.stack(rows)


def _process(rig: Rig, head: NDArray[np.intp]) -> Doubles:
    """(M, V, 3) whitened modes of the displacement field, by Nystroem's method from anchors spread over the head."""
    points = rig.template.astype(np.float64)
    anchors = points[spread(points, head, ANCHORS)]
    middle = np.array([-1.0, 1.0, 1.0])
    near, at = kernel(anchors, anchors, WAVES), kernel(points, anchors, WAVES)
    near_mirrored, at_mirrored = kernel(anchors, anchors * middle, WAVES), kernel(points, anchors * middle, WAVES)
    modes = []
    for axis in range(3):
        covariance = near + MIRROR * middle[axis] * near_mirrored
        energy, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
        energy, vectors = energy[::-1][: MODES // 2], vectors[:, ::-1][:, : MODES // 2]
        field = (at + MIRROR * middle[axis] * at_mirrored) @ (vectors / np.sqrt(energy))
        mode = np.zeros((field.shape[1], len(points), 3))
        mode[:, :, axis] = field.T
        modes.append(mode)
    return np.concatenate(modes)


def kernel(a: Doubles, b: Doubles, waves: tuple[tuple[float, float], ...]) -> Doubles:
    """The covariance (A, B) of points ``a`` (A, 3) and ``b`` (B, 3): squared exponentials of the ``waves``, each an
    amplitude and a length in metres."""
    square = np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0.0)
    return np.asarray(sum(amplitude**2 * np.exp(-square / (2 * length**2)) for amplitude, length in waves))


def spread(points: Doubles, candidates: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """``count`` of the rows ``candidates`` of ``points``, each the farthest from those before it."""
    chosen = [int(candidates[0])]
    distance = np.full(len(candidates), np.inf)
    while len(chosen) < min(count, len(candidates)):
        distance = np.minimum(distance, ((points[candidates] - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(candidates[distance.argmax()]))
    return np.array(chosen)
