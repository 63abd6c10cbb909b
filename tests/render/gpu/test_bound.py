"""Bound Gaussians on batches of views: the kernels of the bake against the native rasterizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.render import _native
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.gpu.blend import blend_backward, blend_bytes, blend_planes
from splatavatar.render.gpu.bound import Bound, BoundGradients, Posed, project_bound, project_bound_backward
from splatavatar.render.gpu.frames import FRAME, triangle_frames
from splatavatar.render.gpu.projection import SUMS
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.gpu.tiles import Grid, TileLists, map_to_tiles
from splatavatar.render.gpu.views import pack_views

COUNT, CORRECTIVES = 30, 3
WIDTH, HEIGHT = 37, 20
FACES = torch.tensor(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], dtype=torch.int32
)
PAIRS = (("position", "position"), ("rotation", "rotation"), ("scale", "log_scale"), ("opacity", "logit"),
         ("colour", "colour"), ("sh", "sh"))  # fmt: skip


def poses() -> Tensor:
    """(2, 6, 3) two bent octahedra of 8 cm."""
    whole = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * 0.08
    return whole + 0.01 * torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(4))


def cameras() -> list[Camera]:
    eyes = ([0.05, 0.1, 0.7], [-0.3, 0.0, 0.6], [0.1, -0.2, 0.5])
    return [look_at(np.array(eye), np.zeros(3), 0.3, WIDTH, HEIGHT) for eye in eyes]


def raw(device: torch.device) -> Bound:
    random = torch.Generator().manual_seed(1)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=random) * scale

    weight = torch.rand(COUNT, 3, generator=random) + 0.1
    face = torch.sort(torch.randint(0, 8, (COUNT,), generator=random, dtype=torch.int32)).values
    tensors = (
        face, weight / weight.sum(1, keepdim=True), normal(COUNT, 3, scale=0.05), normal(COUNT, 4),
        normal(COUNT, 3, scale=0.3) - 1.5, normal(COUNT), torch.rand(COUNT, 3, generator=random) - 0.1,
        normal(COUNT, 3, 3, scale=0.1), normal(CORRECTIVES, COUNT, 6, scale=0.02),
    )  # fmt: skip
    return Bound(*(t.to(device) for t in tensors), raw=True)


PSI = torch.tensor([[0.5, -1.0, 0.3], [-0.2, 0.4, 1.5]])
POSE = torch.tensor([0, 1, 1], dtype=torch.int32)


class Native:
    """One view of one pose by the native rasterizer, with the same correctives."""

    def __init__(self, bound: Bound, view: int) -> None:
        pose, camera = int(POSE[view]), cameras()[view]
        moved = torch.einsum("k,knc->nc", PSI[pose], bound.table)
        self.frames = torch.empty(len(FACES), _native.FRAME)
        _native.triangle_frames(poses()[pose], FACES, self.frames)
        self.arrays = _native.BoundArrays(
            bound.face, bound.barycentric, (bound.position + moved[:, :3]).contiguous(), bound.rotation, bound.scale,
            bound.opacity, (bound.colour + moved[:, 3:]).contiguous(), bound.sh, self.frames,
        )  # fmt: skip
        self.planes = torch.empty(4, HEIGHT, WIDTH)
        self.rasterizer = _native.Rasterizer()
        self.rasterizer.forward_bound(self.arrays, camera.T_camera_world, camera.K, self.planes)

    def backward(self, gradient: Tensor) -> dict[str, Tensor]:
        shapes = {"position": (3,), "rotation": (4,), "log_scale": (3,), "logit": (), "colour": (3,), "sh": (3, 3)}
        out = {name: torch.empty(COUNT, *shape) for name, shape in shapes.items()}
        out |= {"frame": torch.empty(COUNT, 13), "motion": torch.empty(COUNT), "weight": torch.empty(COUNT)}
        self.rasterizer.backward_bound(self.arrays, self.planes, gradient, *out.values())
        return out


class Drawn:
    """The three views at once by the kernels."""

    def __init__(self, bound: Bound, device: torch.device) -> None:
        self.bound, self.grid = bound, Grid(3, WIDTH, HEIGHT)
        frames = torch.zeros(2, len(FACES), FRAME, device=device)
        triangle_frames(poses().to(device), FACES.to(device), frames)
        self.posed = Posed(frames, PSI.to(device), POSE.to(device))
        self.views = torch.from_numpy(pack_views(cameras())).to(device)
        self.splats = ProjectedSplats.room(3, COUNT, device)
        project_bound(bound, self.posed, self.views, WIDTH, HEIGHT, self.splats)
        self.lists = TileLists.room(self.grid, 4096, device)
        map_to_tiles(self.splats, self.grid, self.lists)
        assert int(self.lists.wanted) <= 4096
        self.planes = torch.empty(3, 4, HEIGHT, WIDTH, device=device)
        blend_planes(self.lists, self.grid, self.planes)

    def backward(self, gradient: Tensor) -> BoundGradients:
        sums = torch.zeros(3, COUNT, SUMS, device=gradient.device)
        blend_backward(self.lists, self.grid, self.planes, gradient, sums)
        out = BoundGradients.like(self.bound, self.posed, with_shared=True, with_frames=True)
        project_bound_backward(self.bound, self.posed, self.views, WIDTH, HEIGHT, self.splats, sums, 0.05, out)
        return out


def gradient() -> Tensor:
    return torch.randn(3, 4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(9))


def close(got: Tensor, want: Tensor, tolerance: float = 1e-4) -> bool:
    return float((got.cpu() - want).norm()) <= tolerance * float(want.norm())


def test_frames_of_all_poses(device: torch.device) -> None:
    found = Drawn(raw(device), device).posed.frames
    for view in (0, 1):
        want = Native(raw(torch.device("cpu")), view).frames
        assert torch.allclose(found[int(POSE[view])].cpu()[:, :19], want[:, :19], atol=1e-6)


def test_pictures(device: torch.device) -> None:
    planes = Drawn(raw(device), device).planes.cpu()
    for view in range(3):
        assert torch.allclose(planes[view], Native(raw(torch.device("cpu")), view).planes, atol=2e-4)


def test_gradients_of_a_batch_are_the_sums_over_its_views(device: torch.device) -> None:
    got = Drawn(raw(device), device).backward(gradient().to(device))
    views = [Native(raw(torch.device("cpu")), view).backward(gradient()[view].contiguous()) for view in range(3)]
    for ours, theirs in PAIRS:
        want = sum(v[theirs] for v in views)
        assert close(getattr(got, ours), want), ours  # type: ignore[arg-type]
    assert close(got.weight, sum(v["weight"] for v in views))  # type: ignore[arg-type]
    assert close(got.motion, sum(v["motion"] for v in views))  # type: ignore[arg-type]
    assert torch.equal(got.views.cpu(), sum((v["weight"] > 0.05).float() for v in views))  # type: ignore[arg-type]
    for view in range(3):
        want = torch.cat([views[view]["position"], views[view]["colour"]], 1)
        assert close(got.shared[view], want)


def test_gradients_of_the_frames_by_pose(device: torch.device) -> None:
    bound = raw(torch.device("cpu"))
    got = Drawn(raw(device), device).backward(gradient().to(device)).frames.cpu()
    want = torch.zeros(2, len(FACES), 19)
    for view in range(3):
        of_gaussian = Native(bound, view).backward(gradient()[view].contiguous())["frame"]
        corners = bound.barycentric[:, :, None] * of_gaussian[:, None, 10:]
        rows = torch.cat([of_gaussian[:, :10], corners.flatten(1)], 1)
        want[int(POSE[view])].index_add_(0, bound.face, rows)
    assert close(got[..., :19], want)


def test_activated_values_give_the_picture_of_raw_ones(device: torch.device) -> None:
    bound = raw(device)
    active = replace(
        bound, scale=bound.scale.exp(), opacity=bound.opacity.sigmoid(), table=bound.table.half(), raw=False
    )
    assert torch.allclose(Drawn(active, device).planes, Drawn(bound, device).planes, atol=1e-3)


@pytest.mark.parametrize("channels", [3, 4])
def test_bytes(device: torch.device, channels: int) -> None:
    drawn = Drawn(raw(device), device)
    pixels = torch.empty(3, HEIGHT, WIDTH, channels, dtype=torch.uint8, device=device)
    behind = (0.25, 1.0, 0.0)
    blend_bytes(drawn.lists, drawn.grid, behind, pixels)
    colour, T = drawn.planes[:, :3].movedim(1, -1), drawn.planes[:, 3, :, :, None]
    want = colour + T * torch.tensor(behind, device=device)
    if channels == 4:
        want = torch.cat([colour / (1 - T).clamp(min=1e-6), 1 - T], -1)
    # Straight colour under a faint alpha is as uncertain as the alpha is small.
    sure = (1 - T > 0.02).expand_as(want)
    assert float((pixels.float() / 255 - want.clamp(0, 1)).abs()[sure].max()) <= 1.01 / 255
    assert int((~sure).sum()) > 0
