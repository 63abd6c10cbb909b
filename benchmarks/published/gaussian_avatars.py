"""GaussianAvatars (Qian et al., CVPR 2024) on our rig and renderer.

A Gaussian on every triangle, in the frame of the triangle; adaptive density control whose children stay with the
triangle; spherical harmonics; the parameters of the rig at each timestep learn along. Their training takes 600,000
iterations, hours. Here it is given a time, and their schedule is compressed into it: whatever happens at iteration i
there (densification, opacity resets, growth of the harmonics, learning rates) happens at the share i / 600,000 of the
time here. Two of these may not come more often, counted in steps, than in Kerbl et al. 2023, from whom both take the
rest: what would, falls together.

Their rig is FLAME, ours that of the capture; they fine-tune FLAME's expression, joints and translation, here those of
the rig learn at the same rates. They train and score over white, here both are over the grey of our scores. The radius
on the screen is that of three standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from published.picture_loss import ssim
from published.row_adam import RowAdam
from published.scene import GREY, Pace, Pose, Scene, Shuffled, exponential
from published.screen import matrices, motion, radii
from published.spherical_harmonics import DC, colour
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.gaussians.torch_binding import triangle_frames
from splatavatar.render.rasterize import rasterize
from splatavatar.torch_rotations import quaternion_product, quaternions_of_matrices

ITERATIONS = 600_000
POSITION_RATES = (5e-3, 5e-5)
"""first and last, in units of the triangle's size"""
RATES = {"dc": 2.5e-3, "rest": 2.5e-3 / 20, "logit": 0.05, "log_scale": 0.017, "rotation": 1e-3}
POSE_RATES = {"expression": 1e-3, "joint_rotations": 1e-5, "translation": 1e-6}
SH_EVERY, SH_DEGREE = 1_000, 3
DENSIFY_FIRST, DENSIFY_EVERY, DENSIFY_STEPS = 12_000, 2_000, 100
"""the first multiple of the interval after 10,000; the steps that lie between at least"""
RESET_EVERY, RESET_STEPS = 60_000, 3_000
MOTION = 2e-4
"""mean gradient on the screen from which a Gaussian becomes two"""
DENSE = 0.01
"""share of the extent above which it is split, below which it is doubled"""
SPLIT_SHRINK = 1.6
MIN_OPACITY, RESET_OPACITY = 0.005, 0.01
MAX_PIXELS, MAX_EXTENT = 20.0, 0.1
"""radius on the screen and size in the world, above which Gaussians go once opacities were reset"""
FAR, LARGE = 1.0, 0.6
"""offset and standard deviation free of penalty, in units of the triangle's size"""


class Timetable:
    """Something that happens at iteration ``first`` and every ``every`` thereafter, before the last."""

    def __init__(self, first: int, every: int, steps: int) -> None:
        """``steps`` of the optimiser lie between two, and before the first, at least."""
        self.first, self.every, self.steps = first, every, steps
        self.done, self.last = 0, 0

    def due(self, progress: float, step: int) -> bool:
        """Whether it is to happen now; asking counts as its happening."""
        # Rounding must not put an event behind the progress that is its own.
        passed = int((progress * ITERATIONS - self.first + self.every) / self.every + 1e-6)
        if passed <= self.done or progress >= 1 or step - self.last < self.steps:
            return False
        self.done, self.last = passed, step
        return True


def sh_degree(progress: float) -> int:
    """One more degree every thousand iterations."""
    return min(SH_DEGREE, int(progress * ITERATIONS / SH_EVERY + 1e-6))


@dataclass(frozen=True)
class GaussianAvatars:
    """N Gaussians on the triangles of a rig."""

    faces: Tensor
    """(F, 3) of the rig"""
    face: Tensor
    """(N) int64"""
    position: Tensor
    """(N, 3) from the centroid, in the triangle frame and units of its size"""
    rotation: Tensor
    """(N, 4) quaternion wxyz, triangle frame"""
    log_scale: Tensor
    """(N, 3) in units of the triangle's size"""
    logit: Tensor
    """(N)"""
    dc: Tensor
    """(N, 3) spherical harmonics of degree 0"""
    rest: Tensor
    """(N, 15, 3) those above; directions in the world frame"""
    degree: int = SH_DEGREE

    @staticmethod
    def start(faces: Tensor, seed: int = 0) -> GaussianAvatars:
        """One Gaussian on every triangle."""
        count, device = len(faces), faces.device
        rotation = torch.zeros(count, 4, device=device)
        rotation[:, 0] = 1
        random = torch.rand(count, 3, generator=torch.Generator().manual_seed(seed)).to(device) / 255
        return GaussianAvatars(
            faces,
            torch.arange(count, device=device),
            torch.zeros(count, 3, device=device),
            rotation,
            torch.zeros(count, 3, device=device),
            torch.full((count,), 0.1, device=device).logit(),
            (random - 0.5) / DC,
            torch.zeros(count, 15, 3, device=device),
        )

    def tensors(self) -> dict[str, Tensor]:
        """What must be kept."""
        return {"face": self.face, **self.learned()}

    def with_tensors(self, tensors: dict[str, Tensor]) -> GaussianAvatars:
        """The same with what was kept."""
        return GaussianAvatars(**{**vars(self), **tensors})

    def learned(self) -> dict[str, Tensor]:
        """What the optimiser changes."""
        return {name: getattr(self, name) for name in ("position", *RATES)}

    def __len__(self) -> int:
        return len(self.face)

    def gaussians(self, pose: Pose, vertices: Tensor, eye: Tensor) -> Gaussians[Tensor]:
        """See ``Player``."""
        R, size = triangle_frames(vertices, self.faces)
        centre = vertices[self.faces].mean(1)
        # One gather of what a triangle gives: its gradient is one scatter.
        carried = torch.cat([R.flatten(1), quaternions_of_matrices(R), centre, size[:, None]], 1).index_select(
            0, self.face
        )
        turn, quaternion, origin, k = torch.split(carried, [9, 4, 3, 1], 1)
        mean = origin + k * (turn.view(-1, 3, 3) @ self.position[..., None])[..., 0]
        return Gaussians(
            mean,
            quaternion_product(quaternion, normalize(self.rotation, dim=-1)),
            k * self.log_scale.exp(),
            torch.sigmoid(self.logit),
            colour(self.dc, self.rest, normalize(mean - eye, dim=-1), self.degree),
        )


def survivors(face: Tensor, condemned: Tensor, opacity: Tensor, faces: int) -> Tensor:
    """(M) indices of the Gaussians to keep: those not ``condemned`` (N), and of a triangle all of whose Gaussians are,
    the most opaque."""
    kept = torch.zeros(faces, device=face.device).index_add(0, face, (~condemned).float())
    strongest = torch.zeros(faces, device=face.device).scatter_reduce(0, face, opacity, "amax")
    last = (kept[face] == 0) & (opacity >= strongest[face])
    return torch.nonzero(~condemned | last).flatten()


@dataclass
class Statistics:
    """What density control knows of N Gaussians since it last acted."""

    motion: Tensor
    """(N) sum of gradients on the screen"""
    seen: Tensor
    """(N) pictures that showed it"""
    radius: Tensor
    """(N) pixels, the largest"""

    @staticmethod
    def empty(count: int, device: torch.device) -> Statistics:
        """Nothing is known."""
        return Statistics(*(torch.zeros(count, device=device) for _ in range(3)))


def densify(
    optimiser: RowAdam,
    face: Tensor,
    known: Statistics,
    size: Tensor,
    extent: float,
    tidy: bool,
    random: torch.Generator,
) -> Tensor:
    """Doubles or splits what moves most, removes what is weak, and with ``tidy`` what is too large.

    ``size`` (F) metres are those of the triangles. Returns the triangles (M) of the new Gaussians; the rows of
    ``optimiser`` are replaced.
    """
    old = {name: leaf.detach() for name, leaf in optimiser.leaves.items()}
    largest = old["log_scale"].exp().amax(1) * size[face]
    hot = known.motion / known.seen.clamp(min=1) >= MOTION
    big = largest > DENSE * extent
    double, divide = torch.nonzero(hot & ~big).flatten(), torch.nonzero(hot & big).flatten()
    parents = divide.repeat(2)
    children = {name: tensor[parents] for name, tensor in old.items()}
    noise = torch.randn(len(parents), 3, generator=random).to(face.device) * children["log_scale"].exp()
    children["position"] = children["position"] + (matrices(children["rotation"]) @ noise[..., None])[..., 0]
    children["log_scale"] = children["log_scale"] - torch.log(torch.tensor(SPLIT_SHRINK))
    added = {name: torch.cat([old[name][double], children[name]]) for name in old}
    everyone = {name: torch.cat([old[name], added[name]]) for name in old}
    faces = torch.cat([face, face[double], face[parents]])
    opacity = torch.sigmoid(everyone["logit"])
    condemned = opacity < MIN_OPACITY
    if tidy:
        # Newcomers have not been on the screen yet.
        condemned[: len(face)] |= known.radius > MAX_PIXELS
        condemned |= everyone["log_scale"].exp().amax(1) * size[faces] > MAX_EXTENT * extent
    condemned[divide] = True
    keep = survivors(faces, condemned, opacity, len(size))
    before, after = keep[keep < len(face)], keep[keep >= len(face)] - len(face)
    optimiser.replace(before, {name: tensor[after] for name, tensor in added.items()})
    return faces[keep]


def train(scene: Scene, pace: Pace, seed: int = 0) -> tuple[GaussianAvatars, Pose, int]:
    """The avatar, the fine-tuned parameters of every timestep and the number of steps."""
    device, extent = scene.device, scene.extent
    model = GaussianAvatars.start(scene.faces, seed)
    optimiser = RowAdam(model.learned(), {"position": POSITION_RATES[0], **RATES})
    poses = Pose(*(tensor.clone().requires_grad_() for tensor in vars(scene.poses).values()))
    groups = [{"params": [getattr(poses, name)], "lr": rate} for name, rate in POSE_RATES.items()]
    rig_optimiser = torch.optim.Adam(groups, eps=1e-15)
    densities = Timetable(DENSIFY_FIRST, DENSIFY_EVERY, DENSIFY_STEPS)
    resets = Timetable(RESET_EVERY, RESET_EVERY, RESET_STEPS)
    known = Statistics.empty(len(model), device)
    order, random = Shuffled(len(scene.pictures), seed), torch.Generator().manual_seed(seed)
    grey = torch.full((3,), GREY, device=device)
    face, step = model.face, 0
    while (progress := pace.progress(step)) < 1:
        optimiser.rate("position", exponential(*POSITION_RATES, progress))
        (index,) = order.take(1)
        picture = scene.pictures[index]
        pose = poses[picture.timestep]
        vertices = scene.vertices(pose)
        model = replace(model, face=face, degree=sh_degree(progress), **optimiser.leaves)
        made = model.gaussians(pose, vertices, picture.view.eye)
        # A place of its own for the gradient of the picture: harmonics look at the mean too.
        gaussians = replace(made, mean=made.mean.clone())
        gaussians.mean.retain_grad()
        view = picture.view
        image = rasterize(gaussians, view.camera, (GREY, GREY, GREY), T_camera_world=view.T_camera_world)
        with torch.no_grad():
            radius = radii(gaussians, view)
            visible = (radius > 0).float()
        loss = photometric(image.colour, picture.over(grey)) + regulariser(model, visible)
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            gradient = gaussians.mean.grad
            assert gradient is not None
            known.motion += motion(gaussians.mean, gradient, view) * visible
            known.seen += visible
            known.radius = torch.maximum(known.radius, radius)
        optimiser.step()
        rig_optimiser.step()
        rig_optimiser.zero_grad(set_to_none=True)
        step += 1
        if densities.due(progress, step):
            with torch.no_grad():
                _, size = triangle_frames(vertices, scene.faces)
                tidy = resets.done > 0
                face = densify(optimiser, face, known, size, extent, tidy, random)
            known = Statistics.empty(len(face), device)
        if resets.due(progress, step):
            ceiling = torch.tensor(RESET_OPACITY).logit().item()
            optimiser.set("logit", optimiser.leaves["logit"].detach().clamp(max=ceiling))
    learned = {name: leaf.detach() for name, leaf in optimiser.leaves.items()}
    fitted = Pose(*(tensor.detach() for tensor in vars(poses).values()))
    return replace(model, face=face, degree=SH_DEGREE, **learned), fitted, step


def photometric(x: Tensor, truth: Tensor) -> Tensor:
    """0.8 L1 + 0.2 (1 - SSIM) of pictures (H, W, 3)."""
    total: Tensor = 0.8 * (x - truth).abs().mean() + 0.2 * (1 - ssim(x, truth))
    return total


def regulariser(model: GaussianAvatars, visible: Tensor) -> Tensor:
    """Penalties of what leaves its triangle or outgrows it, means over the ``visible`` (N) of 0 and 1."""
    far = (model.position.norm(dim=1) - FAR).clamp(min=0)
    excess = (model.log_scale.exp() - LARGE).clamp(min=0)
    # The norm of exactly zero has no gradient.
    large = torch.where(excess.sum(1) > 0, (excess.square().sum(1) + 1e-20).sqrt(), torch.zeros_like(far))
    count = visible.sum().clamp(min=1)
    total: Tensor = (0.01 * (far * visible).sum() + (large * visible).sum()) / count
    return total
