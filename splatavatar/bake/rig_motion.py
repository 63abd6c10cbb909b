"""Rig parameters of every timestep, posed for the trainer and refined by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.rig import skinning
from splatavatar.rig.rig import PoseParameters, Rig

Floats = NDArray[np.float32]


def pose_parameters(rig: Rig, parameters: RigParameters, timestep: int) -> PoseParameters:
    """The parameters of one timestep in the order of ``rig``.

    Raises:
        RigError: a name that the rig does not have.
    """
    pose = PoseParameters.neutral(rig)
    expressions = {name: i for i, name in enumerate(rig.expression_names)}
    joints = {name: i for i, name in enumerate(rig.joint_names)}
    for name, value in zip(parameters.expression_names, parameters.expression[timestep], strict=True):
        if name not in expressions:
            raise RigError(f"the rig parameters hold an expression {name!r}, which {rig.kind} does not have")
        pose.expression[expressions[name]] = value
    for name, rotations in parameters.joint_rotations.items():
        if name not in joints:
            raise RigError(f"the rig parameters turn a joint {name!r}, which {rig.kind} does not have")
        pose.joint_rotations[joints[name]] = rotations[timestep]
    return pose


class RigMotion:
    """T timesteps of one rig."""

    def __init__(self, rig: Rig, parameters: RigParameters) -> None:
        poses = [pose_parameters(rig, parameters, t) for t in range(len(parameters.expression))]
        self.rig = rig
        self._tensors = skinning.tensor_rig(rig, torch.float32, "cpu")
        self.expression = torch.from_numpy(np.stack([p.expression for p in poses]))
        self.joint_rotations = torch.from_numpy(np.stack([p.joint_rotations for p in poses]))
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
                self._posed[timestep] = self._pose(
                    self.expression[timestep], self.joint_rotations[timestep], self.template_offset
                )
        return self._posed[timestep]

    def leaves(self, timestep: int) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Differentiable (expression, joint rotations, template offset) and the vertices they give."""
        values = (self.expression[timestep], self.joint_rotations[timestep], self.template_offset)
        leaves = tuple(v.detach().clone().requires_grad_() for v in values)
        return (leaves[0], leaves[1], leaves[2]), self._pose(*leaves)

    def forget_poses(self) -> None:
        """To be called after the parameters have changed."""
        self._posed.clear()

    def _pose(self, expression: Tensor, joint_rotations: Tensor, offset: Tensor) -> Tensor:
        rig = replace(self._tensors, template=self._tensors.template + offset)
        return skinning.pose(rig, expression, joint_rotations, torch.zeros(3)).contiguous()
