"""An avatar on a GPU: its tensors, and the numbers that move it from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.avatar.avatar import Avatar
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.render.gpu.bound import Bound
from splatavatar.rig.posing import joint_transforms, pose_entries
from splatavatar.rig.rig import PoseParameters

GAUSSIAN = ("face", "barycentric", "position", "rotation", "scale", "opacity", "colour", "sh")


@dataclass(frozen=True)
class CudaModel:
    """What stays on the GPU; ``numbers`` are what comes with every frame."""

    avatar: Avatar
    template: Tensor
    basis: Tensor
    """(B, V, 3) what changes the shape: the expressions, then the pose correctives where the rig has any"""
    skin_joints: Tensor
    skin_weights: Tensor
    faces: Tensor
    bound: Bound

    @property
    def length(self) -> int:
        """Floats of a pose: weights of the basis, joint maps, weights of the correctives."""
        return len(self.basis) + 12 * len(self.avatar.rig.joints) + len(self.bound.table)

    def numbers(self, poses: Sequence[PoseParameters], out: NDArray[np.float32]) -> None:
        """Writes ``out`` (P, length)."""
        rig, correctives = self.avatar.rig, self.avatar.correctives
        expression = np.stack([p.expression for p in poses])
        rotations = np.stack([p.joint_rotations for p in poses])
        turn, shift = joint_transforms(rig, rotations, expression)
        shift += np.stack([p.translation for p in poses])[:, None]
        maps = np.concatenate([turn, shift[..., None]], -1)
        inputs = np.concatenate([expression, rotations.reshape(len(poses), -1)], 1)
        psi = np.clip(inputs @ correctives.weights.T + correctives.bias, -PSI_LIMIT, PSI_LIMIT)
        shapes = expression if rig.pose_basis is None else np.concatenate([expression, pose_entries(rotations)], 1)
        e, k = shapes.shape[1], psi.shape[1]
        out[:, :e] = shapes
        out[:, e : out.shape[1] - k] = maps.reshape(len(poses), -1)
        out[:, out.shape[1] - k :] = psi


def cuda_model(avatar: Avatar, device: torch.device) -> CudaModel:
    """The tensors of ``avatar`` on ``device``; correctives as half floats, all else as it is."""
    rig, g, c = avatar.rig, avatar.gaussians, avatar.correctives

    def tensor(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    arrays: dict[str, NDArray[np.generic]] = {
        **{name: getattr(g, name) for name in GAUSSIAN},
        "table": np.concatenate([c.position, c.colour], -1).astype(np.float16),
    }
    if not len(g):  # the kernels want at least one Gaussian: a transparent one
        arrays = {
            name: np.zeros((len(c), 1, 6) if name == "table" else (1, *array.shape[1:]), array.dtype)
            for name, array in arrays.items()
        }
    bound = Bound(**{name: tensor(array) for name, array in arrays.items()}, raw=False)
    bases = [rig.expression_basis] if rig.pose_basis is None else [rig.expression_basis, rig.pose_basis]
    return CudaModel(
        avatar,
        tensor(rig.template),
        tensor(np.concatenate(bases)),
        tensor(rig.skin_joints),
        tensor(rig.skin_weights),
        tensor(rig.faces),
        bound,
    )
