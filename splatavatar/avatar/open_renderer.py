"""The renderer of a device."""

from __future__ import annotations

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderer import Colour, Renderer, check_device
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters


def open_renderer(avatar: Avatar, device: str = "cpu") -> Renderer:
    """``avatar`` ready to be drawn on one of ``renderer.DEVICES``.

    Raises:
        SettingsError: unknown device, or a number of threads that is none.
        DependencyError: it cannot work on this machine.
    """
    check_device(device)
    if device == "cuda":
        from splatavatar.avatar.cuda_renderer import CudaRenderer

        return CudaRenderer(avatar)
    from splatavatar.avatar.cpu_renderer import CpuRenderer

    return CpuRenderer(avatar)


def prepare(renderer: Renderer, camera: Camera, background: Colour | None) -> None:
    """Does what the first picture of a size and a background would wait for: a GPU compiles kernels and records."""
    if renderer.kind == "cuda":
        renderer.render(PoseParameters.neutral(renderer.avatar.rig), camera, background)
