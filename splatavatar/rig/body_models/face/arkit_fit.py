"""How a body model shows each of the 52 ARKit coefficients: its expression, its jaw and its eyes.

A coefficient is a deformation of the template (``carried.py``). The expression that shows it best is a regularised
least-squares fit: expression coefficients have a variance of 1 in the people that the model was made of, which is the
prior. Where the lower teeth move, the jaw turns as they do, so that a mouth opens by its hinge; turns are exact, not
linear. mouthClose brings the lips together over an open jaw and is fitted there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rotations import axis_angles as vectors_of
from splatavatar.rotations import nearest_rotations, rotation_matrices

BOUND = 3.0
"""the largest size of an expression coefficient: what lies beyond three standard deviations is nobody's face"""
MISS, DOUBT = 0.3e-3, 0.1
"""metres by which a face of the model misses a deformation, usually, and the share of its size that is not known"""
PLACES = 100
"""of a face that miss it independently of one another"""
TEETH = 0.5
"""by how much the lower teeth count, beside the whole face"""
TEETH_MOVE = 1e-3
"""metres: where a coefficient moves the lower teeth by more than this, the jaw turns"""
TURN = 0.3
"""radians, usual size of a turn of the jaw"""
ROUNDS = 6
"""of the fit with a turn, in each of which it is made linear again"""
OPEN_MOUTHS = {"mouthClose": "jawOpen"}
"""coefficients that mean something while another is as large"""
AJAR = 0.4
"""both, where they are fitted: nobody closes lips over a jaw that is open wide"""
EYE_SIZE, EYE_SHARE = 0.012, 0.03
"""metres from the middle of an eye to what is seen turning, and how much that counts, in the condition of the map"""
RESTING = 0.3
"""by how much a vertex that a coefficient leaves alone counts, beside the one that it moves most: else a deformation
that the model can show in part becomes a faint one"""
STILL = 1e-4
"""metres: a deformation that moves nothing by more than this is none"""
OPPOSITE = (
    *((f"eyeLookIn{side}", f"eyeLookOut{side}") for side in ("Left", "Right")),
    *((f"eyeLookUp{side}", f"eyeLookDown{side}") for side in ("Left", "Right")),
    ("jawLeft", "jawRight"),
)
"""coefficients of which the difference counts"""
NUDGE = 1e-5
"""radians, for the derivatives by a turn"""


@dataclass(frozen=True)
class Face:
    """What is fitted: the deformations of a face, and the places on it that count."""

    rows: Longs
    """(N) vertices of the model that show them"""
    weight: Doubles
    """(N) by how much each counts; they sum to one"""
    deformations: Doubles
    """(52, N, 3) metres"""
    teeth: Doubles
    """(T, 3) where lower teeth are, metres"""
    teeth_moves: Doubles
    """(52, T, 3) metres"""
    eye_turns: Doubles
    """(52, 2, 3) radians, axis-angle, of the left and the right eye"""


@dataclass(frozen=True)
class Fit:
    """The parameters of a model for every coefficient at 1."""

    expression: Doubles
    """(E, 52)"""
    jaw: Doubles
    """(3, 52) radians"""
    share: Doubles
    """(52) of the size of the deformation, the part that the model does not show; 0 where there is none"""
    missed: Doubles
    """(52) metres, the same as the root mean square over what the deformation moves"""
    condition: float
    """of the map: by how much better the best told of all faces is told than the worst"""


def fit(model: ModelFile, face: Face) -> Fit:
    """The expression and the turn of the jaw of ``model`` for every coefficient of ``face``."""
    solver = _Solver(model, face)
    E = model.expression_basis.shape[2]
    expression, jaw = np.zeros((E, len(NAMES))), np.zeros((3, len(NAMES)))
    later = [INDEX[name] for name in OPEN_MOUTHS]
    for k in [*(k for k in range(len(NAMES)) if k not in later), *later]:
        wanted, teeth = face.deformations[k], face.teeth_moves[k]
        if not np.abs(wanted).max(initial=0) > STILL:
            continue
        if NAMES[k] in OPEN_MOUTHS:
            other = INDEX[OPEN_MOUTHS[NAMES[k]]]
            both = AJAR * (wanted + face.deformations[other])
            expression[:, k] = solver.beside(both, AJAR * expression[:, other], AJAR * jaw[:, other])
        elif np.linalg.norm(teeth, axis=1).max(initial=0) > TEETH_MOVE:
            expression[:, k], jaw[:, k] = solver.with_jaw(wanted, teeth)
        else:
            expression[:, k] = solver.still(wanted)
    share, missed = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for k, name in enumerate(NAMES):
        wanted = face.deformations[k]
        own, turn, base = expression[:, k], jaw[:, k], np.zeros(wanted.shape)
        if name in OPEN_MOUTHS:
            other = INDEX[OPEN_MOUTHS[name]]
            wanted, turn = AJAR * wanted, AJAR * jaw[:, other]
            base = solver.shown(AJAR * expression[:, other], turn)
            own = AJAR * (own + expression[:, other])
        left = solver.size(solver.shown(own, turn) - base - wanted)
        whole = solver.size(wanted)
        if np.abs(wanted).max(initial=0) > STILL:
            moved = np.linalg.norm(wanted, axis=1) > 0.1 * np.linalg.norm(wanted, axis=1).max()
            share[k], missed[k] = left / whole, left / np.sqrt(max(face.weight[moved].sum(), 1e-12))
    return Fit(expression, jaw, share, missed, _condition(solver, expression, jaw, face))


class _Solver:
    """The part of a model that shows a face, made small."""

    def __init__(self, model: ModelFile, face: Face) -> None:
        joint = model.kind.jaw
        rows = face.rows
        self.basis = model.expression_basis[rows]  # (N, 3, E)
        self.places = model.template[rows]
        self.hinge = (model.joint_regressor @ model.template)[joint]
        self.jaw = model.weights[rows, joint][:, None]
        self.pose = model.pose_basis[rows][:, :, 9 * (joint - 1) : 9 * joint]
        self.root = np.sqrt(face.weight)[:, None]
        self.teeth = face.teeth

    def size(self, field: Doubles) -> float:
        """Root mean square, metres, of a deformation (N, 3)."""
        return float(np.linalg.norm(self.root * field))

    def shown(self, expression: Doubles, turn: Doubles) -> Doubles:
        """(N, 3) how far the vertices are moved."""
        matrix = rotation_matrices(turn)
        moved = self.basis @ expression
        if turn.any():
            moved = moved + self.pose @ (matrix - np.eye(3)).ravel()
            moved = moved + self.jaw * ((self.places + moved - self.hinge) @ (matrix - np.eye(3)).T)
        return np.asarray(moved)

    def still(self, wanted: Doubles) -> Doubles:
        """(E) the expression that shows ``wanted`` (N, 3)."""
        root = self._root(wanted)
        columns = self._turned(np.zeros(3), root)
        return _bounded(columns.T @ columns + self._prior(wanted), columns.T @ (root * wanted).ravel())

    def beside(self, wanted: Doubles, expression: Doubles, turn: Doubles) -> Doubles:
        """(E) of what ``AJAR`` is added to ``expression`` to show ``wanted`` (N, 3) while the jaw is turned."""
        left = wanted - self.shown(expression, turn)
        root = self._root(left)
        columns = self._turned(turn, root)
        return _bounded(columns.T @ columns + self._prior(left / AJAR), columns.T @ (root * left).ravel() / AJAR)

    def with_jaw(self, wanted: Doubles, teeth: Doubles) -> tuple[Doubles, Doubles]:
        """(E) and (3) the expression and the turn that show ``wanted`` (N, 3) and move teeth by ``teeth`` (T, 3)."""
        expression, turn = np.zeros(self.basis.shape[2]), np.zeros(3)
        arm, root, prior = self.teeth - self.hinge, self._root(wanted), self._prior(wanted)
        weigh = np.sqrt(TEETH / len(arm))
        for _ in range(ROUNDS):
            nudged = [turn + NUDGE * axis for axis in np.eye(3)]
            here = self.shown(expression, turn)
            slopes = [(root * (self.shown(expression, one) - here)).ravel() / NUDGE for one in nudged]
            on_teeth = [arm @ (rotation_matrices(one) - np.eye(3)).T for one in (turn, *nudged)]
            tooth_slopes = [weigh * (one - on_teeth[0]).ravel() / NUDGE for one in on_teeth[1:]]
            E = len(expression)
            columns = np.concatenate([self._turned(turn, root), np.stack(slopes, 1)], 1)
            rows = np.concatenate([np.zeros((arm.size, E)), np.stack(tooth_slopes, 1)], 1)
            square = columns.T @ columns + rows.T @ rows
            square[:E, :E] += prior
            square[E:, E:] += prior[:3, :3] / TURN**2
            left = (root * (wanted - here)).ravel() + columns @ np.append(expression, turn)
            tooth_left = weigh * (teeth - on_teeth[0]).ravel() + rows[:, E:] @ turn
            found = _bounded(square, columns.T @ left + rows.T @ tooth_left, E)
            expression, turn = found[:E], found[E:]
        return expression, turn

    def _root(self, wanted: Doubles) -> Doubles:
        """(N, 1) square roots of by how much the vertices count where ``wanted`` (N, 3) is to be shown."""
        size = np.linalg.norm(wanted, axis=1, keepdims=True)
        weight = self.root**2 * (RESTING + (1 - RESTING) * size / size.max())
        return np.asarray(np.sqrt(weight / weight.sum()))

    def _prior(self, wanted: Doubles) -> Doubles:
        """(E, E) what keeps expressions usual while ``wanted`` (N, 3) is to be shown."""
        return np.asarray((MISS**2 + (DOUBT * self.size(wanted)) ** 2) / PLACES * np.eye(self.basis.shape[2]))

    def _turned(self, turn: Doubles, root: Doubles) -> Doubles:
        """(3 N, E) what every expression does while the jaw is turned, weighed by ``root`` (N, 1)."""
        basis = self.basis
        if turn.any():
            basis = (np.eye(3) + self.jaw[..., None] * (rotation_matrices(turn) - np.eye(3))) @ basis
        return np.asarray((root[..., None] * basis).reshape(-1, basis.shape[2]))


def eye_turns(rest: Doubles, moved: Doubles) -> Doubles:
    """(N, 3) how ``moved`` (N, P, 3) has turned the points ``rest`` (P, 3) of an eyeball, radians."""
    before = rest - rest.mean(0)
    after = moved - moved.mean(1, keepdims=True)
    turns = vectors_of(nearest_rotations(np.einsum("npi,pj->nij", after, before)))
    return np.where(np.linalg.norm(turns, axis=1, keepdims=True) > NUDGE, turns, 0.0)


def _bounded(square: Doubles, wanted: Doubles, bounded: int | None = None) -> Doubles:
    """The x that minimises x square x / 2 - wanted x, its first ``bounded`` entries (None: all) within ``BOUND``."""
    found = np.linalg.solve(square, wanted)
    count = len(found) if bounded is None else bounded
    if np.abs(found[:count]).max(initial=0) <= BOUND:
        return np.asarray(found)
    from scipy.optimize import lsq_linear

    root = np.linalg.cholesky(square)
    most = np.full(len(found), np.inf)
    most[:count] = BOUND
    return np.asarray(lsq_linear(root.T, np.linalg.solve(root, wanted), (-most, most), method="bvls").x)


def _condition(solver: _Solver, expression: Doubles, jaw: Doubles, face: Face) -> float:
    """The condition number of what the coefficients show, each of the same size."""
    shown = np.stack([(solver.root * solver.shown(e, j)).ravel() for e, j in zip(expression.T, jaw.T, strict=True)])
    # Eyes are told by themselves, wherever the face does not show it.
    turns = face.eye_turns.reshape(len(NAMES), -1)
    rows = np.concatenate([shown, turns * (EYE_SIZE * np.sqrt(EYE_SHARE))], 1)
    # What turns one way and the other is one number.
    for one, other in OPPOSITE:
        rows[INDEX[one]] -= rows[INDEX[other]]
        rows[INDEX[other]] = 0
    length = np.linalg.norm(rows, axis=1)
    values = np.linalg.svd(rows[length > 0] / length[length > 0, None], compute_uv=False)
    return float(values[0] / max(values[-1], 1e-12))
