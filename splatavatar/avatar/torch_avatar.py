"""An avatar in torch: posed and bound by differentiable operations, for fitting and research."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from splatavatar.avatar.avatar import Avatar
from splatavatar.gaussians.gaussians import PSI_LIMIT, Gaussians
from splatavatar.gaussians.torch_binding import BoundTensors, to_world
from splatavatar.rig.skinning import TensorRig, tensor_rig


@dataclass(frozen=True)
class TensorAvatar:
    """The arrays of an ``Avatar`` with N Gaussians and K correctives, as tensors."""

    rig: TensorRig
    """what ``pose`` takes"""
    faces: Tensor
    """(F, 3) int64"""
    gaussians: BoundTensors
    position: Tensor
    """(K, N, 3) correction of the position per unit of psi"""
    colour: Tensor
    """(K, N, 3) correction of the colour per unit of psi"""
    weights: Tensor
    """(K, D) of psi"""
    bias: Tensor
    """(K)"""


def tensor_avatar(
    avatar: Avatar, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> TensorAvatar:
    """Copies ``avatar`` to ``device``, with floating-point tensors of type ``dtype``."""

    def tensor(array: object) -> Tensor:
        return torch.as_tensor(array).to(device, dtype)

    g, c = avatar.gaussians, avatar.correctives
    values = (g.barycentric, g.position, g.rotation, g.scale, g.opacity, g.colour, g.sh)
    return TensorAvatar(
        tensor_rig(avatar.rig, dtype, device),
        torch.as_tensor(avatar.rig.faces, dtype=torch.int64, device=device),
        BoundTensors(torch.as_tensor(g.face, dtype=torch.int64, device=device), *map(tensor, values)),
        *map(tensor, (c.position, c.colour, c.weights, c.bias)),
    )


def bind(
    avatar: TensorAvatar, vertices: Tensor, expression: Tensor, joint_rotations: Tensor, eye: Tensor | None = None
) -> Gaussians[Tensor]:
    """The N Gaussians of ``avatar`` in the world, on ``vertices`` (V, 3) as ``pose`` returns them, metres.

    ``expression`` (E) and ``joint_rotations`` (J, 3) are those that were posed: the correctives follow them. ``eye``
    (3), metres, is the place of the camera that the colours are for; without, they are those of no view in particular.
    Differentiable in all of these and in every floating-point tensor of ``avatar``; ``rasterize`` takes the result.
    """
    bound = avatar.gaussians
    if len(avatar.bias):
        inputs = torch.cat([expression, joint_rotations.flatten()])
        psi = (avatar.weights @ inputs + avatar.bias).clamp(-PSI_LIMIT, PSI_LIMIT)
        bound = replace(
            bound,
            position=bound.position + torch.einsum("k,knc->nc", psi, avatar.position),
            colour=bound.colour + torch.einsum("k,knc->nc", psi, avatar.colour),
        )
    return to_world(bound, vertices, avatar.faces, eye)
