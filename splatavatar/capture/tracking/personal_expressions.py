"""How one person's mouth moves otherwise than that of the rig: a small correction of the expression basis.

A rig has one deformation for each coefficient, and everybody makes a face of their own. Given the motion that
explains the landmarks best, what it leaves is explained by a field for each coefficient of the mouth: smooth over the
surface, small against what the coefficient moves already, alike on both sides, and nought away from the mouth. Then
the motion is found anew, and the fields once more. Generic bases are corrected under such priors in H. Li, T. Weise
and M. Pauly, "Example-based facial rigging" (SIGGRAPH 2010), and S. Bouaziz, Y. Wang and M. Pauly, "Online modeling
for realtime facial animation" (SIGGRAPH 2013).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.capture.tracking.fit import LandmarkFit
from splatavatar.capture.tracking.landmark_model import LIP_OUTLINE, LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.shape_prior import kernel, spread
from splatavatar.capture.tracking.unknowns import Head
from splatavatar.rig.landmarks import positions
from splatavatar.rig.rig import Rig

OF_MOUTH = ("mouth", "jaw", "cheek")
"""how names of coefficients begin that are corrected"""
PARTED = {"jawOpen": 0.8}
"""the face on which distances are measured: with the mouth open, no lip is a neighbour of the other"""
SOFT = ("skin", "lips", "mouth")
"""regions that fields move; teeth, tongue and eyes are as stiff as they were"""
NEAR, FAR = 0.012, 0.045
"""metres from the outline of the lips from which fields fade, and where they end"""
WAVES = ((0.8, 0.025), (0.5, 0.009))
"""share of the amplitude, and length in metres, of the scales of a field"""
AMPLITUDE, AMPLITUDES = 0.35, (0.0004, 0.0015)
"""standard deviation of a field: share of what its coefficient moves the lips by (root mean square); least, and most,
metres"""
STRETCH = 0.3
"""standard deviation of the factor by which somebody does more, or less, of all of a deformation; less where that were
more than the most of AMPLITUDES"""
ALIKE = 0.8
"""correlation of a field with the mirror image of that of the other side"""
MODES, ANCHORS = 12, 200
"""of fields along an axis that are alike on both sides, and as many that are opposite; points they are made from"""
MOVED = 0.15
"""largest value of a coefficient below which nothing is learnt of it"""
STILL = 2e-5
"""metres: what moves less is not moved"""
ROUNDS = 2
"""of motion and fields in turn"""


@dataclass(frozen=True)
class Fields:
    """M smooth displacement fields around a mouth, whose coefficients are standard normal for an amplitude of 1."""

    modes: Doubles
    """(M, V, 3)"""
    parity: Doubles
    """(M) 1 for fields that are alike on both sides, -1 for those that are opposite"""
    soft: Doubles
    """(V) 1 where fields may move anything, 0 elsewhere"""

    @staticmethod
    def around_mouth(rig: Rig) -> Fields:
        """The fields of ``rig``: a Gaussian process over the surface, by Nystroem's method."""
        parted = rig.template.astype(np.float64)
        for name, value in PARTED.items():
            parted = parted + value * rig.expression_basis[rig.expression_names.index(name)]
        lips = positions(rig.landmarks["mediapipe"], rig.template, rig.faces)[list(LIP_OUTLINE)]
        away = np.linalg.norm(rig.template[:, None] - lips, axis=2).min(1)
        share = np.clip((FAR - away) / (FAR - NEAR), 0, 1)
        soft = np.zeros(len(parted), bool)
        for region in SOFT:
            soft[rig.faces[rig.regions[region]]] = True
        share = np.where(soft, share**2 * (3 - 2 * share), 0.0)
        moved = np.flatnonzero(share > 0)
        points, anchors = parted[moved], parted[spread(parted, moved, ANCHORS)]
        modes, parity = [], []
        for axis, sign in ((0, -1.0), (1, 1.0), (2, 1.0)):
            for alike in (1.0, -1.0):
                energy, vectors = np.linalg.eigh(_covariance(anchors, anchors, sign * alike))
                energy, vectors = energy[::-1][:MODES], vectors[:, ::-1][:, :MODES]
                field = _covariance(points, anchors, sign * alike) @ (vectors / np.sqrt(energy))
                mode = np.zeros((len(energy), len(parted), 3))
                mode[:, moved, axis] = (field * share[moved, None]).T
                modes.append(mode)
                parity.append(np.full(len(energy), alike))
        return Fields(np.concatenate(modes), np.concatenate(parity), soft.astype(np.float64))


def personal_expressions(rig: Rig, habits: Doubles, observations: Observations, lenses: Lenses) -> Floats:
    """What to add (E, V, 3) to the expression basis of ``rig``, metres per unit coefficient.

    ``habits`` (L, 3) are those of the detector (``LandmarkFit.habits``) with the person whose ``observations`` are
    given. Nothing for a rig without coefficients of a mouth.
    """
    basis = rig.expression_basis.astype(np.float64)
    correction = np.zeros_like(basis)
    named = [e for e, name in enumerate(rig.expression_names) if name.startswith(OF_MOUTH)]
    if not named or not set(PARTED) <= set(rig.expression_names):
        return correction.astype(np.float32)
    fields = Fields.around_mouth(rig)
    head: Head | None = None
    for _ in range(ROUNDS):
        person = replace(rig, expression_basis=(basis + correction).astype(np.float32))
        model = LandmarkModel.of(person, None)
        fit = LandmarkFit(replace(model, base=model.base + habits), observations)
        known = replace(lenses, free_focal=False, free_scale=False, free_place=False)
        head = fit.fit_motion(fit.start(known) if head is None else head)
        correction = _corrected(rig, fields, named, fit, head, correction)
    correction[np.abs(correction).max(2) < STILL] = 0
    return correction.astype(np.float32)


def _corrected(
    rig: Rig, fields: Fields, named: list[int], fit: LandmarkFit, head: Head, correction: Doubles
) -> Doubles:
    """The correction (E, V, 3) that best explains what ``fit``, whose rig has ``correction``, leaves at ``head``."""
    points = rig.landmarks["mediapipe"]
    corners, weights = rig.faces[points.face], points.barycentric.astype(np.float64)

    def at(field: Doubles | Floats) -> Doubles:
        return np.asarray(np.einsum("lk,...lki->...li", weights, field[..., corners, :]))

    modes, basis = at(fields.modes), at(rig.expression_basis)
    reach = np.sqrt((basis[:, list(LIP_OUTLINE)] ** 2).sum(2).mean(1))
    used = [e for e in named if head.expression[:, e].max() > MOVED and reach[e] > 0]
    zone = np.flatnonzero(np.abs(modes).max((0, 2)) > 0)
    # The unknowns of a coefficient: those of its field, and how much more there is of its own deformation.
    count, M = len(used), len(modes)
    amplitude = np.clip(AMPLITUDE * reach[used], *AMPLITUDES)
    stretches = np.minimum(STRETCH, AMPLITUDES[1] / reach[used])
    modes, own, before = modes[:, zone], stretches[:, None, None] * basis[used][:, zone], at(correction)[:, zone]
    amounts = head.expression[:, used]
    normal = np.zeros((count, M + 1, count, M + 1))
    right = np.zeros((count, M + 1))
    for rows, slope, residual, weight in fit.linearised(head):
        t = fit.observations.timestep[rows]
        root = np.sqrt(weight[:, zone])
        by = slope[:, zone] * root[..., None, None]
        left = residual[:, zone] * root[..., None]
        # What is explained already is for this solution to explain.
        left = left + np.einsum("nlij,nlj->nli", by, np.tensordot(head.expression[t], before, 1))
        left = left.reshape(len(t), -1)
        field = np.einsum("nlij,mlj->nlim", by, modes, optimize=True).reshape(len(t), -1, M)
        stretch = np.einsum("nlij,elj->nlie", by, own, optimize=True).reshape(len(t), -1, count)
        e = amounts[t]
        a = e * amplitude
        field_t = field.transpose(0, 2, 1)
        pairs = np.einsum("ne,nf->nef", a, a).reshape(len(t), -1)
        squares = (field_t @ field).reshape(len(t), -1)
        normal[:, :M, :, :M] += (pairs.T @ squares).reshape(count, count, M, M).transpose(0, 2, 1, 3)
        mixed = np.einsum("ne,nf,nmf->emf", a, e, field_t @ stretch, optimize=True)
        normal[:, :M, :, M] += mixed
        normal[:, M, :, :M] += mixed.transpose(2, 0, 1)
        normal[:, M, :, M] += np.einsum("ne,nf,nef->ef", e, e, stretch.transpose(0, 2, 1) @ stretch, optimize=True)
        right[:, :M] += np.einsum("ne,nm->em", a, np.einsum("nmk,nk->nm", field_t, left))
        right[:, M] += np.einsum("ne,nke,nk->e", e, stretch, left, optimize=True)
    names = [rig.expression_names[e] for e in used]
    precision = _precision(names, np.append(fields.parity, 1.0))
    unknowns = count * (M + 1)
    solved = np.linalg.solve(normal.reshape(unknowns, unknowns) + precision, right.ravel()).reshape(count, M + 1)
    found = np.zeros_like(correction)
    found[used] = np.tensordot(amplitude[:, None] * solved[:, :M], fields.modes, 1)
    found[used] += (stretches * solved[:, M])[:, None, None] * rig.expression_basis[used] * fields.soft[:, None]
    return found


def _precision(names: list[str], parity: Doubles) -> Doubles:
    """The inverse covariance (e m, e m) of the unknowns of the coefficients ``names`` (e) and modes of ``parity`` (m).

    What belongs to one side is like the mirror image of what belongs to the other, and what belongs to both sides is
    like its own.
    """
    m = len(parity)
    precision = np.zeros((len(names), m, len(names), m))
    each = np.arange(m)
    for e, name in enumerate(names):
        other = _other_side(name)
        if other == name:
            precision[e, each, e, each] = np.where(parity > 0, 1.0, (1 + ALIKE) / (1 - ALIKE))
        elif other in names:
            precision[e, each, e, each] = 1 / (1 - ALIKE**2)
            precision[e, each, names.index(other), each] = -ALIKE * parity / (1 - ALIKE**2)
        else:
            precision[e, each, e, each] = 1.0
    return precision.reshape(len(names) * m, -1)


def _other_side(name: str) -> str:
    """The coefficient that does on the other side what ``name`` does; ``name`` itself where it belongs to both."""
    if "Left" in name:
        return name.replace("Left", "Right")
    return name.replace("Right", "Left")


def _covariance(a: Doubles, b: Doubles, sign: float) -> Doubles:
    """(A, B) of the process at points ``a`` and ``b``: its part that mirroring takes to ``sign`` times itself."""
    half = 0.5 * (kernel(a, b, WAVES) + sign * kernel(a, b * np.array([-1.0, 1.0, 1.0]), WAVES))
    return np.asarray(half)
