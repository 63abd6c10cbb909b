"""The bake's inner loop in torch autograd: for CUDA through gsplat, and the twin that tests the native engine."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, normalize

from splatavatar.bake.engine import Gradients, LossWeights, Target
from splatavatar.bake.native_engine import BETA1, BETA2, EPSILON
from splatavatar.bake.splats import PARAMETERS, Splats
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import Backend, rasterize


def triangle_frames(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """Rotations (F, 3, 3) with columns edge, normal, edge x normal, and sizes (F).

    The torch twin of ``gaussians.binding``.
    """
    corner = vertices[faces]
    edge, side = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    a, n = normalize(edge, dim=-1), normalize(torch.linalg.cross(edge, side), dim=-1)
    b = torch.linalg.cross(a, n)
    return torch.stack([a, n, b], -1), 0.5 * (edge.norm(dim=-1) + (b * side).sum(-1).abs())


def quaternions(matrices: Tensor) -> Tensor:
    """Quaternions wxyz (M, 4), not normalised, of rotation matrices (M, 3, 3).

    Of the four columns of the symmetric matrix 4 q q^T the one with the largest diagonal is taken, which is exact at
    every angle.
    """
    m = matrices
    t = [m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]]
    ww, xx = 1 + t[0] + t[1] + t[2], 1 + t[0] - t[1] - t[2]
    yy, zz = 1 - t[0] + t[1] - t[2], 1 - t[0] - t[1] + t[2]
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    columns = torch.stack([ww, wx, wy, wz, wx, xx, xy, xz, wy, xy, yy, yz, wz, xz, yz, zz], -1).reshape(-1, 4, 4)
    largest = torch.stack([ww, xx, yy, zz], -1).argmax(-1)
    return columns[torch.arange(len(m), device=m.device), largest]


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Products (M, 4) of quaternions wxyz."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def deform(splats: Splats, psi: Tensor, vertices: Tensor, faces: Tensor, eye: Tensor) -> Gaussians[Tensor]:
    """The Gaussians in the world on posed ``vertices`` (V, 3), coloured as seen from ``eye`` (3)."""
    frames, size = triangle_frames(vertices, faces.long())
    face = splats.face.long()
    R, k = frames[face], size[face, None]
    still = torch.zeros_like(splats.position).repeat(1, 2)
    correction = torch.einsum("k,knc->nc", psi, splats.correctives) if len(psi) else still
    origin = torch.einsum("nc,nci->ni", splats.barycentric, vertices[faces.long()[face]])
    mean = origin + k * torch.einsum("nij,nj->ni", R, splats.position + correction[:, :3])
    direction = torch.einsum("nji,nj->ni", R, normalize(mean - eye, dim=-1))
    colour = splats.colour + correction[:, 3:] + torch.einsum("nci,ni->nc", splats.sh, direction)
    return Gaussians(
        mean,
        multiply(quaternions(R), normalize(splats.rotation, dim=-1)),
        k * splats.log_scale.exp(),
        torch.sigmoid(splats.logit),
        colour.clamp(min=0),
    )


def ssim_map(x: Tensor, y: Tensor) -> Tensor:
    """(C, H, W) SSIM of two pictures (C, H, W) in [0, 1].

    Wang et al. 2004, eq. 13, with a Gaussian window of 11 x 11 and sigma 1.5.
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
    colour: Tensor, alpha: Tensor, target: Target, background: Tensor, weights: LossWeights
) -> tuple[Tensor, tuple[float, float, float]]:
    """The loss of a picture and its three terms.

    Args:
        colour: (H, W, 3) over ``background`` (3).
        alpha: (H, W)
    """
    x0, y0, x1, y1 = target.rectangle
    truth = torch.as_tensor(target.rgba, dtype=colour.dtype, device=colour.device)[y0:y1, x0:x1] / 255
    matte = truth[..., 3:]
    x, y = colour[y0:y1, x0:x1], truth[..., :3] * matte + (1 - matte) * background
    pixels = target.camera.width * target.camera.height
    l1 = (x - y).abs().sum() / (3 * pixels)
    dssim = (1 - ssim_map(x.permute(2, 0, 1), y.permute(2, 0, 1))).sum() / (3 * pixels)
    wrong = (alpha[y0:y1, x0:x1] - matte[..., 0]).square().sum() / pixels
    total = weights.l1 * l1 + weights.dssim * dssim + weights.matte * wrong
    return total, (float(l1.detach()), float(dssim.detach()), float(wrong.detach()))


class TorchEngine:
    """See ``Engine``; ``backend`` is that of ``rasterize``.

    Tensors come from and return to the CPU; ``device`` does the work.
    """

    def __init__(self, faces: Tensor, backend: Backend, device: torch.device) -> None:
        self.faces, self.backend, self.device = faces.to(device), backend, device

    def gradients(
        self,
        splats: Splats,
        psi: Tensor,
        vertices: Tensor,
        target: Target,
        background: tuple[float, float, float],
        weights: LossWeights,
        with_vertices: bool,
    ) -> Gradients:
        here = {name: tensor.to(self.device) for name, tensor in vars(splats).items()}
        leaves = {name: here[name].detach().requires_grad_() for name in PARAMETERS}
        moving = vertices.to(self.device).detach().requires_grad_(with_vertices)
        dtype = vertices.dtype
        eye = torch.as_tensor(target.camera.position, dtype=dtype, device=self.device)
        gaussians = deform(Splats(**{**here, **leaves}), psi.to(self.device), moving, self.faces, eye)
        gaussians.mean.retain_grad()
        # The gradient of a constant added to every colour is the sum of blending weights.
        probe = torch.zeros_like(gaussians.opacity, requires_grad=True)
        seen = Gaussians(
            gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour + probe[:, None]
        )
        image = rasterize(seen, target.camera, background, self.backend)
        behind = torch.tensor(background, dtype=dtype, device=self.device)
        loss, terms = photometric(image.colour, image.alpha, target, behind, weights)
        (weight,) = torch.autograd.grad(image.colour[..., 0].sum(), probe, retain_graph=True)
        loss.backward()  # type: ignore[no-untyped-call]
        T = torch.as_tensor(target.camera.T_camera_world, dtype=dtype, device=self.device)
        g_mean = gaussians.mean.grad
        assert g_mean is not None
        depth = (gaussians.mean.detach() @ T[2, :3] + T[2, 3]).clamp(min=1e-3)
        g_camera = g_mean @ T[:3, :3].T
        motion = torch.stack(
            [
                g_camera[:, 0] * depth / float(target.camera.K[0, 0]) * (target.camera.width / 2),
                g_camera[:, 1] * depth / float(target.camera.K[1, 1]) * (target.camera.height / 2),
            ]
        ).norm(dim=0)
        out = {n: (torch.zeros_like(leaf) if leaf.grad is None else leaf.grad).cpu() for n, leaf in leaves.items()}
        g_vertices = None if moving.grad is None else moving.grad.cpu()
        return Gradients(out, g_vertices, motion.cpu(), weight.detach().cpu(), terms)

    def adam(
        self,
        value: Tensor,
        first: Tensor,
        second: Tensor,
        gradient: Tensor,
        visible: Tensor,
        rate: float,
        shrink: float,
        step: int,
    ) -> None:
        on = visible.bool().view(-1, *[1] * (value.dim() - 1))
        _adam_step(value, first, second, gradient, on, rate, shrink, step)

    def adam_rank_one(
        self,
        value: Tensor,
        first: Tensor,
        second: Tensor,
        psi: Tensor,
        shared: Tensor,
        visible: Tensor,
        rate: float,
        shrink: float,
        step: int,
    ) -> None:
        _adam_step(value, first, second, psi[:, None, None] * shared, visible.bool()[None, :, None], rate, shrink, step)


def _adam_step(
    value: Tensor, first: Tensor, second: Tensor, gradient: Tensor, on: Tensor, rate: float, shrink: float, step: int
) -> None:
    first.copy_(torch.where(on, BETA1 * first + (1 - BETA1) * gradient, first))
    second.copy_(torch.where(on, BETA2 * second + (1 - BETA2) * gradient * gradient, second))
    update = rate * first / (1 - BETA1**step) / ((second / (1 - BETA2**step)).sqrt() + EPSILON)
    value.copy_(torch.where(on, shrink * value - update, value))
