"""The halves of a recorded picture, apart from each other, so that each can be timed alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from splatavatar.avatar.renderers.cuda_frame import CudaFrame
from splatavatar.render.camera import Camera
from splatavatar.render.gpu.views import pack_views
from splatavatar.rig.rig import PoseParameters


class Recorded:
    """A ``CudaFrame`` that has drawn before: what it records stays as it is, what it does with it is done in parts."""

    def __init__(self, frame: CudaFrame) -> None:
        self.frame = frame
        self.stream = frame._stream
        self._drawn = torch.cuda.Event() if frame.on_gpu else None  # type: ignore[no-untyped-call]

    @property
    def entries_wanted(self) -> int:
        """Tiles under the rectangles of all Gaussians of the last picture."""
        return int(self.frame._wanted)

    def prepare(self, poses: Sequence[PoseParameters], cameras: Sequence[Camera]) -> None:
        """The numbers of a picture on the CPU: joints, coefficients, weights of the correctives, cameras."""
        self.frame.model.numbers(poses, self.frame._host_rows)
        self.frame._host_views[:] = pack_views(cameras)

    def replay(self) -> None:
        """Uploads and draws, on the current stream; does not wait."""
        if self.frame._graph is not None:
            self.frame._graph.replay()
            return
        for step in self.frame.steps().values():
            step()

    def read_back(self) -> None:
        """Copies the pixels to the CPU, on the current stream; does not wait."""
        self.frame.picture.copy_(self.frame.pixels, non_blocking=True)

    def draw_after(self, poses: Sequence[PoseParameters], cameras: Sequence[Camera]) -> None:
        """Begins a picture that stays on the GPU, once the one before it in the same buffers is done."""
        if self.stream is None or self._drawn is None:
            self.prepare(poses, cameras)
            self.replay()
            return
        self._drawn.synchronize()
        self.prepare(poses, cameras)
        with torch.cuda.stream(self.stream):
            self.replay()
            self._drawn.record(self.stream)

    def wait(self) -> None:
        """For what was begun."""
        if self._drawn is not None:
            self._drawn.synchronize()
