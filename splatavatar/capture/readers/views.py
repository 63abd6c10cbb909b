"""A capture of pictures that a layout names one by one, each with a camera: what all such readers check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import MOST, RIGID_TOLERANCE, Convention, check_intrinsics
from splatavatar.capture.readers.lens_fields import checked
from splatavatar.capture.readers.rig_params import RIG_PARAMS, read_rig_params
from splatavatar.capture.references import PictureReference
from splatavatar.errors import CaptureError
from splatavatar.render.camera import Camera
from splatavatar.rotations import nearest_rotations

TO_OPENCV = Convention(np.eye(4), np.eye(4), inverted=True)
"""of files whose matrices go from the world to cameras with OpenCV's axes"""
Sizes = Mapping[Any, tuple[int, int]]
"""width and height of pictures, by their references"""


@dataclass(frozen=True)
class View:
    """One picture, and how it was taken."""

    where: str
    """begins what is said of it"""
    name: str
    """path of the picture relative to the capture"""
    picture: PictureReference
    mask: PictureReference | None
    T_camera_rig: Doubles
    """(4, 4), OpenCV's axes"""
    K: Doubles
    """(3, 3) pixels of a picture of ``size``"""
    size: tuple[int, int]
    """width and height that ``K`` is for; the picture may be that made smaller as a whole"""
    camera: int
    timestep: int
    lens: Lens | None = None
    """of the picture as it is stored"""


def capture_of(
    root: Path,
    descriptions: tuple[Path, ...],
    views: Sequence[View],
    sizes: Sizes,
    parameters: RigParameters | None,
    rig_params: Path | None,
    convention: Convention = TO_OPENCV,
    splits: Mapping[str, tuple[int, ...]] | None = None,
) -> Capture:
    """The capture of ``views``, all of them for training, or in ``splits`` by their indices.

    ``parameters`` are those that the layout brings; a file of them, ``rig_params`` or ``rig_params.npz`` in ``root``,
    goes before. ``sizes`` are of all pictures and masks, ``convention`` is what the files mean.

    Raises:
        CaptureError: a camera that no picture of a head could come from, a mask of another size than its picture.
        RigError: a file of rig parameters that does not fit.
    """
    frames = tuple(_frames(views, sizes))
    split = dict(splits or {"train": tuple(range(len(frames))), "val": (), "test": ()})
    file = rig_params or root / RIG_PARAMS
    if rig_params is None and not file.exists():
        return Capture(root, frames, split, parameters, descriptions, convention=convention)
    timesteps = 1 + max(view.timestep for view in views)
    read = read_rig_params(file, timesteps, timesteps)
    return Capture(root, frames, split, None, descriptions, convention=convention).given(read)


def rigid(where: str, name: str, rotation: Doubles, translation: Doubles) -> Doubles:
    """(4, 4) of a ``rotation`` (3, 3), rounded as files have it, and a ``translation`` (3).

    ``where`` begins what is said, ``name`` is what the file calls it. Raises CaptureError for what is no rigid motion.
    """
    if not (np.isfinite(rotation).all() and np.isfinite(translation).all()):
        raise CaptureError(f"{where}: {name} holds values that are not finite")
    with np.errstate(over="ignore", invalid="ignore"):
        away = np.abs(rotation.T @ rotation - np.eye(3)).max()
    if not away <= RIGID_TOLERANCE:
        raise CaptureError(f"{where}: {name} is no rotation, its axes are not at right angles or not of length 1")
    if np.linalg.det(rotation) < 0:
        raise CaptureError(f"{where}: {name} mirrors (its determinant is negative), expected a rotation")
    if np.abs(translation).max() > MOST:
        raise CaptureError(f"{where}: the camera stands {np.abs(translation).max():.3g} units from the origin")
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = nearest_rotations(rotation), translation
    return out


def _frames(views: Sequence[View], sizes: Sizes) -> Iterator[Frame]:
    for view in views:
        width, height = size = sizes[view.picture]
        if view.mask is not None and sizes[view.mask] != size:
            wide, high = sizes[view.mask]
            raise CaptureError(
                f"{view.mask}: the mask has {wide}x{high} pixels, its image {Path(view.name).name} has {width}x{height}"
            )
        K = _scaled(view, size)
        check_intrinsics(view.where, K[0, 0], K[1, 1], K[0, 2], K[1, 2], size)
        camera = Camera(view.T_camera_rig, K, width, height)
        lens = view.lens and checked(view.where, view.lens, camera)
        yield Frame(view.name, view.picture, view.mask, camera, view.camera, view.timestep, lens=lens)


def _scaled(view: View, size: tuple[int, int]) -> Doubles:
    if not np.abs(view.K).max() <= MOST:
        raise CaptureError(f"{view.where}: intrinsics reach {np.abs(view.K).max():.3g}, expected pixels")
    (width, height), (across, down) = view.size, (size[0] / view.size[0], size[1] / view.size[1])
    if abs(across * height - size[1]) > 1 and abs(down * width - size[0]) > 1:
        raise CaptureError(
            f"{view.where}: the camera is of {width}x{height} pixels, the image {Path(view.name).name} has "
            f"{size[0]}x{size[1]}"
        )
    return np.diag([across, down, 1.0]) @ view.K
