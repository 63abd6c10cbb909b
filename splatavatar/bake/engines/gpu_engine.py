"""The bake's inner loop on a GPU: explicit gradients by the Triton kernels of ``render.gpu``, a batch a launch.

Pictures stay on the GPU as bytes. Nothing waits for the GPU but a look every ``LOOK`` steps whether the tile lists had
room enough; a list that was too short misses the farthest Gaussians of the last picture until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target, added, sent
from splatavatar.bake.engines.splats import PARAMETERS, Splats
from splatavatar.gaussians.torch_binding import triangle_frames as differentiable_frames
from splatavatar.render.gpu.adam import adam_all, adam_correctives
from splatavatar.render.gpu.blend import blend_backward, blend_planes
from splatavatar.render.gpu.bound import Bound, BoundGradients, Posed, project_bound, project_bound_backward
from splatavatar.render.gpu.frames import FRAME, triangle_frames
from splatavatar.render.gpu.photometric import Photometric
from splatavatar.render.gpu.projection import SUMS
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.gpu.tiles import FIRST_ENTRIES, Grid, TileLists, capacity_for, map_to_tiles
from splatavatar.render.gpu.views import pack_views

LOOK = 25
NAMES = {"log_scale": "scale", "logit": "opacity"}
"""what ``Bound`` calls a parameter, where it calls it otherwise"""


@dataclass
class Pictures:
    """All pictures of one size, on the GPU."""

    rgba: Tensor
    """(P, H, W, 4) uint8"""
    rectangle: Tensor
    """(P, 4) int32"""
    view: Tensor
    """(P, VIEW)"""


class Buffers:
    """What B pictures of one size and N Gaussians need in between."""

    def __init__(self, batch: int, width: int, height: int, count: int, device: torch.device) -> None:
        self.grid = Grid(batch, width, height)
        self.count = count
        self.splats = ProjectedSplats.room(batch, count, device)
        self.lists = TileLists.room(self.grid, capacity_for(FIRST_ENTRIES * batch * count), device)
        self.planes = torch.empty(batch, 4, height, width, device=device)
        self.sums = torch.empty(batch, count, SUMS, device=device)
        self.loss = Photometric(batch, height, width, device)
        self.most_wanted = torch.zeros(1, dtype=torch.int64, device=device)
        self.uses = 0

    def draw(self, bound: Bound, posed: Posed, views: Tensor) -> None:
        """Fills ``planes``."""
        project_bound(bound, posed, views, self.grid.width, self.grid.height, self.splats)
        self.map()
        blend_planes(self.lists, self.grid, self.planes)

    def map(self) -> None:
        """Fills ``lists``; now and then gives them the room that the steps so far needed, and some."""
        map_to_tiles(self.splats, self.grid, self.lists)
        torch.maximum(self.most_wanted, self.lists.wanted, out=self.most_wanted)
        self.uses += 1
        if self.uses % LOOK != 1:
            return
        wanted, room = int(self.most_wanted), len(self.lists.splat)
        # Sorting takes as long as there is room.
        if wanted > 0.9 * room or capacity_for(wanted) < 0.6 * room:
            self.lists = TileLists.room(self.grid, capacity_for(wanted), self.planes.device)
            map_to_tiles(self.splats, self.grid, self.lists)


class GpuEngine:
    """See ``Engine``. On tensors of the CPU the kernels are interpreted, which is for tests."""

    def __init__(self, faces: Tensor, device: torch.device) -> None:
        """``faces``: (F, 3) int32 triangles of the rig."""
        self.device = device
        self.faces = faces.to(device)
        self._pictures: dict[tuple[int, int], Pictures] = {}
        self._places: dict[int, int] = {}
        self._kept: list[Target] = []
        self._buffers: dict[tuple[int, int, int], Buffers] = {}

    def prepare(self, targets: Sequence[Target]) -> None:
        sizes: dict[tuple[int, int], list[Target]] = {}
        for target in targets:
            sizes.setdefault((target.camera.width, target.camera.height), []).append(target)
        self._kept = list(targets)  # places are known by identity, which holds as long as they live
        for size, group in sizes.items():
            self._pictures[size] = self._uploaded(group)
            self._places |= {id(target): place for place, target in enumerate(group)}

    def _uploaded(self, group: Sequence[Target]) -> Pictures:
        rgba = torch.empty(len(group), *group[0].rgba.shape, dtype=torch.uint8, device=self.device)
        for row, target in zip(rgba, group, strict=True):
            row.copy_(torch.from_numpy(target.rgba))
        rectangle = torch.tensor([target.rectangle for target in group], dtype=torch.int32, device=self.device)
        return Pictures(rgba, rectangle, torch.from_numpy(pack_views([t.camera for t in group])).to(self.device))

    def render(self, splats: Splats, psi: Tensor, vertices: Tensor, target: Target) -> Tensor:
        frames = self._frames(vertices[None])
        which = torch.zeros(1, dtype=torch.int32, device=self.device)
        width, height = target.camera.width, target.camera.height
        buffers = Buffers(1, width, height, len(splats), self.device)  # looks at once whether it has room enough
        view = torch.from_numpy(pack_views([target.camera])).to(self.device)
        buffers.draw(bound_of(splats), Posed(frames, psi[None], which), view)
        return buffers.planes[0]

    def gradients(
        self, splats: Splats, shots: Shots, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        share = 1 / len(shots)
        shares = LossWeights(share * weights.l1, share * weights.dssim, share * weights.matte)
        frames = self._frames(shots.vertices)
        total: Gradients | None = None
        order: list[int] = []
        for size, numbers in _by_size(shots.targets).items():
            order += numbers
            part = replace(
                shots,
                targets=tuple(shots.targets[i] for i in numbers),
                pose=tuple(shots.pose[i] for i in numbers),
                background=tuple(shots.background[i] for i in numbers),
            )
            one = self._of_one_size(splats, part, size, frames, shares, least_weight, with_vertices)
            one.losses = one.losses * share
            one.motion = one.motion * len(shots)
            total = one if total is None else added(total, one)
        assert total is not None
        if order != sorted(order) and len(total.shared):
            total.shared = total.shared[sent(np.argsort(order).tolist(), torch.int64, self.device)]
        return total

    def update(self, splats: Splats, first: Splats, second: Splats, gradients: Gradients, step: AdamStep) -> None:
        values = (splats.parameters, first.parameters, second.parameters)
        shrinks = {name: step.shrinks[name] for name in PARAMETERS}
        adam_all(*values, gradients.parameters, step.visible, step.rates, shrinks, step.number)
        if step.psi.shape[1]:
            tables = (splats.correctives, first.correctives, second.correctives)
            rate, shrink = step.rates["correctives"], step.shrinks["correctives"]
            adam_correctives(*tables, step.psi.contiguous(), gradients.shared, step.visible, rate, shrink, step.number)

    def _of_one_size(
        self,
        splats: Splats,
        shots: Shots,
        size: tuple[int, int],
        frames: Tensor,
        shares: LossWeights,
        least_weight: float,
        with_vertices: bool,
    ) -> Gradients:
        pictures, buffers = self._pictures[size], self._room(len(shots), size, len(splats))
        places = sent([self._places[id(t)] for t in shots.targets], torch.int64, self.device)
        background = sent(shots.background, torch.float32, self.device)
        posed = Posed(frames, shots.psi, sent(shots.pose, torch.int32, self.device))
        bound, views = bound_of(splats), pictures.view[places]
        buffers.draw(bound, posed, views)
        buffers.loss(
            buffers.planes,
            pictures.rgba,
            places,
            background,
            pictures.rectangle,
            (shares.l1, shares.dssim, shares.matte),
        )
        buffers.sums.zero_()
        blend_backward(buffers.lists, buffers.grid, buffers.planes, buffers.loss.gradient, buffers.sums)
        out = BoundGradients.like(bound, posed, shots.psi.shape[1] > 0, with_vertices)
        project_bound_backward(bound, posed, views, *size, buffers.splats, buffers.sums, least_weight, out)
        parameters = {name: getattr(out, NAMES.get(name, name)) for name in PARAMETERS}
        g_vertices = self._to_vertices(shots.vertices, out.frames) if with_vertices else None
        losses = buffers.loss.terms.sum(0)
        return Gradients(parameters, out.shared, g_vertices, out.motion, out.weight, out.views, losses)

    def _frames(self, vertices: Tensor) -> Tensor:
        frames = torch.zeros(len(vertices), len(self.faces), FRAME, device=self.device)
        triangle_frames(vertices.contiguous(), self.faces, frames)
        return frames

    def _to_vertices(self, vertices: Tensor, g_frames: Tensor) -> Tensor:
        """(P, V, 3) from the gradient of the frames (P, F, FRAME)."""
        moving, faces = vertices.detach().requires_grad_(), self.faces.long()
        rotation, size = differentiable_frames(moving, faces)
        flat = torch.cat([rotation.flatten(-2), size[..., None], moving[:, faces].flatten(-2)], -1)
        (found,) = torch.autograd.grad(flat, moving, g_frames[..., : flat.shape[-1]])
        return found

    def _room(self, batch: int, size: tuple[int, int], count: int) -> Buffers:
        key = (batch, *size)
        if key not in self._buffers or self._buffers[key].count != count:
            self._buffers[key] = Buffers(batch, *size, count, self.device)
        return self._buffers[key]


def bound_of(splats: Splats) -> Bound:
    """The ``splats`` as the kernels take them; the memory is the same."""
    return Bound(
        face=splats.face,
        barycentric=splats.barycentric,
        position=splats.position,
        rotation=splats.rotation,
        scale=splats.log_scale,
        opacity=splats.logit,
        colour=splats.colour,
        sh=splats.sh,
        table=splats.correctives,
        raw=True,
    )


def _by_size(targets: Sequence[Target]) -> dict[tuple[int, int], list[int]]:
    """Numbers of the pictures of each size."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for number, target in enumerate(targets):
        sizes.setdefault((target.camera.width, target.camera.height), []).append(number)
    return sizes
