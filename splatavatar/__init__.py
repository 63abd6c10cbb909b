"""Bake a person into a rigged 3D-Gaussian-splat avatar, then drive it in real time on a CPU.

The names below are the public API. Each is imported on first use, so ``import splatavatar`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.avatar.drive_path import DrivePath
    from splatavatar.avatar.file import load_avatar, save_avatar
    from splatavatar.avatar.frame_path import open_path
    from splatavatar.capture import read_capture
    from splatavatar.capture.capture import Capture
    from splatavatar.drive.playback import play
    from splatavatar.drive.retarget import retarget
    from splatavatar.drive.signal import FaceSignal, Recording
    from splatavatar.drive.sources.recorded import read_signal
    from splatavatar.drive.sources.signal_npz import write_signal
    from splatavatar.drive.view import camera_from_file, default_camera
    from splatavatar.errors import SplatAvatarError
    from splatavatar.gaussians.gaussians import BoundGaussians, Correctives, Gaussians
    from splatavatar.render.camera import Camera, look_at
    from splatavatar.render.image import Image
    from splatavatar.render.rasterize import rasterize
    from splatavatar.rig.loader import load_rig
    from splatavatar.rig.rig import PoseParameters, Rig

_MODULES = {
    "Avatar": "avatar.avatar",
    "BoundGaussians": "gaussians.gaussians",
    "Camera": "render.camera",
    "Capture": "capture.capture",
    "Correctives": "gaussians.gaussians",
    "DrivePath": "avatar.drive_path",
    "FaceSignal": "drive.signal",
    "Gaussians": "gaussians.gaussians",
    "Image": "render.image",
    "PoseParameters": "rig.rig",
    "Recording": "drive.signal",
    "Rig": "rig.rig",
    "SplatAvatarError": "errors",
    "camera_from_file": "drive.view",
    "default_camera": "drive.view",
    "load_avatar": "avatar.file",
    "load_rig": "rig.loader",
    "look_at": "render.camera",
    "open_path": "avatar.frame_path",
    "play": "drive.playback",
    "rasterize": "render.rasterize",
    "read_capture": "capture",
    "read_signal": "drive.sources.recorded",
    "retarget": "drive.retarget",
    "save_avatar": "avatar.file",
    "write_signal": "drive.sources.signal_npz",
}

__all__ = [
    "Avatar",
    "BoundGaussians",
    "Camera",
    "Capture",
    "Correctives",
    "DrivePath",
    "FaceSignal",
    "Gaussians",
    "Image",
    "PoseParameters",
    "Recording",
    "Rig",
    "SplatAvatarError",
    "__version__",
    "camera_from_file",
    "default_camera",
    "load_avatar",
    "load_rig",
    "look_at",
    "open_path",
    "play",
    "rasterize",
    "read_capture",
    "read_signal",
    "retarget",
    "save_avatar",
    "write_signal",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
