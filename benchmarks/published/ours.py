"""The toolkit's own avatar behind the same interface, so that its frames are timed by the same code."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from published.comparison import FRAMES, WARM_UP
from published.scene import Pose
from splatavatar.avatar.avatar import Avatar
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.engines.torch_engine import deform
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.gaussians.gaussians import PSI_LIMIT, Gaussians
from splatavatar.render.camera import Camera


@dataclass(frozen=True)
class OurAvatar:
    """An avatar of the toolkit as tensors of a device."""

    splats: Splats
    weights: Tensor
    """(K, D)"""
    bias: Tensor
    """(K)"""
    faces: Tensor
    """(F, 3)"""

    @staticmethod
    def of(avatar: Avatar, device: torch.device) -> OurAvatar:
        """``avatar`` on ``device``."""
        g, c = avatar.gaussians, avatar.correctives

        def tensor(array: object) -> Tensor:
            return torch.as_tensor(array).to(device)

        splats = Splats(
            face=tensor(g.face),
            barycentric=tensor(g.barycentric),
            position=tensor(g.position),
            rotation=tensor(g.rotation),
            log_scale=tensor(g.scale).log(),
            logit=tensor(g.opacity).clamp(1e-6, 1 - 1e-6).logit(),
            colour=tensor(g.colour),
            sh=tensor(g.sh),
            correctives=torch.cat([tensor(c.position), tensor(c.colour)], -1),
        )
        return OurAvatar(splats, tensor(c.weights), tensor(c.bias), tensor(avatar.rig.faces))

    def __len__(self) -> int:
        return len(self.splats.face)

    def gaussians(self, pose: Pose, vertices: Tensor, eye: Tensor) -> Gaussians[Tensor]:
        """See ``Player``."""
        inputs = torch.cat([pose.expression, pose.joint_rotations.flatten()])
        psi = (self.weights @ inputs + self.bias).clamp(-PSI_LIMIT, PSI_LIMIT)
        return deform(self.splats, psi, vertices, self.faces, eye)


def own_frames_a_second(avatar: Avatar, camera: Camera, device: str) -> float:
    """One over the median time of the toolkit's drive path, from the rig's parameters to bytes on the CPU."""
    recording, performer = moving_signal(), Performer(avatar, device, limit=None)
    poses = [performer.pose(recording.frame(number % len(recording))) for number in range(FRAMES)]
    times = []
    for number in range(-WARM_UP, FRAMES):
        began = perf_counter()
        performer.renderer.render(poses[number], camera, (1.0, 1.0, 1.0))
        if number >= 0:
            times.append(perf_counter() - began)
    return 1 / median(times)
