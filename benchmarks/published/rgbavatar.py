"""RGBAvatar (Li et al., CVPR 2025) on our rig and renderer.

A fixed set of Gaussians, one on each covered texel of the rig's texture map, whose position, rotation and colour are
blended from 20 bases by a small network that looks at the parameters of the rig. Batches of ten pictures, L1 alone, a
random background for every picture.

Their offline schedule is 50,000 pictures in 5,000 steps; here it is given a time, and what happens at picture i there
happens at the share i / 50,000 of the time. Their map of 256 x 256 texels is that of FLAME, which fills 58,515 of them;
the map of our rig fills less, so its side is chosen such that about as many are covered. Their tangent frames come
from the map, and so do ours; scales are metres, not those of the triangle. The network sees the expression, the
rotation of every joint but the root as its first two columns, and the translation. The learning rates of the bases stay
as they are; that of the position falls over the first 30,000 pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import linear, normalize, relu

from published.row_adam import RowAdam
from published.scene import Pace, Pose, Scene, Shuffled, exponential
from published.spherical_harmonics import DC
from published.texels import covered_texels, side_for
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.rig import Rig, SurfacePoints
from splatavatar.torch_rotations import quaternion_product, quaternions_of_matrices, rotation_matrices

PICTURES = 50_000
BATCH = 10
TEXELS = 58_515
BASES = 20
WIDTHS = (128, 128)
"""of the hidden layers"""
BLEND_FROM = 3_000
"""pictures after which the bases join in"""
POSITION_RATES, POSITION_UNTIL = (8e-4, 8e-6), 30_000
RATES = {
    "position": POSITION_RATES[0],
    "rotation": 5e-3,
    "log_scale": 0.025,
    "logit": 0.25,
    "dc": 0.0125,
    "position_basis": 0.05 * POSITION_RATES[0],
    "rotation_basis": 0.5 * 5e-3,
    "dc_basis": 0.5 * 0.0125,
}
NETWORK_RATE = 1e-3
SCALE, OPACITY = 8e-4, 0.5
"""of every Gaussian at the start, the former in metres"""
LIT = 0.1
"""sum of blending weights from which a Gaussian takes its first colour from a batch"""


@dataclass(frozen=True)
class RGBAvatar:
    """N Gaussians on the surface of a rig, with K bases."""

    faces: Tensor
    """(F, 3) of the rig"""
    uv: Tensor
    """(F, 3, 2) of the rig"""
    face: Tensor
    """(N) int64"""
    barycentric: Tensor
    """(N, 3)"""
    learned: dict[str, Tensor]
    """by the names of ``RATES``: position (N, 3) metres in the tangent frame, rotation (N, 4), log_scale (N, 3) of
    metres, logit (N), dc (N, 3), and the bases of three of them (N, K, ...)"""
    network: list[Tensor] = field(default_factory=list)
    """weights and biases of the layers"""
    blending: bool = True

    @staticmethod
    def start(rig: Rig, points: SurfacePoints, inputs: int, device: torch.device, seed: int = 0) -> RGBAvatar:
        """Small equal Gaussians at ``points``, bases of zeros."""
        count = len(points.face)
        learned = {
            "position": torch.zeros(count, 3),
            "rotation": torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(count, 1),
            "log_scale": torch.full((count, 3), SCALE).log(),
            "logit": torch.full((count,), OPACITY).logit(),
            "dc": torch.zeros(count, 3),
            "position_basis": torch.zeros(count, BASES, 3),
            "rotation_basis": torch.zeros(count, BASES, 4),
            "dc_basis": torch.zeros(count, BASES, 3),
        }
        random = torch.Generator().manual_seed(seed)
        network = []
        for before, after in zip((inputs, *WIDTHS), (*WIDTHS, BASES), strict=True):
            bound = before**-0.5
            for shape in ((after, before), (after,)):
                network.append(((2 * torch.rand(shape, generator=random) - 1) * bound).to(device))
        return RGBAvatar(
            torch.from_numpy(rig.faces).long().to(device),
            torch.from_numpy(rig.uv).to(device),
            torch.from_numpy(points.face).long().to(device),
            torch.from_numpy(points.barycentric).to(device),
            {name: tensor.to(device) for name, tensor in learned.items()},
            network,
        )

    def tensors(self) -> dict[str, Tensor]:
        """What must be kept."""
        network = {f"network.{i}": tensor for i, tensor in enumerate(self.network)}
        return {"face": self.face, "barycentric": self.barycentric, **self.learned, **network}

    def with_tensors(self, tensors: dict[str, Tensor]) -> RGBAvatar:
        """The same with the values, and the number of Gaussians, of what was kept."""
        return replace(
            self,
            face=tensors["face"],
            barycentric=tensors["barycentric"],
            learned={name: tensors[name] for name in RATES},
            network=[tensors[f"network.{i}"] for i in range(len(self.network))],
        )

    def __len__(self) -> int:
        return len(self.face)

    def gaussians(self, pose: Pose, vertices: Tensor, eye: Tensor) -> Gaussians[Tensor]:
        """See ``Player``; the colour does not depend on the view."""
        one = Pose(pose.expression[None], pose.joint_rotations[None], pose.translation[None])
        return self.batch(one, vertices[None])[0]

    def batch(self, poses: Pose, vertices: Tensor) -> list[Gaussians[Tensor]]:
        """The Gaussians at each of B ``poses``, on ``vertices`` (B, V, 3)."""
        p = self.learned
        position, rotation, dc = p["position"][None], p["rotation"][None], p["dc"][None]
        if self.blending:
            psi = self.weights(poses)
            position = position + torch.einsum("bk,nkc->bnc", psi, p["position_basis"])
            rotation = rotation + torch.einsum("bk,nkc->bnc", psi, p["rotation_basis"])
            dc = dc + torch.einsum("bk,nkc->bnc", psi, p["dc_basis"])
        with torch.no_grad():
            frames = tangent_frames(vertices, self.faces, self.uv)
            shape = (*frames.shape[:2], 4)
            turned = quaternions_of_matrices(frames.flatten(0, 1)).view(shape).index_select(1, self.face)
            frames = frames.index_select(1, self.face)
            corners = vertices[:, self.faces.index_select(0, self.face)]
            origin = torch.einsum("nc,bnci->bni", self.barycentric, corners)
        mean = origin + (frames @ position[..., None])[..., 0]
        quaternion = quaternion_product(turned, normalize(rotation, dim=-1))
        scale, opacity = p["log_scale"].exp(), torch.sigmoid(p["logit"])
        rgb = (DC * dc + 0.5).clamp(min=0).expand(len(vertices), -1, -1)
        each = zip(mean.unbind(0), quaternion.unbind(0), rgb.unbind(0), strict=True)
        return [Gaussians(m, q, scale, opacity, c) for m, q, c in each]

    def weights(self, poses: Pose) -> Tensor:
        """(B, K) of the bases."""
        x = network_inputs(poses)
        layers = list(zip(self.network[::2], self.network[1::2], strict=True))
        for weight, bias in layers[:-1]:
            x = relu(linear(x, weight, bias))
        return linear(x, *layers[-1])


def network_inputs(poses: Pose) -> Tensor:
    """(B, E + 6 (J - 1) + 3): expression, two columns of each joint's rotation, translation."""
    columns = rotation_matrices(poses.joint_rotations[:, 1:])[..., :2]
    return torch.cat([poses.expression, columns.flatten(1), poses.translation], 1)


def tangent_frames(vertices: Tensor, faces: Tensor, uv: Tensor) -> Tensor:
    """(B, F, 3, 3) rotations with columns tangent (along u), bitangent and normal of triangles on ``vertices``."""
    corner = vertices[:, faces]
    edge, side = corner[:, :, 1] - corner[:, :, 0], corner[:, :, 2] - corner[:, :, 0]
    du, dv = (uv[:, 1:] - uv[:, :1]).unbind(-1)  # (F, 2) each: along edge and side
    determinant = du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0]
    sign = torch.where(determinant < 0, -1.0, 1.0)[:, None]
    tangent = normalize(sign * (dv[:, 1:] * edge - dv[:, :1] * side), dim=-1)
    normal = normalize(torch.linalg.cross(edge, side), dim=-1)
    return torch.stack([tangent, torch.linalg.cross(normal, tangent), normal], -1)


class FirstColours:
    """Gives each Gaussian, once it is lit, the colour that it covers: the mean weighted by blending."""

    def __init__(self, count: int, device: torch.device) -> None:
        self.lit = torch.zeros(count, dtype=torch.bool, device=device)
        self.forget()

    def forget(self) -> None:
        """Begins another batch."""
        self.weight = torch.zeros(len(self.lit), 1, device=self.lit.device)
        self.total = torch.zeros(len(self.lit), 3, device=self.lit.device)

    def look(self, drawn: Tensor, colour: Tensor, truth: Tensor) -> None:
        """Adds a picture: ``drawn`` (H, W, 3) of Gaussians of ``colour`` (N, 3), which should be ``truth`` (H, W, 3).

        A picture is linear in the colours: its derivative by them is the blending weight.
        """
        one = torch.zeros_like(truth)
        one[..., 0] = 1
        (weight,) = torch.autograd.grad(drawn, colour, one, retain_graph=True)
        (total,) = torch.autograd.grad(drawn, colour, truth, retain_graph=True)
        self.weight += weight[:, :1]
        self.total += total

    def paint(self, dc: Tensor) -> None:
        """Sets ``dc`` (N, 3) where the batch has lit a Gaussian for the first time."""
        fresh = (self.weight > LIT) & ~self.lit[:, None]
        mean = self.total / self.weight.clamp(min=LIT)
        dc.copy_(torch.where(fresh, (mean - 0.5) / DC, dc))
        self.lit |= fresh[:, 0]
        self.forget()


def train(scene: Scene, pace: Pace, seed: int = 0) -> tuple[RGBAvatar, int]:
    """The avatar and the number of steps."""
    device = scene.device
    points = covered_texels(scene.rig, side_for(scene.rig, TEXELS))
    inputs = network_inputs(scene.poses).shape[1]
    model = RGBAvatar.start(scene.rig, points, inputs, device, seed)
    optimiser = RowAdam(model.learned, RATES)
    network = [tensor.requires_grad_() for tensor in model.network]
    network_optimiser = torch.optim.Adam(network, lr=NETWORK_RATE, eps=1e-15, fused=device.type == "cuda")
    with torch.no_grad():
        vertices = torch.stack([scene.vertices(scene.poses[t]) for t in range(len(scene.poses))])
    order, random = Shuffled(len(scene.pictures), seed), torch.Generator(device).manual_seed(seed)
    first, step = FirstColours(len(model), device), 0
    while (progress := pace.progress(step)) < 1:
        optimiser.rate("position", exponential(*POSITION_RATES, progress * PICTURES / POSITION_UNTIL))
        # First colours end with the start of blending, but every picture must have had its turn.
        blending = progress * PICTURES >= BLEND_FROM
        colouring = not blending or step * BATCH < len(scene.pictures)
        indices = order.take(BATCH)
        at = [scene.pictures[index].timestep for index in indices]
        model = replace(model, learned=optimiser.leaves, blending=blending)
        backgrounds = torch.rand(BATCH, 3, generator=random, device=device)
        loss = torch.zeros((), device=device)
        made = model.batch(scene.poses.stacked(at), torch.stack([vertices[t] for t in at]))
        for index, background, gaussians in zip(indices, backgrounds, made, strict=True):
            picture = scene.pictures[index]
            view = picture.view
            image = rasterize(gaussians, view.camera, T_camera_world=view.T_camera_world)
            drawn, truth = image.colour + (1 - image.alpha[..., None]) * background, picture.over(background)
            loss = loss + (drawn - truth).abs().mean() / BATCH
            if colouring:
                first.look(image.colour, gaussians.colour, truth)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        network_optimiser.step()
        network_optimiser.zero_grad(set_to_none=True)
        if colouring:
            with torch.no_grad():
                first.paint(optimiser.leaves["dc"])
        step += 1
    # What no picture has lit is not drawn, and need not be kept.
    kept = torch.nonzero(first.lit).flatten()
    rows = {"face": model.face, "barycentric": model.barycentric, **optimiser.leaves}
    layers = {f"network.{i}": tensor for i, tensor in enumerate(network)}
    learned = {name: tensor.detach()[kept] for name, tensor in rows.items()}
    return replace(model, blending=True).with_tensors({**learned, **{n: t.detach() for n, t in layers.items()}}), step
