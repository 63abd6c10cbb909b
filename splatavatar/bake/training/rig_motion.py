"""Rig parameters of every timestep, posed for the trainer and refined by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from splatavatar.array_types import Floats
from splatavatar.bake.engines.engine import sent
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.rig import skinning
from splatavatar.rig.rig import Rig

MOVING = ("expression", "joint_rotations", "translation", "template_offset")
"""tensors of a ``RigMotion`` that a bake may refine: rows of timesteps, and one template for all"""


class RigMotion:
    """T timesteps of one rig."""

    def __init__(self, rig: Rig, parameters: RigParameters, device: torch.device | None = None) -> None:
        """``rig`` with the identity and the offsets of ``parameters``; the tensors are on ``device``."""
        poses = [pose_parameters(rig, parameters, t) for t in range(len(parameters.expression))]
        self.rig = rig
        self.device = device or torch.device("cpu")
        self._tensors = skinning.tensor_rig(rig, torch.float32, self.device)
        self.expression = torch.from_numpy(np.stack([p.expression for p in poses])).to(self.device)
        self.joint_rotations = torch.from_numpy(np.stack([p.joint_rotations for p in poses])).to(self.device)
        self.translation = torch.from_numpy(np.stack([p.translation for p in poses])).to(self.device)
        self.template_offset = torch.zeros(len(rig.template), 3, device=self.device)
        self.expression_bounds = tuple(torch.tensor(bound, device=self.device) for bound in rig.expression_bounds)
        self._posed: dict[int, Tensor] = {}

    @property
    def inputs(self) -> Floats:
        """The inputs (T, D) of the correctives."""
        flat: Floats = self._inputs().numpy(force=True)
        return flat

    def psi(self, weights: Tensor, bias: Tensor) -> Tensor:
        """The corrective weights (T, K) of every timestep."""
        return (self._inputs() @ weights.T + bias).clamp(-PSI_LIMIT, PSI_LIMIT)

    def vertices(self, timestep: int) -> Tensor:
        """The posed vertices (V, 3), metres; kept until the rig moves."""
        return self.posed([timestep])[0]

    def posed(self, timesteps: Sequence[int]) -> Tensor:
        """The posed vertices (P, V, 3) of P timesteps, metres."""
        new = [t for t in dict.fromkeys(timesteps) if t not in self._posed]
        if new:
            with torch.no_grad():
                self._posed |= zip(new, self._pose(*self._values(sent(new, torch.int64, self.device))), strict=True)
        return torch.stack([self._posed[t] for t in timesteps])

    def leaves(self, rows: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Differentiable values of the timesteps ``rows`` (P) int64, by the names of ``MOVING``, and the vertices
        (P, V, 3) they give."""
        leaves = [value.detach().clone().requires_grad_() for value in self._values(rows)]
        return dict(zip(MOVING, leaves, strict=True)), self._pose(*leaves)

    def refined(self, parameters: RigParameters) -> RigParameters:
        """The ``parameters`` with the motion as it stands; the offsets are the rig's."""
        return replace(
            parameters,
            expression=self.expression.numpy(force=True).copy(),
            expression_names=self.rig.expression_names,
            joint_rotations={
                n: self.joint_rotations[:, j].numpy(force=True).copy() for j, n in enumerate(self.rig.joint_names)
            },
            translation=self.translation.numpy(force=True).copy(),
            template_offset=None,
            expression_offset=None,
        )

    def forget_poses(self) -> None:
        """Drops the vertices that are kept; called after the parameters have changed."""
        self._posed.clear()

    def _inputs(self) -> Tensor:
        return torch.cat([self.expression, self.joint_rotations.flatten(1)], 1)

    def _values(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        motion = (self.expression[rows], self.joint_rotations[rows], self.translation[rows])
        return (*motion, self.template_offset)

    def _pose(self, expression: Tensor, joint_rotations: Tensor, translation: Tensor, offset: Tensor) -> Tensor:
        rig = replace(self._tensors, template=self._tensors.template + offset)
        return skinning.pose(rig, expression, joint_rotations, translation).contiguous()
