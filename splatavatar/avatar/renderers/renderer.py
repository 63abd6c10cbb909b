"""What draws posed avatars: one interface on the CPU and on a GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.gaussians.binding import corrected, to_world, world_sh
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

DEVICES = ("cpu", "cuda")
IN_FLIGHT = 2
"""pictures that a GPU is given at once, so that the next is made while one is on its way back"""

Colour = tuple[float, float, float]
"""RGB in [0, 1]"""
Picture = NDArray[np.uint8]


class Drawing(Protocol):
    """A picture that has been begun."""

    @property
    def done(self) -> bool:
        """Whether ``finish`` would return at once."""
        ...

    def finish(self) -> Picture:
        """The picture, as ``Renderer.render`` returns it, when it is made; the same one if it is asked for again.

        Raises:
            SettingsError: see ``Renderer.render``.
        """
        ...


class Renderer(Protocol):
    """An avatar that is ready to be drawn on one device. Every picture it returns belongs to the caller."""

    avatar: Avatar
    kind: str
    """which of ``DEVICES``"""

    @property
    def device(self) -> str:
        """What computes, in words."""
        ...

    def render(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """One picture.

        Args:
            parameters: of the avatar's rig.
            camera: where to look from; its size is the size of the picture.
            background: RGB in [0, 1] behind the avatar; None leaves it transparent.
            out: where the picture is put and what is returned, instead of a new array.

        Returns:
            uint8 (H, W, 3) over the background, or (H, W, 4) with straight alpha.

        Raises:
            SettingsError: a size or a camera that cannot be drawn, too many large Gaussians, too little memory, or an
                ``out`` of another shape.
        """
        ...

    def begin(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Drawing:
        """Begin a picture that is finished later, so that the caller does something else meanwhile.

        Arguments and errors are those of ``render``. The CPU makes the picture at once. A GPU makes it beside the
        caller; where more than ``IN_FLIGHT`` are begun, the oldest is finished first. ``out`` belongs to the renderer
        until the picture is finished.
        """
        ...

    def render_batch(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """Several pictures of one size at once.

        Args:
            poses: P poses of the rig.
            cameras: B cameras whose pictures have one size.
            background: RGB in [0, 1] behind the avatar; None leaves it transparent.
            pose: (B) which of the poses each camera looks at, as [0, 0] for two eyes on one; the pose of the camera's
                own number where absent, or the only one.
            out: as that of ``render``, for all pictures.

        Returns:
            uint8 (B, H, W, 3), or (B, H, W, 4) with straight alpha.

        Raises:
            SettingsError: sizes that differ, numbers of poses and cameras that do not fit, or as ``render``.
        """
        ...

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> Iterator[Picture]:
        """The pictures of each of ``frames`` in order, as ``render_batch`` makes them.

        A GPU makes the next ones while those before them are on their way back, so that ``frames`` is read ahead.
        """
        ...

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture or batch by stage, ``total`` among them."""
        ...

    def stage_milliseconds(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> dict[str, float]:
        """Milliseconds of each stage of such a batch, where the device is left time to finish one after the other."""
        ...

    def vertices(self, parameters: PoseParameters) -> Floats:
        """The posed vertices (V, 3) of the rig, metres."""
        ...

    def gaussians(self, parameters: PoseParameters) -> tuple[Gaussians[Floats], Floats]:
        """The posed Gaussians in the world with the part of their colour that does not depend on the view.

        Second, the part that does: spherical harmonics (N, 3, 3) [channel, axis] for directions in the world frame.
        """
        ...


def check_device(device: str) -> None:
    """Says early what ``open_renderer`` would: before videos are read and files are written.

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


def pose_of_each(poses: Sequence[Any], cameras: Sequence[Camera], pose: Sequence[int] | None) -> tuple[int, ...]:
    """The pose that each camera (B) of a batch looks at; see ``Renderer.render_batch``. Raises SettingsError."""
    own = range(len(cameras)) if len(poses) > 1 else (0,) * len(cameras)
    which = tuple(own if pose is None else pose)
    if not cameras or len(which) != len(cameras) or not all(0 <= p < len(poses) for p in which):
        raise SettingsError(f"{len(cameras)} cameras cannot look at {len(poses)} poses as {list(which)}")
    size = cameras[0].width, cameras[0].height
    if any((camera.width, camera.height) != size for camera in cameras):
        sizes = ", ".join(sorted({f"{camera.width}x{camera.height}" for camera in cameras}))
        raise SettingsError(f"the views of a batch must have one size, got {sizes}")
    return which


def picture_out(out: Picture | None, shape: tuple[int, ...]) -> Picture:
    """The array to draw into: ``out``, or a new one where it is None.

    Raises SettingsError for one that cannot hold a picture of ``shape``.
    """
    if out is None:
        return np.empty(shape, np.uint8)
    if out.shape != shape or out.dtype != np.uint8 or not out.flags.c_contiguous or not out.flags.writeable:
        raise SettingsError(
            f"out holds {out.dtype} {out.shape}, expected contiguous uint8 {shape} that may be written to"
        )
    return out


def posed_gaussians(avatar: Avatar, vertices: Floats, parameters: PoseParameters) -> tuple[Gaussians[Floats], Floats]:
    """What ``Renderer.gaussians`` returns, for posed ``vertices`` (V, 3)."""
    inputs = np.concatenate([parameters.expression, parameters.joint_rotations.ravel()])
    bound = corrected(avatar.gaussians, avatar.correctives, inputs)
    faces = avatar.rig.faces
    return to_world(bound, vertices, faces), world_sh(bound, vertices, faces)
