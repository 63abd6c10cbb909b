"""The bake's inner loop on the CPU: all work per Gaussian and per pixel is native, float32, with explicit gradients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target, added
from splatavatar.bake.engines.splats import PARAMETERS, Splats
from splatavatar.render import _native
from splatavatar.render.adam import BETA1, BETA2, EPSILON


class NativeEngine:
    """See ``Engine``. Buffers are kept between steps; the returned gradients live until the next step."""

    def __init__(self, faces: Tensor) -> None:
        """``faces``: (F, 3) int32 triangles of the rig."""
        self.device = torch.device("cpu")
        self.faces = faces
        self.frames = torch.empty(len(faces), _native.FRAME)
        self._rasterizer = _native.Rasterizer()
        self._frame_sums = torch.empty(len(faces), 19)
        self._planes = self._gradient = torch.empty(0, 0, 0)
        self._scratch, self._rows = torch.empty(0), torch.empty(0, 3, dtype=torch.float64)
        self._buffers: dict[str, Tensor] = {}

    def prepare(self, targets: Sequence[Target]) -> None:
        """They are where they are needed."""

    def render(self, splats: Splats, psi: Tensor, vertices: Tensor, target: Target) -> Tensor:
        """Draws (4, H, W): colour over black and transmittance, valid until the next call."""
        self._forward(splats, psi, vertices, target)
        return self._planes

    def gradients(
        self, splats: Splats, shots: Shots, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        rest = (weights, least_weight, with_vertices)
        return reduce(added, (self._gradients(splats, shots, number, *rest) for number in range(len(shots))))

    def _gradients(
        self, splats: Splats, shots: Shots, number: int, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        """Of one picture, times its share in the mean."""
        target, pose, share = shots.targets[number], shots.pose[number], 1 / len(shots)
        vertices = shots.vertices[pose]
        arrays = self._forward(splats, shots.psi[pose], vertices, target)
        l1, dssim, matte = _native.photometric(
            self._planes,
            target.rgba,
            shots.background[number],
            (share * weights.l1, share * weights.dssim, share * weights.matte),
            target.rectangle,
            self._gradient,
            self._scratch,
            self._rows,
        )
        n = len(splats)
        out = {name: self._buffer(name, value.shape) for name, value in splats.parameters.items()}
        motion, weight = self._buffer("motion", (n,)), self._buffer("weight", (n,))
        per_gaussian = self._buffer("frame", (n if with_vertices else 0, 13))
        self._rasterizer.backward_bound(
            arrays,
            self._planes,
            self._gradient,
            out["position"],
            out["rotation"],
            out["log_scale"],
            out["logit"],
            out["colour"],
            out["sh"],
            per_gaussian,
            motion,
            weight,
        )
        g_vertices = None
        if with_vertices:
            g_vertices = torch.zeros_like(shots.vertices)
            _native.triangle_frames_backward(
                vertices, self.faces, splats.face, splats.barycentric, per_gaussian, self._frame_sums, g_vertices[pose]
            )
        shared = torch.cat([out["position"], out["colour"]], 1)[None] if shots.psi.shape[1] else torch.empty(0, n, 6)
        if len(shots) > 1:
            out = {name: value.clone() for name, value in out.items()}
            motion, weight = motion * len(shots), weight.clone()
        views = (weight > least_weight).to(torch.float32)
        losses = torch.tensor([l1, dssim, matte], dtype=torch.float64) * share
        return Gradients(out, shared, g_vertices, motion, weight, views, losses)

    def update(self, splats: Splats, first: Splats, second: Splats, gradients: Gradients, step: AdamStep) -> None:
        def adam(name: str, gradient: Tensor, row: int | None = None) -> None:
            state = [getattr(part, name) for part in (splats, first, second)]
            value, m, v = state if row is None else (part[row] for part in state)
            rest = (step.rates[name], BETA1, BETA2, EPSILON, step.shrinks[name], step.number)
            _native.adam(value, m, v, gradient, step.visible, *rest)

        for name in PARAMETERS:
            adam(name, gradients.parameters[name])
        if len(step.psi) == 1 and step.psi.shape[1]:
            # The gradient of the table is psi times what its rows share; it is never written down.
            _native.adam_rank_one(
                splats.correctives,
                first.correctives,
                second.correctives,
                step.psi[0],
                gradients.shared[0],
                step.visible,
                step.rates["correctives"],
                BETA1,
                BETA2,
                EPSILON,
                step.shrinks["correctives"],
                step.number,
            )
        else:
            for k, weight in enumerate(step.psi.T):
                adam("correctives", torch.einsum("b,bnc->nc", weight, gradients.shared), k)

    def _forward(self, splats: Splats, psi: Tensor, vertices: Tensor, target: Target) -> _native.BoundArrays:
        self._resize(target.camera.width, target.camera.height)
        _native.triangle_frames(vertices, self.faces, self.frames)
        position, colour = splats.position, splats.colour
        if len(psi):
            # Accumulated as one (N, 6) array, the layout of the correctives, then split for the rasterizer.
            base, moved = self._buffer("base", (len(splats), 6)), self._buffer("moved", (len(splats), 6))
            base[:, :3], base[:, 3:] = position, colour
            _native.weighted_sum(splats.correctives, psi, base, moved)
            position, colour = moved[:, :3].contiguous(), moved[:, 3:].contiguous()
        arrays = _native.BoundArrays(
            splats.face,
            splats.barycentric,
            position,
            splats.rotation,
            splats.log_scale,
            splats.logit,
            colour,
            splats.sh,
            self.frames,
        )
        self._rasterizer.forward_bound(arrays, target.camera.T_camera_world, target.camera.K, self._planes)
        return arrays

    def _resize(self, width: int, height: int) -> None:
        if self._planes.shape[1:] != (height, width):
            self._planes, self._gradient = torch.empty(4, height, width), torch.empty(4, height, width)
            self._scratch = torch.zeros(_native.photometric_scratch(width, height))
            self._rows = torch.empty(height, 3, dtype=torch.float64)

    def _buffer(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if name not in self._buffers or self._buffers[name].shape != torch.Size(shape):
            self._buffers[name] = torch.empty(shape)
        return self._buffers[name]


def as_rectangle(matte: NDArray[Any], margin: int) -> tuple[int, int, int, int]:
    """The rectangle x0, y0, x1, y1 around the pixels of ``matte`` (H, W) above zero, widened by ``margin`` pixels.

    The whole picture if there are none.
    """
    rows, columns = np.flatnonzero(matte.any(1)), np.flatnonzero(matte.any(0))
    height, width = matte.shape
    if not len(rows):
        return 0, 0, width, height
    return (
        max(int(columns[0]) - margin, 0),
        max(int(rows[0]) - margin, 0),
        min(int(columns[-1]) + 1 + margin, width),
        min(int(rows[-1]) + 1 + margin, height),
    )
