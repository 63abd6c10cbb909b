"""The renderer of a device."""

from __future__ import annotations

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.renderer import Colour, Renderer, check_device
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters


def open_renderer(avatar: Avatar, device: str = "cpu") -> Renderer:
    """Makes ``avatar`` ready to be drawn on one of ``renderer.DEVICES``.

    Raises:
        SettingsError: unknown device, or a number of threads that is none.
        DependencyError: it cannot work on this machine.
    """
    check_device(device)
    if device == "cuda":
        from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer

        return CudaRenderer(avatar)
    from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer

    return CpuRenderer(avatar)


def prepare(renderer: Renderer, camera: Camera, background: Colour | None, at_once: int = 1) -> None:
    """Does what the first pictures of a size and a background would wait for: a GPU compiles kernels and records.

    ``at_once`` is how many will be under way together, ``IN_FLIGHT`` at most: each has buffers of its own.
    """
    if renderer.kind == "cuda":
        rest = PoseParameters.neutral(renderer.avatar.rig)
        for drawing in [renderer.begin(rest, camera, background) for _ in range(at_once)]:
            drawing.finish()
