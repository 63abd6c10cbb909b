"""One way from rig parameters to pixels on a GPU, recorded once and replayed: a CUDA graph with its buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.avatar.renderers.cuda_model import CudaModel
from splatavatar.render.camera import Camera
from splatavatar.render.gpu.blend import blend_bytes
from splatavatar.render.gpu.bound import Posed, project_bound
from splatavatar.render.gpu.frames import FRAME, triangle_frames
from splatavatar.render.gpu.pose import pose_vertices
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.gpu.tiles import FIRST_ENTRIES, Grid, TileLists, capacity_for, map_to_tiles
from splatavatar.render.gpu.views import VIEW, pack_views
from splatavatar.rig.rig import PoseParameters

STAGES = ("upload", "rig", "frames", "gaussians", "sort", "blend")
"""upload: of the parameters; rig: blendshapes and skinning; frames: of the triangles; gaussians: to the world and onto
the pictures; sort: by depth and into tiles; blend: tiles to pixels"""
COPIES, ROUNDS = 20, 15
"""of a stage in the graph that it is measured by; replays of that graph"""
_RECORDING = Lock()
"""torch records one graph at a time in a process; what other threads do besides must not spoil it"""


class CudaFrame:
    """B pictures of P poses at one size over one background. Everything but their numbers stays as it was recorded.

    On the CPU the same steps run one by one, under Triton's interpreter.
    """

    def __init__(
        self,
        model: CudaModel,
        pose: Sequence[int],
        poses: int,
        width: int,
        height: int,
        background: tuple[float, float, float] | None,
    ) -> None:
        """``pose`` (B): which of the ``poses`` each picture shows. Without background: straight alpha."""
        self.model, self.background = model, background or (0.0, 0.0, 0.0)
        device = model.template.device
        self.on_gpu = device.type == "cuda"
        self.grid = Grid(len(pose), width, height)
        floats = poses * model.length + len(pose) * VIEW
        self._host = torch.zeros(floats, pin_memory=self.on_gpu)
        self._numbers = torch.zeros(floats, device=device)
        rows, views = self._split(self._host.numpy(), poses)
        self._host_rows: NDArray[np.float32] = rows
        self._host_views: NDArray[np.float32] = views
        numbers, self._views = self._split(self._numbers, poses)
        self._rows = numbers
        self._vertices = torch.empty(poses, *model.template.shape, device=device)
        frames = torch.zeros(poses, len(model.faces), FRAME, device=device)
        which = torch.tensor(pose, dtype=torch.int32, device=device)
        k = len(model.bound.table)
        self._posed = Posed(frames, numbers[:, model.length - k :], which)
        self._splats = ProjectedSplats.room(len(pose), len(model.bound), device)
        channels = 3 if background is not None else 4
        self.pixels = torch.empty(len(pose), height, width, channels, dtype=torch.uint8, device=device)
        self.picture = torch.empty(self.pixels.shape, dtype=torch.uint8, pin_memory=self.on_gpu)
        """the last result, on the CPU"""
        self._wanted = torch.zeros(1, dtype=torch.int64, pin_memory=self.on_gpu)
        self._lists = TileLists.room(self.grid, capacity_for(FIRST_ENTRIES * len(model.bound) * len(pose)), device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._stream = torch.cuda.Stream(device) if self.on_gpu else None  # type: ignore[no-untyped-call]
        self._back = torch.cuda.Stream(device) if self.on_gpu else None  # type: ignore[no-untyped-call]
        self._drawn = torch.cuda.Event() if self.on_gpu else None  # type: ignore[no-untyped-call]
        self._done = torch.cuda.Event() if self.on_gpu else None  # type: ignore[no-untyped-call]

    def start(self, poses: Sequence[PoseParameters], cameras: Sequence[Camera]) -> None:
        """Begins the pictures; does not wait for them."""
        self.model.numbers(poses, self._host_rows)
        self._host_views[:] = pack_views(cameras)
        self._run()

    def finish(self) -> NDArray[np.uint8]:
        """The pictures (B, H, W, 3 or 4) when they are done; valid until the next ``start``."""
        while True:
            self.wait()
            if int(self._wanted) <= len(self._lists.splat):
                return self.picture.numpy()
            # Nearer than ever before: more room, once more.
            self._lists = TileLists.room(self.grid, capacity_for(int(self._wanted)), self.pixels.device)
            self._graph = None
            self._run()

    @property
    def done(self) -> bool:
        """Whether ``finish`` would not wait, unless the pictures need more room."""
        return self._done is None or bool(self._done.query())  # type: ignore[no-untyped-call]

    def wait(self) -> None:
        """Until nothing of it is under way: its memory may then become something else's."""
        if self._done is not None:
            self._done.synchronize()

    def steps(self) -> dict[str, Callable[[], None]]:
        """What is done, by the names of ``STAGES``, in order."""
        model, lists, splats, posed = self.model, self._lists, self._splats, self._posed
        width, height = self.grid.width, self.grid.height

        def upload() -> None:
            self._numbers.copy_(self._host, non_blocking=True)

        def rig() -> None:
            pose_vertices(
                model.template, model.basis, model.skin_joints, model.skin_weights, self._rows, self._vertices
            )

        def frames() -> None:
            triangle_frames(self._vertices, model.faces, posed.frames)

        def gaussians() -> None:
            project_bound(model.bound, posed, self._views, width, height, splats)

        def sort() -> None:
            map_to_tiles(splats, self.grid, lists)

        def blend() -> None:
            blend_bytes(lists, self.grid, self.background, self.pixels)

        return dict(zip(STAGES, (upload, rig, frames, gaussians, sort, blend), strict=True))

    def stage_milliseconds(self) -> dict[str, float]:
        """Median milliseconds of each of ``STAGES`` alone, on what the last picture left in the buffers.

        Each becomes a graph of its own that holds it many times over, so that starting the graph costs next to nothing;
        what it reads is in the caches already. On the CPU each is run once.
        """
        stages: dict[str, float] = {}
        for name, step in self.steps().items():
            if self._stream is not None:
                stages[name] = _replayed(step, self._stream)
            else:
                began = perf_counter()
                step()
                stages[name] = 1000 * (perf_counter() - began)
        return stages

    def _run(self) -> None:
        if self._stream is None or self._back is None or self._drawn is None or self._done is None:
            for step in self.steps().values():
                step()
            self.picture.copy_(self.pixels)
            self._wanted.copy_(self._lists.wanted)
            return
        if self._graph is None:
            # The buffers are filled with zeros there.
            self._stream.wait_stream(torch.cuda.current_stream(self.pixels.device))
        with torch.cuda.stream(self._stream):
            if self._graph is None:
                self._graph = self._record()
            # The picture before this one may still be on its way to the CPU.
            self._stream.wait_event(self._done)
            self._graph.replay()
            self._drawn.record(self._stream)
        with torch.cuda.stream(self._back):
            self._back.wait_event(self._drawn)
            self.picture.copy_(self.pixels, non_blocking=True)
            self._wanted.copy_(self._lists.wanted, non_blocking=True)
            self._done.record(self._back)

    def _record(self) -> torch.cuda.CUDAGraph:
        for _ in range(2):  # kernels compile and libraries start outside of the recording
            for step in self.steps().values():
                step()
            # Sorting takes as long as there is room: as much as this picture needs, and some.
            room = capacity_for(int(self._lists.wanted))
            if room != len(self._lists.splat):
                self._lists = TileLists.room(self.grid, room, self.pixels.device)
        torch.cuda.current_stream().synchronize()
        graph = torch.cuda.CUDAGraph()
        with _RECORDING, torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            for step in self.steps().values():
                step()
        return graph

    def _split(self, flat: Any, poses: int) -> Any:
        length = self.model.length
        return flat[: poses * length].reshape(poses, length), flat[poses * length :].reshape(-1, VIEW)


def _replayed(step: Callable[[], None], stream: torch.cuda.Stream) -> float:
    """Median milliseconds of ``step`` on ``stream``. Its kernels have been compiled."""
    graph = torch.cuda.CUDAGraph()
    with _RECORDING, torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        for _ in range(COPIES):
            step()
    with torch.cuda.stream(stream):
        events = [torch.cuda.Event(enable_timing=True) for _ in range(ROUNDS + 1)]  # type: ignore[no-untyped-call]
        graph.replay()
        for event in events[:-1]:
            event.record(stream)
            graph.replay()
        events[-1].record(stream)
        stream.synchronize()
    return float(median(a.elapsed_time(b) for a, b in pairwise(events))) / COPIES
