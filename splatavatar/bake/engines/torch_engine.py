"""The bake's inner loop in torch autograd on any backend: the twin that tests the others, and what they are measured
against."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target, added
from splatavatar.bake.engines.splats import PARAMETERS, Splats
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.gaussians.torch_binding import BoundTensors, to_world
from splatavatar.render.adam import adam_step
from splatavatar.render.rasterize import Backend, rasterize


def deform(
    splats: Splats, psi: Tensor, vertices: Tensor, faces: Tensor, eye: Tensor, correction: Tensor | None = None
) -> Gaussians[Tensor]:
    """The Gaussians in the world on posed ``vertices`` (V, 3), coloured as seen from ``eye`` (3).

    ``correction`` (N, 6) of position and colour replaces that of the correctives with weights ``psi`` (K).
    """
    if correction is None:
        correction = torch.einsum("k,knc->nc", psi, splats.correctives[: len(psi)])
    bound = BoundTensors(
        splats.face.long(),
        splats.barycentric,
        splats.position + correction[:, :3],
        splats.rotation,
        splats.log_scale.exp(),
        torch.sigmoid(splats.logit),
        splats.colour + correction[:, 3:],
        splats.sh,
    )
    return to_world(bound, vertices, faces.long(), eye)


def ssim_map(x: Tensor, y: Tensor) -> Tensor:
    """The SSIM (C, H, W) of two pictures (C, H, W) in [0, 1].

    Wang et al. 2004, eq. 13, with a Gaussian window of 7 x 7 and sigma 1.5.
    """
    tap = torch.exp(-0.5 * ((torch.arange(7, dtype=x.dtype, device=x.device) - 3) / 1.5) ** 2)
    tap = tap / tap.sum()

    def filtered(z: Tensor) -> Tensor:
        z = conv2d(z[:, None], tap[None, None, None, :], padding=(0, 3))
        return conv2d(z, tap[None, None, :, None], padding=(3, 0))[:, 0]

    mx, my = filtered(x), filtered(y)
    xx, yy, xy = filtered(x * x) - mx * mx, filtered(y * y) - my * my, filtered(x * y) - mx * my
    return (2 * mx * my + 1e-4) * (2 * xy + 9e-4) / ((mx * mx + my * my + 1e-4) * (xx + yy + 9e-4))


def photometric(
    colour: Tensor, alpha: Tensor, rgba: Tensor, target: Target, background: Tensor, weights: LossWeights
) -> tuple[Tensor, Tensor]:
    """The loss of a picture and, (3), its terms without their weights.

    Args:
        colour: (H, W, 3) over ``background`` (3).
        alpha: (H, W)
        rgba: (H, W, 4) uint8, the picture of ``target``
    """
    x0, y0, x1, y1 = target.rectangle
    truth = rgba[y0:y1, x0:x1].to(colour.dtype) / 255
    matte = truth[..., 3:]
    x, y = colour[y0:y1, x0:x1], truth[..., :3] * matte + (1 - matte) * background
    pixels = target.camera.width * target.camera.height
    l1 = (x - y).abs().sum() / (3 * pixels)
    dssim = (1 - ssim_map(x.permute(2, 0, 1), y.permute(2, 0, 1))).sum() / (3 * pixels)
    wrong = (alpha[y0:y1, x0:x1] - matte[..., 0]).square().sum() / pixels
    total = weights.l1 * l1 + weights.dssim * dssim + weights.matte * wrong
    return total, torch.stack([l1, dssim, wrong]).detach()


class TorchEngine:
    """See ``Engine``; ``backend`` is that of ``rasterize``. One picture after another, autograd for everything."""

    def __init__(self, faces: Tensor, backend: Backend, device: torch.device) -> None:
        self.faces, self.backend, self.device = faces.to(device), backend, device
        self._pictures: dict[int, Tensor] = {}
        # SSIM subtracts squares of means from means of squares: the 10 bits that convolutions on a GPU keep by default
        # are too few.
        torch.backends.cudnn.allow_tf32 = False

    def prepare(self, targets: Sequence[Target]) -> None:
        self._pictures = {id(target): torch.from_numpy(target.rgba).to(self.device) for target in targets}

    def render(self, splats: Splats, psi: Tensor, vertices: Tensor, target: Target) -> Tensor:
        with torch.no_grad():
            eye = torch.as_tensor(target.camera.position, dtype=vertices.dtype, device=self.device)
            gaussians = deform(splats, psi, vertices, self.faces, eye)
            image = rasterize(gaussians, target.camera, (0.0, 0.0, 0.0), self.backend)
            return torch.cat([image.colour.permute(2, 0, 1), 1 - image.alpha[None]])

    def gradients(
        self, splats: Splats, shots: Shots, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        rest = (weights, least_weight, with_vertices)
        return reduce(added, (self._gradients(splats, shots, number, *rest) for number in range(len(shots))))

    def _gradients(
        self, splats: Splats, shots: Shots, number: int, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        """Of one picture, times its share in the mean."""
        target, pose, background = shots.targets[number], shots.pose[number], shots.background[number]
        leaves = {name: value.detach().requires_grad_() for name, value in splats.parameters.items()}
        moving = shots.vertices.detach().requires_grad_(with_vertices)
        psi, dtype = shots.psi[pose], moving.dtype
        correction = torch.einsum("k,knc->nc", psi, splats.correctives[: len(psi)]).detach().requires_grad_()
        eye = torch.as_tensor(target.camera.position, dtype=dtype, device=self.device)
        gaussians = deform(Splats(**{**vars(splats), **leaves}), psi, moving[pose], self.faces, eye, correction)
        gaussians.mean.retain_grad()
        # The gradient of a constant added to every colour is the sum of blending weights.
        probe = torch.zeros_like(gaussians.opacity, requires_grad=True)
        seen = Gaussians(
            gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour + probe[:, None]
        )
        image = rasterize(seen, target.camera, background, self.backend)
        behind = torch.tensor(background, dtype=dtype, device=self.device)
        rgba = self._pictures.get(id(target))
        if rgba is None:
            rgba = torch.from_numpy(target.rgba).to(self.device)
        loss, terms = photometric(image.colour, image.alpha, rgba, target, behind, weights)
        (weight,) = torch.autograd.grad(image.colour[..., 0].sum(), probe, retain_graph=True)
        (loss / len(shots)).backward()  # type: ignore[no-untyped-call]
        T = torch.as_tensor(target.camera.T_camera_world, dtype=dtype, device=self.device)
        g_mean = gaussians.mean.grad
        assert g_mean is not None
        depth = (gaussians.mean.detach() @ T[2, :3] + T[2, 3]).clamp(min=1e-3)
        g_camera = g_mean @ T[:3, :3].T * len(shots)
        motion = torch.stack(
            [
                g_camera[:, 0] * depth / float(target.camera.K[0, 0]) * (target.camera.width / 2),
                g_camera[:, 1] * depth / float(target.camera.K[1, 1]) * (target.camera.height / 2),
            ]
        ).norm(dim=0)
        out = {n: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for n, leaf in leaves.items()}
        shared = (
            correction.grad[None]
            if len(psi) and correction.grad is not None
            else correction.new_empty(0, len(splats), 6)
        )
        views = (weight > least_weight).to(torch.float32)
        return Gradients(out, shared, moving.grad, motion, weight.detach(), views, terms / len(shots))

    def update(self, splats: Splats, first: Splats, second: Splats, gradients: Gradients, step: AdamStep) -> None:
        on = step.visible.bool()
        for name in PARAMETERS:
            state = (getattr(splats, name), getattr(first, name), getattr(second, name))
            rows = on.view(-1, *[1] * (state[0].dim() - 1))
            adam_step(*state, gradients.parameters[name], rows, step.rates[name], step.shrinks[name], step.number)
        k = step.psi.shape[1]
        if k:
            state = (splats.correctives[:k], first.correctives[:k], second.correctives[:k])
            gradient = torch.einsum("bk,bnc->knc", step.psi, gradients.shared)
            rate, shrink = step.rates["correctives"], step.shrinks["correctives"]
            adam_step(*state, gradient, on[None, :, None], rate, shrink, step.number)
