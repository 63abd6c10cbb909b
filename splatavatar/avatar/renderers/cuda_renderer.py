"""The renderer of an NVIDIA GPU: from rig parameters to pixels as one CUDA graph; the twin of ``cpu_renderer``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter

import numpy as np
import torch

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cuda_frame import CudaFrame
from splatavatar.avatar.renderers.cuda_model import cuda_model
from splatavatar.avatar.renderers.renderer import (
    IN_FLIGHT,
    Colour,
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

KEPT = 8 * IN_FLIGHT
"""recorded frames: sizes, backgrounds and batches that are used in turn, each as often as may be under way at once"""


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
        self._under_way: list[_Batch] = []
        self._milliseconds = 0.0

    def render(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``."""
        return self.begin(parameters, camera, background, out).finish()

    def begin(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> CudaDrawing:
        """See ``Renderer``."""
        batch = None if out is None else out[None]
        return CudaDrawing(self._begin([parameters], [camera], background, None, batch), out)

    def render_batch(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``."""
        return self._begin(poses, cameras, background, pose, out).finish()

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> Iterator[Picture]:
        """See ``Renderer``; each is made while the one before it is on its way back."""
        waiting: deque[_Batch] = deque()
        try:
            for poses, cameras in frames:
                waiting.append(self._begin(poses, cameras, background, pose, None))
                if len(waiting) == IN_FLIGHT:
                    yield waiting.popleft().finish()
            while waiting:
                yield waiting.popleft().finish()
        finally:
            for batch in waiting:  # of a stream that was left half-way
                batch.abandon()

    def _begin(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None,
        pose: Sequence[int] | None,
        out: Picture | None,
    ) -> _Batch:
        """Pictures as ``render_batch`` makes them, under way."""
        began = perf_counter()
        self._under_way = [batch for batch in self._under_way if not batch.ended]
        if len(self._under_way) == IN_FLIGHT:
            self._under_way.pop(0).settle()
        # Each of those under way has buffers of its own; the first ones where nothing is.
        slot = next(slot for slot in range(IN_FLIGHT) if all(batch.slot != slot for batch in self._under_way))
        frame = self.frame(poses, cameras, background, pose, slot)
        pictures = picture_out(out, tuple(frame.picture.shape))
        frame.start(poses, cameras)
        batch = _Batch(frame, slot, pictures, began, self._took)
        self._under_way.append(batch)
        return batch

    def _took(self, seconds: float) -> None:
        self._milliseconds = 1000 * seconds

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


class _Batch:
    """Pictures that were begun, in the buffers of a recorded frame until they are finished."""

    def __init__(
        self, frame: CudaFrame, slot: int, pictures: Picture, began: float, took: Callable[[float], None]
    ) -> None:
        """``pictures`` is where they are put; ``took`` is told the seconds since ``began`` when they are there."""
        self.slot, self.ended = slot, False
        self._frame, self._pictures, self._began, self._took = frame, pictures, began, took

        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.ended or self._frame.done

    def settle(self) -> None:
        """Wait until they are there, or known to be impossible."""
        if self.ended:
            return
        try:
            np.copyto(self._pictures, self._frame.finish())
        except Exception as error:  # for who wants these pictures, not for who waits for their buffers
            self._error = error
        self.ended = True
        self._took(perf_counter() - self._began)

    def finish(self) -> Picture:
        self.settle()
        if self._error is not None:
            raise self._error
        return self._pictures

    def abandon(self) -> None:
        """Nobody wants them any more: their buffers are free when the GPU has left them."""
        self._frame.wait()
        self.ended = True


class CudaDrawing:
    """One picture that was begun; see ``Drawing``."""

    def __init__(self, batch: _Batch, out: Picture | None) -> None:
        self._batch, self._out = batch, out

    @property
    def done(self) -> bool:
        """See ``Drawing``."""
        return self._batch.done

    def finish(self) -> Picture:
        """See ``Drawing``."""
        picture = self._batch.finish()[0]
        return picture if self._out is None else self._out
