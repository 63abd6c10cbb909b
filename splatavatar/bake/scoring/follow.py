"""Photometric tracking: rig parameters of a picture that a finished avatar explains best.

The avatar stays as it is; expression, neck and place are moved from where the landmarks put them down the gradient of
the photometric loss, through the rasterizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from splatavatar.avatar.avatar import Avatar
from splatavatar.bake.engines.engine import LossWeights, Shots, Target
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.training.schedule import Schedule
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.render.adam import BETA1
from splatavatar.rig import skinning
from splatavatar.rig.rig import PoseParameters

BETA2 = 0.95
"""of Adam's second moment: a picture is followed in a few tens of steps"""


@dataclass(frozen=True)
class FollowSettings:
    """How far and how fast."""

    steps: int = 30
    rates: tuple[float, float, float] = (0.02, 2e-3, 3e-4)
    """Adam step sizes at the start: coefficients, radians, metres; they fall to a tenth"""
    sigmas: tuple[float, float, float] = (0.15, 0.05, 0.005)
    """how far the landmarks may be wrong"""
    prior: float = 2e-4
    """loss of one standard deviation of everything"""
    loss: LossWeights = field(default_factory=lambda: Schedule().loss)


class PhotometricFollower:
    """Follows one person through pictures with the avatar of that person."""

    def __init__(self, avatar: Avatar, settings: FollowSettings | None = None) -> None:
        self.avatar, self.settings = avatar, settings or FollowSettings()
        self._rig = skinning.tensor_rig(avatar.rig, torch.float32, "cpu")
        self._splats = splats_of(avatar)
        self._engine = NativeEngine(torch.from_numpy(avatar.rig.faces))
        self._weights = torch.from_numpy(avatar.correctives.weights)
        self._bias = torch.from_numpy(avatar.correctives.bias)
        self._bounds = tuple(torch.tensor(bound) for bound in avatar.rig.expression_bounds)

    def follow(
        self, start: PoseParameters, targets: Sequence[Target], about: PoseParameters | None = None
    ) -> PoseParameters:
        """The parameters near ``about``, searched from ``start`` on, that show ``targets``, pictures of one timestep,
        best. Without ``about`` they are near ``start``."""
        settings = self.settings
        values, origin = _tensors(start), _tensors(about or start)
        free = [torch.ones_like(origin[0]), self._free_joints(origin[1]), torch.ones_like(origin[2])]
        first, second = [torch.zeros_like(v) for v in values], [torch.zeros_like(v) for v in values]
        for step in range(1, settings.steps + 1):
            decay = 0.1 ** (step / settings.steps)
            for i, gradient in enumerate(self._gradients(values, targets)):
                away = (values[i] - origin[i]) / settings.sigmas[i] ** 2 / sum(v.numel() for v in values)
                g = (gradient + settings.prior * away) * free[i]
                first[i].mul_(BETA1).add_(g, alpha=1 - BETA1)
                second[i].mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
                moved = (first[i] / (1 - BETA1**step)) / ((second[i] / (1 - BETA2**step)).sqrt() + 1e-10)
                values[i] -= settings.rates[i] * decay * moved
            values[0].clamp_(*self._bounds)
        return PoseParameters(*(v.numpy() for v in values))

    def _free_joints(self, rotations: Tensor) -> Tensor:
        """(J, 3) ones for the joints that carry the head, for the root, and for those that an expression turns, such as
        a jaw."""
        free = torch.zeros_like(rotations)
        for joint, _ in self.avatar.rig.head_chain:
            free[joint] = 1.0
        free[0] = 1.0
        turned = self.avatar.rig.arkit_joint_map
        if turned is not None:
            free[np.flatnonzero(turned.any((1, 2)))] = 1.0
        return free

    def _gradients(self, values: list[Tensor], targets: Sequence[Target]) -> list[Tensor]:
        leaves = [v.detach().clone().requires_grad_() for v in values]
        vertices = skinning.pose(self._rig, *leaves).contiguous()
        inputs = torch.cat([values[0], values[1].flatten()])
        psi = (self._weights @ inputs + self._bias).clamp(-PSI_LIMIT, PSI_LIMIT)
        count = len(targets)
        shots = Shots(tuple(targets), (0,) * count, vertices.detach()[None], psi[None], ((0.6, 0.6, 0.6),) * count)
        gradients = self._engine.gradients(self._splats, shots, self.settings.loss, 0.0, True)
        assert gradients.vertices is not None
        vertices.backward(gradients.vertices[0])  # type: ignore[no-untyped-call]
        return [torch.zeros_like(v) if leaf.grad is None else leaf.grad for v, leaf in zip(values, leaves, strict=True)]


def _tensors(pose: PoseParameters) -> list[Tensor]:
    return [torch.from_numpy(v.copy()) for v in (pose.expression, pose.joint_rotations, pose.translation)]


def splats_of(avatar: Avatar) -> Splats:
    """The Gaussians of ``avatar`` as an engine takes them."""
    g, c = avatar.gaussians, avatar.correctives
    order = np.argsort(g.face, kind="stable")
    opacity = np.clip(g.opacity[order], 1e-4, 1 - 1e-4)
    both = np.concatenate([c.position, c.colour], -1)[:, order] if len(c) else np.zeros((0, len(order), 6), np.float32)

    def tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.float32))

    return Splats(
        face=torch.from_numpy(np.ascontiguousarray(g.face[order], np.int32)),
        barycentric=tensor(g.barycentric[order]),
        position=tensor(g.position[order]),
        rotation=tensor(g.rotation[order]),
        log_scale=tensor(np.log(np.maximum(g.scale[order], 1e-9))),
        logit=tensor(np.log(opacity / (1 - opacity))),
        colour=tensor(g.colour[order]),
        sh=tensor(g.sh[order]),
        correctives=tensor(both),
    )
