"""The parametric body: arrays that a loader fills and that skinning, binding and retargeting consume."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from splatavatar.array_types import Floats, Ints


@dataclass(frozen=True)
class SurfacePoints:
    """Points fixed to the surface: a triangle and barycentric coordinates each."""

    face: Ints
    """(L) index into ``Rig.faces``"""
    barycentric: Floats
    """(L, 3), rows sum to one"""


@dataclass(frozen=True)
class Rig:
    """A linear body model in the rig frame: metres, right-handed, +Y up, facing +Z, +X the subject's left.

    Posing is: vertices = LBS(template + identity . identity_basis + expression . expression_basis + (R - I) .
    pose_basis), with the joints moved by the identity as well, in some models by the expression too. Rest joint frames
    are parallel to the rig frame, so a joint rotation is an axis-angle vector in rig axes.
    """

    kind: str
    """name of the loader: ``anny-head``, ``anny-bust``, ``anny-body``, or what another package registers"""
    template: Floats
    """(V, 3) neutral vertices, metres"""
    faces: Ints
    """(F, 3) vertex indices, counter-clockwise seen from outside"""
    uv: Floats
    """(F, 3, 2) texture coordinates of each face corner, in [0, 1]"""
    identity_basis: Floats
    """(I, V, 3) metres per unit coefficient; I = 0 once the identity is folded in"""
    identity_names: tuple[str, ...]
    """(I)"""
    expression_basis: Floats
    """(E, V, 3) metres per unit coefficient"""
    expression_names: tuple[str, ...]
    """(E)"""
    joints: Floats
    """(J, 3) rest positions for the template; joint 0 is the root"""
    joint_identity_basis: Floats
    """(I, J, 3) metres per unit identity coefficient"""
    joint_names: tuple[str, ...]
    """(J)"""
    parents: Ints
    """(J) index of the parent, always smaller than the own index; -1 for the root"""
    skin_joints: Ints
    """(V, W) joints that move a vertex; W is 4 but where a body model has more"""
    skin_weights: Floats
    """(V, W) non-negative, rows sum to one"""
    arkit_map: Floats
    """(E, 52) from ARKit coefficients in ``arkit.NAMES`` order to expression coefficients"""
    head_chain: tuple[tuple[int, float], ...]
    """(joint, share) that a head rotation is spread over; shares sum to one"""
    eye_joints: tuple[int, int]
    """joints of the left and right eyeball, -1 where the rig turns its eyes by expression alone"""
    regions: dict[str, Ints] = field(default_factory=dict)
    """face indices by name: skin, lips, eye_left, eye_right, eye_sockets, teeth_upper, teeth_lower, tongue and mouth
    partition the mesh; eyelids, ears, neck, scalp and, of a bust, torso are parts of skin, and so
    is body, of FLAME and SMPL-X what the head does not carry; carriers are no surface"""
    landmarks: dict[str, SurfacePoints] = field(default_factory=dict)
    """``mediapipe`` (478) and ``ibug68`` (68)"""
    licence: str = ""
    """notice of the assets the rig is made from"""
    arkit_joint_map: Floats | None = None
    """(J, 3, 52) from ARKit coefficients to joint rotations, radians about rig axes per unit coefficient, as where a
    jaw is a joint; None: they move the expression alone"""
    expression_range: Floats | None = None
    """(E, 2) least and largest value that an expression coefficient takes; None: 0 and 1"""
    pose_basis: Floats | None = None
    """(9 (J - 1), V, 3) metres per unit of the entries of R - I, row by row, where R turns a joint; of each joint but
    the root, in their order: the pose correctives of SMPL (Loper et al. 2015, eq. 9). None: turns change no shape"""
    joint_expression_basis: Floats | None = None
    """(E, J, 3) metres per unit expression coefficient that the joints at rest move by; None: they stay"""
    identity_deviation: Floats | None = None
    """(I) standard deviation of each identity parameter about 0, independent of one another; None: they are Anny's"""

    @property
    def corrective_inputs(self) -> int:
        """Length D = E + 3 J of the vector that drives correctives: expression, then joint rotations."""
        return len(self.expression_names) + 3 * len(self.joint_names)

    @property
    def head_joint(self) -> int:
        """The joint that the head hangs on: the last of ``head_chain``."""
        return self.head_chain[-1][0]

    @property
    def expression_bounds(self) -> tuple[Floats, Floats]:
        """The least and the largest value (E) of every expression coefficient."""
        if self.expression_range is None:
            count = len(self.expression_names)
            return np.zeros(count, np.float32), np.ones(count, np.float32)
        return self.expression_range[:, 0], self.expression_range[:, 1]


@dataclass(frozen=True)
class PoseParameters:
    """What moves a rig with a folded identity, for one frame."""

    expression: Floats
    """(E) coefficients"""
    joint_rotations: Floats
    """(J, 3) axis-angle, radians, rig axes; row 0 turns the whole body about the root joint"""
    translation: Floats
    """(3) metres, added after skinning"""

    @staticmethod
    def neutral(rig: Rig) -> PoseParameters:
        """The rest pose of ``rig``."""
        return PoseParameters(
            np.zeros(len(rig.expression_names), np.float32),
            np.zeros((len(rig.joint_names), 3), np.float32),
            np.zeros(3, np.float32),
        )
