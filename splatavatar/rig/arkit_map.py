"""Between the 52 ARKit coefficients and the parameters of a rig, both ways.

A rig says by ``arkit_map`` and ``arkit_joint_map`` how coefficients move its expression and turn its joints. The way
back is a fit: the coefficients in [0, 1] whose face lies nearest to the one that the parameters give.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import cross_matrices

CALM = 1e-4
"""Pull of every coefficient towards 0, beside the mean over the coefficients of the square of what one moves: of two
that move the face alike neither is left to chance."""
SWEEPS = 500
"""of the fit over all coefficients, at most"""
SETTLED = 1e-6
"""change of any coefficient in a sweep below which the fit ends"""


def show_arkit(rig: Rig, arkit: Floats, parameters: PoseParameters) -> None:
    """Makes ``parameters`` show ``arkit`` (52): the expression is set, the turns of joints are added."""
    np.matmul(rig.arkit_map, arkit, out=parameters.expression)
    if rig.arkit_joint_map is not None:
        parameters.joint_rotations[:] += rig.arkit_joint_map @ arkit


def arkit_of(rig: Rig, expression: ArrayLike, joint_rotations: ArrayLike | None = None, calm: float = CALM) -> Doubles:
    """The ARKit coefficients (T, 52) of T frames of a rig.

    Where every expression is one coefficient and no joint is turned by any, they are those, as they are. Else they are
    the ones in [0, 1] whose face lies nearest, by the sum of squares over the vertices; turns count to first order, and
    those of joints that no coefficient turns not at all. Frames with a number that is not finite are NaN.

    Args:
        expression: (T, E) coefficients of the rig.
        joint_rotations: (T, J, 3) axis-angle, radians, rig axes; None: no joint is turned.
        calm: pull of every coefficient towards 0, as ``CALM``; more for faces that are not made of coefficients.
    """
    given = np.asarray(expression, np.float64)
    direct = _direct(rig)
    if direct is not None:
        found = np.zeros((len(given), len(NAMES)))
        rows, columns = direct
        found[:, columns] = given[:, rows]
        return found
    turned = np.asarray(np.zeros((len(given), len(rig.joints), 3)) if joint_rotations is None else joint_rotations)
    moved = np.flatnonzero(_joint_map(rig).any((1, 2)))
    values = np.concatenate([given, turned[:, moved].reshape(len(given), 3 * len(moved))], 1).astype(np.float64)
    to_values = np.concatenate([rig.arkit_map, _joint_map(rig)[moved].reshape(-1, len(NAMES))]).astype(np.float64)
    gram = _gram(rig, moved)
    finite = np.isfinite(values).all(1)
    out = np.full((len(given), len(NAMES)), np.nan)
    out[finite] = _nearest(to_values.T @ gram @ to_values, values[finite] @ gram @ to_values, calm)
    return out


def is_direct(rig: Rig) -> bool:
    """Whether every expression of ``rig`` is the coefficient of its name, in the order of ``arkit.NAMES``."""
    return rig.expression_names == NAMES and rig.arkit_joint_map is None and _direct(rig) is not None


def _direct(rig: Rig) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Expressions and the coefficients that they are; None where any is more or less than one coefficient."""
    if rig.arkit_joint_map is not None and rig.arkit_joint_map.any():
        return None
    rows, columns = np.nonzero(rig.arkit_map)
    once = len(set(rows.tolist())) == len(rows) and len(set(columns.tolist())) == len(columns)
    if not (len(rows) and once and (rig.arkit_map[rows, columns] == 1).all()):
        return None
    return rows, columns


def _joint_map(rig: Rig) -> Floats:
    if rig.arkit_joint_map is None:
        return np.zeros((len(rig.joints), 3, len(NAMES)), np.float32)
    return rig.arkit_joint_map


def _gram(rig: Rig, joints: NDArray[np.intp]) -> Doubles:
    """(D, D) sums over the vertices of products of what expressions and turns of ``joints`` move them by, metres."""
    weights = np.zeros((len(rig.template), len(rig.joints)))
    np.add.at(weights, (np.arange(len(weights))[:, None], rig.skin_joints), rig.skin_weights)
    # A joint carries what hangs on it; children come after their parents.
    for joint in range(len(rig.joints) - 1, 0, -1):
        weights[:, rig.parents[joint]] += weights[:, joint]
    rows = [rig.expression_basis.reshape(len(rig.expression_names), -1).astype(np.float64)]
    for joint in joints:
        arm = cross_matrices(rig.template.astype(np.float64) - rig.joints[joint])  # (V, 3, 3), of r x axis
        turned = (-arm * weights[:, joint, None, None]).transpose(2, 0, 1).reshape(3, -1)
        if rig.pose_basis is not None and joint > 0:
            # To first order R - I of a turn about an axis is the matrix of the cross product with it.
            entries = rig.pose_basis[9 * (joint - 1) : 9 * joint].reshape(9, -1).astype(np.float64)
            turned = turned + cross_matrices(np.eye(3)).reshape(3, 9) @ entries
        rows.append(turned)
    stacked = np.concatenate(rows)
    return np.asarray(stacked @ stacked.T)


def _nearest(square: Doubles, wanted: Doubles, calm: float) -> Doubles:
    """(T, 52) the x in [0, 1] that minimise x square x / 2 - wanted x with a small pull to 0, one coordinate at a time
    (T frames at once); ``square`` (52, 52), ``wanted`` (T, 52)."""
    moving = np.flatnonzero(np.diag(square) > 0)
    x = np.zeros(wanted.shape)
    if not len(moving):
        return x
    square = square + calm * np.diag(square)[moving].mean() * np.eye(len(square))
    for _ in range(SWEEPS):
        largest = 0.0
        for k in moving:
            step = (wanted[:, k] - x @ square[k]) / square[k, k]
            new = np.clip(x[:, k] + step, 0.0, 1.0)
            largest = max(largest, float(np.abs(new - x[:, k]).max(initial=0)))
            x[:, k] = new
        if largest < SETTLED:
            break
    return x
