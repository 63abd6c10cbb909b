"""A camera that other programs can choose: OBS Virtual Camera, v4l2loopback, Unity Capture, by pyvirtualcam."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.background import over
from splatavatar.errors import DependencyError, OutputError

HOW = {
    "linux": "load one with: sudo modprobe v4l2loopback devices=1 exclusive_caps=1",
    "darwin": "install OBS Studio, start its virtual camera once and stop it again",
    "win32": "install OBS Studio",
}


class VirtualCamera:
    """Sends pictures to a virtual camera device. What is transparent is black."""

    main_thread = False

    def __init__(self, width: int, height: int, fps: float = 60.0, device: str | None = None) -> None:
        """``device`` such as ``/dev/video2``; None takes the first that is free.

        Raises DependencyError without pyvirtualcam or without a device.
        """
        try:
            pyvirtualcam: Any = importlib.import_module("pyvirtualcam")
        except ModuleNotFoundError as error:
            raise DependencyError(
                "the virtual camera needs the package 'pyvirtualcam'; add it by: pip install \".[live]\""
            ) from error
        try:
            self._camera: Any = pyvirtualcam.Camera(width, height, fps, fmt=pyvirtualcam.PixelFormat.RGB, device=device)
        except (RuntimeError, OSError) as error:
            which = "no virtual camera device" if device is None else f"no virtual camera device {device} that is free"
            how = HOW.get(sys.platform, "install one that pyvirtualcam knows")
            raise DependencyError(f"{which} was found; {how}.") from error
        self.name = f"virtual camera {self._camera.device}"

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        """Send one picture (H, W, 3) or (H, W, 4). Raises OutputError when the device has gone."""
        if image.shape[2] == 4:
            image = over(image, np.zeros((*image.shape[:2], 3), np.uint8))
        try:
            self._camera.send(image)
        except (RuntimeError, OSError) as error:
            raise OutputError(f"the {self.name} takes no more pictures: {error}.") from error

    def close(self) -> None:
        """Let go of the device."""
        self._camera.close()
