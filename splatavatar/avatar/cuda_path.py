"""From rig parameters to pixels on an NVIDIA GPU; the twin of ``drive_path``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.cuda_frame import CudaFrame
from splatavatar.avatar.cuda_model import cuda_model
from splatavatar.avatar.frame_path import Background, check_device
from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import check_camera, check_size
from splatavatar.rig.rig import PoseParameters

IN_FLIGHT = 2
"""pictures of a stream between the CPU and the GPU"""
KEPT = 8
"""recorded frames: sizes, backgrounds and batches that are used in turn"""


class CudaDrivePath:
    """An avatar prepared for playing on a GPU.

    One instance per thread. The first picture of a size, a background and a number of views records a CUDA graph; those
    after it replay it.
    """

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
        self, parameters: PoseParameters, camera: Camera, background: Background | None = None
    ) -> NDArray[np.uint8]:
        """One picture; see ``DrivePath.render``. The next call overwrites it."""
        picture: NDArray[np.uint8] = self.render_batch([parameters], [camera], background)[0]
        return picture

    def render_batch(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Background | None = None,
        pose: Sequence[int] | None = None,
    ) -> NDArray[np.uint8]:
        """Several pictures of one size at once.

        Args:
            poses: P poses of the rig.
            cameras: B cameras whose pictures have one size.
            background: RGB in [0, 1] behind the avatar; None leaves it transparent.
            pose: (B) which of the poses each camera looks at, as [0, 0] for two eyes on one; the pose of the camera's
                own number where absent, or the only one.

        Returns:
            uint8 (B, H, W, 3), or (B, H, W, 4) with straight alpha. The next call overwrites it.

        Raises:
            SettingsError: sizes that differ, numbers of poses and cameras that do not fit, a size or a camera that
                cannot be drawn, too many pixels, or too many large Gaussians.
        """
        began = perf_counter()
        frame = self.frame(poses, cameras, background, pose)
        frame.start(poses, cameras)
        pictures = frame.finish()
        self._milliseconds = 1000 * (perf_counter() - began)
        return pictures

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Background | None = None,
        pose: Sequence[int] | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """The pictures of ``frames`` in order, each made while the one before it is on its way back.

        Each is valid until the next is asked for. Arguments as those of ``render_batch``.
        """
        waiting: list[CudaFrame] = []
        slot = 0
        try:
            for poses, cameras in frames:
                frame = self.frame(poses, cameras, background, pose, slot)
                slot = (slot + 1) % (IN_FLIGHT + 1)  # one more: the picture handed out is still being looked at
                frame.start(poses, cameras)
                waiting.append(frame)
                if len(waiting) == IN_FLIGHT:
                    yield waiting.pop(0).finish()
            while waiting:
                yield waiting.pop(0).finish()
        finally:
            for frame in waiting:  # of a stream that was left half-way
                frame.wait()

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture, its parameters on the CPU and its way back included: ``total``."""
        return {"total": self._milliseconds}

    @property
    def device(self) -> str:
        """What computes, in words."""
        if self._device.type == "cuda":
            return torch.cuda.get_device_name(self._device)
        return "CPU: the interpreter of Triton"

    def stage_milliseconds(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Background | None = None,
        pose: Sequence[int] | None = None,
    ) -> dict[str, float]:
        """Milliseconds of each stage (``cuda_frame.STAGES``) on the GPU alone, measured one by one.

        Arguments as those of ``render_batch``.
        """
        frame = self.frame(poses, cameras, background, pose)
        frame.start(poses, cameras)
        frame.finish()
        return frame.stage_milliseconds()

    def frame(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Background | None,
        pose: Sequence[int] | None,
        slot: int = 0,
    ) -> CudaFrame:
        """The recorded frame for such pictures; arguments as those of ``render_batch``."""
        which = (
            tuple(pose) if pose is not None else tuple(range(len(cameras))) if len(poses) > 1 else (0,) * len(cameras)
        )
        if len(which) != len(cameras) or not all(0 <= p < len(poses) for p in which):
            raise SettingsError(f"{len(cameras)} cameras cannot look at {len(poses)} poses as {list(which)}")
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
