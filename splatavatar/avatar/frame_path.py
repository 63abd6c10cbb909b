"""Where an avatar is drawn: on the CPU or on a GPU, behind one interface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

DEVICES = ("cpu", "cuda")

Background = tuple[float, float, float]


class FramePath(Protocol):
    """From rig parameters to pixels; see ``DrivePath``."""

    avatar: Avatar

    @property
    def device(self) -> str:
        """What computes, in words."""
        ...

    def render(
        self, parameters: PoseParameters, camera: Camera, background: Background | None = None
    ) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) over ``background``, or (H, W, 4) with straight alpha. The next call overwrites it."""
        ...

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture by stage, ``total`` among them."""
        ...


@runtime_checkable
class GpuPath(FramePath, Protocol):
    """One whose pictures are made while those before them are on their way back; see ``CudaDrivePath``."""

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Background | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """The pictures (B, H, W, 3 or 4) of each frame in order, each valid until the next is asked for."""
        ...

    def stage_milliseconds(
        self, poses: Sequence[PoseParameters], cameras: Sequence[Camera], background: Background | None = None
    ) -> dict[str, float]:
        """Milliseconds of each stage on the GPU alone, measured one by one."""
        ...


def check_device(device: str) -> None:
    """Says early what ``open_path`` would: before videos are read and files are written.

    Raises:
        SettingsError: unknown device, or a number of threads that is none.
        DependencyError: it cannot work on this machine.
    """
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; the devices are {', '.join(DEVICES)}")
    _native.thread_count()
    if device == "cuda":
        from splatavatar.render.gpu_check import cuda_problem

        if problem := cuda_problem():
            raise DependencyError(f"--device cuda cannot work here: {problem}")


def open_path(avatar: Avatar, device: str = "cpu") -> FramePath:
    """``avatar`` ready for playing on one of ``DEVICES``.

    Raises:
        SettingsError: unknown device, or a number of threads that is none.
        DependencyError: it cannot work on this machine.
    """
    check_device(device)
    if device == "cuda":
        from splatavatar.avatar.cuda_path import CudaDrivePath

        return CudaDrivePath(avatar)
    from splatavatar.avatar.drive_path import DrivePath

    return DrivePath(avatar)


def prepare(path: FramePath, camera: Camera, background: Background | None) -> None:
    """Does what the first picture of a size and a background would wait for: a GPU compiles kernels and records."""
    if isinstance(path, GpuPath):
        path.render(PoseParameters.neutral(path.avatar.rig), camera, background)
