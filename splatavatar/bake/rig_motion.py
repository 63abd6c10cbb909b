"""Rig parameters of every timestep, posed for the trainer and refined by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.capture.capture import RigParameters
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.rig import skinning
from splatavatar.rig.rig import Rig

Floats = NDArray[np.float32]
MOVING = ("expression", "joint_rotations", "translation", "template_offset")
"""tensors of a ``RigMotion`` that a bake may refine: rows of timesteps, and one template for all"""


class RigMotion:
    """T timesteps of one rig."""

    def __init__(self, rig: Rig, parameters: RigParameters) -> None:
        """``rig`` with the identity and the template offset of ``parameters``."""
        poses = [pose_parameters(rig, parameters, t) for t in range(len(parameters.expression))]
        self.rig = rig
        self._tensors = skinning.tensor_rig(rig, torch.float32, "cpu")
        self.expression = torch.from_numpy(np.stack([p.expression for p in poses]))
        self.joint_rotations = torch.from_numpy(np.stack([p.joint_rotations for p in poses]))
        self.translation = torch.from_numpy(np.stack([p.translation for p in poses]))
        self.template_offset = torch.zeros(len(rig.template), 3)
        self._posed: dict[int, Tensor] = {}

    @property
    def inputs(self) -> Floats:
        """(T, D) inputs of the correctives."""
        flat: Floats = torch.cat([self.expression, self.joint_rotations.flatten(1)], 1).numpy()
        return flat

    def psi(self, weights: Tensor, bias: Tensor) -> Tensor:
        """(T, K) corrective weights of every timestep."""
        return (torch.from_numpy(self.inputs) @ weights.T + bias).clamp(-PSI_LIMIT, PSI_LIMIT)

    def vertices(self, timestep: int) -> Tensor:
        """(V, 3) posed vertices, metres; kept until the rig moves."""
        if timestep not in self._posed:
            with torch.no_grad():
                self._posed[timestep] = self._pose(*self._values(timestep))
        return self._posed[timestep]

    def leaves(self, timestep: int) -> tuple[dict[str, Tensor], Tensor]:
        """Differentiable values of one timestep, by the names of ``MOVING``, and the vertices they give."""
        leaves = [value.detach().clone().requires_grad_() for value in self._values(timestep)]
        return dict(zip(MOVING, leaves, strict=True)), self._pose(*leaves)

    def refined(self, parameters: RigParameters) -> RigParameters:
        """``parameters`` with the motion as it stands; the template offset is the rig's."""
        return replace(
            parameters,
            expression=self.expression.numpy().copy(),
            expression_names=self.rig.expression_names,
            joint_rotations={n: self.joint_rotations[:, j].numpy().copy() for j, n in enumerate(self.rig.joint_names)},
            translation=self.translation.numpy().copy(),
            template_offset=None,
        )

    def forget_poses(self) -> None:
        """To be called after the parameters have changed."""
        self._posed.clear()

    def _values(self, timestep: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        motion = (self.expression[timestep], self.joint_rotations[timestep], self.translation[timestep])
        return (*motion, self.template_offset)

    def _pose(self, expression: Tensor, joint_rotations: Tensor, translation: Tensor, offset: Tensor) -> Tensor:
        rig = replace(self._tensors, template=self._tensors.template + offset)
        return skinning.pose(rig, expression, joint_rotations, translation).contiguous()
