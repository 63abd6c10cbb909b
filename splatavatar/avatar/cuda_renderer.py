"""The renderer of an NVIDIA GPU: from rig parameters to pixels as one CUDA graph; the twin of ``cpu_renderer``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

import numpy as np
import torch

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.cuda_frame import CudaFrame
from splatavatar.avatar.cuda_model import cuda_model
from splatavatar.avatar.renderer import (
    Colour,
    Floats,
    Picture,
    check_device,
    picture_out,
    pose_of_each,
    posed_gaussians,
)
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import check_camera, check_size
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters

IN_FLIGHT = 2
"""pictures of a stream between the CPU and the GPU"""
KEPT = 8
"""recorded frames: sizes, backgrounds and batches that are used in turn"""


class CudaRenderer:
    """An avatar that a GPU draws; see ``Renderer``.

    One instance per thread. The first picture of a size, a background and a number of views records a CUDA graph; those
    after it replay it.
    """

    kind = "cuda"

    def __init__(self, avatar: Avatar, device: torch.device | None = None) -> None:
        """``device``: the current GPU where none is given.

        Raises:
            DependencyError: CUDA cannot work on this machine.
        """
        if device is None:
            check_device("cuda")
            device = torch.device("cuda", torch.cuda.current_device())
        self.avatar = avatar
        self._device = device
        self._model = cuda_model(avatar, device)
        self._frames: dict[object, CudaFrame] = {}
        self._milliseconds = 0.0

    def render(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``."""
        picture = self.render_batch([parameters], [camera], background, out=None if out is None else out[None])[0]
        return picture if out is None else out

    def render_batch(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``."""
        began = perf_counter()
        frame = self.frame(poses, cameras, background, pose)
        frame.start(poses, cameras)
        pictures = _taken(frame, out)
        self._milliseconds = 1000 * (perf_counter() - began)
        return pictures

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> Iterator[Picture]:
        """See ``Renderer``; each is made while the one before it is on its way back."""
        waiting: deque[tuple[CudaFrame, float]] = deque()
        slot = 0

        def next_pictures() -> Picture:
            frame, began = waiting[0]
            pictures = _taken(frame, None)
            waiting.popleft()
            self._milliseconds = 1000 * (perf_counter() - began)
            return pictures

        try:
            for poses, cameras in frames:
                frame = self.frame(poses, cameras, background, pose, slot)
                slot = (slot + 1) % IN_FLIGHT
                frame.start(poses, cameras)
                waiting.append((frame, perf_counter()))
                if len(waiting) == IN_FLIGHT:
                    yield next_pictures()
            while waiting:
                yield next_pictures()
        finally:
            for frame, _ in waiting:  # of a stream that was left half-way
                frame.wait()

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture or batch, from its parameters on the CPU to its way back: ``total``."""
        return {"total": self._milliseconds}

    @property
    def device(self) -> str:
        """What computes, in words."""
        if self._device.type == "cuda":
            return torch.cuda.get_device_name(self._device)
        return "CPU: the interpreter of Triton"

    def vertices(self, parameters: PoseParameters) -> Floats:
        """See ``Renderer``."""
        return pose_numpy(self.avatar.rig, parameters)

    def gaussians(self, parameters: PoseParameters) -> tuple[Gaussians[Floats], Floats]:
        """See ``Renderer``."""
        return posed_gaussians(self.avatar, self.vertices(parameters), parameters)

    def stage_milliseconds(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> dict[str, float]:
        """See ``Renderer``: each of ``cuda_frame.STAGES`` on the GPU alone."""
        frame = self.frame(poses, cameras, background, pose)
        frame.start(poses, cameras)
        frame.finish()
        return frame.stage_milliseconds()

    def frame(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None,
        pose: Sequence[int] | None,
        slot: int = 0,
    ) -> CudaFrame:
        """The recorded frame for such pictures; arguments as those of ``render_batch``."""
        which = pose_of_each(poses, cameras, pose)
        for camera in cameras:
            check_size(camera.width, camera.height, 0)
            check_camera(camera)
        size = cameras[0].width, cameras[0].height
        key = (which, len(poses), size, background, slot)
        found = self._frames.pop(key, None)
        if found is None:
            found = CudaFrame(self._model, which, len(poses), *size, background)
        self._frames[key] = found
        if len(self._frames) > KEPT:
            del self._frames[next(iter(self._frames))]
        return found


def _taken(frame: CudaFrame, out: Picture | None) -> Picture:
    """The pictures of a frame that was started, out of the memory that its next ones overwrite."""
    pictures = frame.finish()
    taken = picture_out(out, pictures.shape)
    np.copyto(taken, pictures)
    return taken
