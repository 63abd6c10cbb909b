"""A small picture by every backend, beside what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SplatAvatarError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.rasterize import Backend, rasterize
from splatavatar.render.splatting import DILATION, MAX_ALPHA, MIN_ALPHA
from splatavatar.rotations import matrices_of_quaternions

TOLERANCE: dict[Backend, float] = {"cpu": 1.0}
"""levels of 255"""
OTHER_TOLERANCE = 2.0
BACKGROUND = (0.2, 0.5, 0.9)


@dataclass(frozen=True)
class PictureCheck:
    """The picture of one backend."""

    backend: Backend
    levels: float | None
    """greatest difference to the right one, in levels of 255; None where there is no picture"""
    problem: str | None
    """what is wrong with it, or why there is none"""


def scene() -> Gaussians[NDArray[np.float32]]:
    """24 Gaussians about the origin, of all shapes and sizes."""
    rng, count = np.random.default_rng(3), 24
    fields = (
        rng.normal(0, 0.1, (count, 3)),
        rng.normal(0, 1, (count, 4)),
        rng.uniform(0.005, 0.06, (count, 3)),
        rng.uniform(0.2, 1, count),
        rng.uniform(0, 1, (count, 3)),
    )
    return Gaussians(*(field.astype(np.float32) for field in fields))


def camera() -> Camera:
    """A metre away, off the axis."""
    return look_at(np.array([0.2, 0.1, 1.0]), np.zeros(3), 0.5, 75, 53)


def check_pictures(backends: Sequence[Backend], with_torch: bool) -> list[PictureCheck]:
    """The pictures of ``backends`` against the reference backend, or where torch is absent against ``written_out``.

    A backend that needs torch is drawn on the GPU.
    """
    right = _as_tensors("cpu", "reference") if with_torch else written_out(scene(), camera())
    return [_check(backend, right) for backend in backends]


def _check(backend: Backend, right: NDArray[Any]) -> PictureCheck:
    try:
        image = _as_arrays() if backend == "cpu" else _as_tensors("cuda", backend)
    except SplatAvatarError as error:
        return PictureCheck(backend, None, str(error))
    except Exception as error:  # compilers and drivers raise what they like, and a doctor tells it
        told = (str(error).strip().splitlines() or [""])[0]
        return PictureCheck(backend, None, f"it fails ({type(error).__name__}: {told})")
    return judged(backend, float(np.abs(image - right).max() * 255))


def judged(backend: Backend, levels: float) -> PictureCheck:
    """Whether a picture that is ``levels`` off is right."""
    right = levels <= TOLERANCE.get(backend, OTHER_TOLERANCE)  # false for NaN
    return PictureCheck(backend, levels, None if right else f"its picture is wrong by {levels:.1f} levels of 255")


def _as_arrays() -> NDArray[Any]:
    return rasterize(scene(), camera(), BACKGROUND, "cpu").colour


def _as_tensors(device: str, backend: Backend) -> NDArray[Any]:
    import torch

    given = scene()
    dtype = torch.float64 if backend == "reference" else torch.float32
    mean, rotation, scale, opacity, colour = (
        torch.as_tensor(field, dtype=dtype, device=device)
        for field in (given.mean, given.rotation, given.scale, given.opacity, given.colour)
    )
    image = rasterize(Gaussians(mean, rotation, scale, opacity, colour), camera(), BACKGROUND, backend)
    return np.asarray(image.colour.cpu().numpy())


def written_out(gaussians: Gaussians[NDArray[np.float32]], view: Camera) -> NDArray[np.float64]:
    """(H, W, 3) over ``BACKGROUND``: ``rasterize`` in double precision, for Gaussians inside of the picture."""
    to_camera, f = view.T_camera_world[:3, :3], view.K[[0, 1], [0, 1]]
    rows, columns = np.mgrid[: view.height, : view.width] + 0.5
    picture, left = np.zeros((view.height, view.width, 3)), np.ones((view.height, view.width, 1))
    points = gaussians.mean.astype(np.float64) @ to_camera.T + view.T_camera_world[:3, 3]
    for i in np.argsort(points[:, 2]):
        x, y, z = points[i]
        J = np.array([[f[0] / z, 0, -f[0] * x / z**2], [0, f[1] / z, -f[1] * y / z**2]])
        axes = J @ to_camera @ (matrices_of_quaternions(gaussians.rotation[i]) * gaussians.scale[i])
        conic = np.linalg.inv(axes @ axes.T + DILATION * np.eye(2))
        offset = np.stack([columns - f[0] * x / z - view.K[0, 2], rows - f[1] * y / z - view.K[1, 2]], -1)
        alpha = gaussians.opacity[i] * np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", offset, conic, offset))[..., None]
        alpha = np.where(alpha >= MIN_ALPHA, np.minimum(alpha, MAX_ALPHA), 0)
        picture += left * alpha * gaussians.colour[i]
        left *= 1 - alpha
    return np.asarray(picture + left * BACKGROUND)
