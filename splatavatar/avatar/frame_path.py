"""Where an avatar is drawn: on the CPU or on a GPU, behind one interface."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

DEVICES = ("cpu", "cuda")


class FramePath(Protocol):
    """From rig parameters to pixels; see ``DrivePath``."""

    avatar: Avatar

    def render(
        self, parameters: PoseParameters, camera: Camera, background: tuple[float, float, float] | None = None
    ) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) over ``background``, or (H, W, 4) with straight alpha. The next call overwrites it."""
        ...

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture by stage, ``total`` among them."""
        ...


def open_path(avatar: Avatar, device: str = "cpu") -> FramePath:
    """``avatar`` ready for playing on one of ``DEVICES``.

    Raises:
        SettingsError: unknown device.
        DependencyError: it cannot work on this machine.
    """
    if device == "cpu":
        from splatavatar.avatar.drive_path import DrivePath

        return DrivePath(avatar)
    if device == "cuda":
        from splatavatar.render.gpu_check import cuda_problem

        if problem := cuda_problem():
            from splatavatar.errors import DependencyError

            raise DependencyError(f"--device cuda cannot work here: {problem}")
        from splatavatar.avatar.cuda_path import CudaDrivePath

        return CudaDrivePath(avatar)
    raise SettingsError(f"unknown device {device!r}; the devices are {', '.join(DEVICES)}")
