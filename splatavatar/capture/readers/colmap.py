"""A scene of COLMAP: ``sparse/0`` with its cameras and pictures, as text or as bytes, and the folder ``images``.

All pictures are of one moment. The world has any unit, orientation and origin; the person is found in it later.
``masks`` holds the mattes, by the name of the picture with or without its suffix before ``.png``; white is the person.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.images import image_sizes
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import MOST, Convention, check_intrinsics
from splatavatar.capture.readers.colmap_files import ColmapCamera, ColmapImage, read_cameras, read_images
from splatavatar.capture.readers.lens_fields import checked
from splatavatar.capture.readers.mattes import check_mask_size, check_mattes
from splatavatar.capture.readers.named_files import check_files, named_file, posix_name
from splatavatar.capture.readers.rig_params import RIG_PARAMS, read_rig_params
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.printable import printable
from splatavatar.render.camera import Camera
from splatavatar.rotations import axis_angles_of_quaternions, rotation_matrices

SPARSE = ("sparse", "colmap/sparse", "distorted/sparse", ".")
"""where models lie, or folders of models by number"""
PICTURES = ("images", "input", "colmap/images", ".")
MASKS = ("masks", "mask")
COLMAP = Convention(np.eye(4), np.eye(4), inverted=True)
UNSUPPORTED = ("FOV", "THIN_PRISM_FISHEYE", "RAD_TAN_THIN_PRISM_FISHEYE")

_log = logging.getLogger("splatavatar")


def find_model(root: Path) -> Path | None:
    """The folder below ``root`` with the model of most pictures, by the size of its file; None where there is none."""
    folders = [root / name for name in SPARSE]
    folders += [folder for name in SPARSE[:-1] for folder in sorted((root / name).glob("[0-9]*")) if folder.is_dir()]
    models = [folder for folder in folders if _file(folder, "cameras") and _file(folder, "images")]
    return max(models, key=lambda folder: _required(folder, "images").stat().st_size) if models else None


def read_colmap(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of the scene in ``root``; see the top of this file.

    Rig parameters are in ``rig_params``, or in ``root/rig_params.npz`` where such a file exists. ``allow_outside`` lets
    the model name pictures that lie outside of ``root``.

    Raises:
        CaptureError: a model that is damaged, incomplete or contradicts the pictures.
        RigError: rig parameters that do not fit.
    """
    folder = find_model(root)
    if folder is None:
        raise CaptureError(f"{root}: no model of COLMAP, expected sparse/0 with cameras and images as .bin or .txt")
    cameras_file, images_file = _required(folder, "cameras"), _required(folder, "images")
    cameras, images = read_cameras(cameras_file), read_images(images_file)
    pictures = _pictures(root, images_file, images, allow_outside)
    masks = [_mask(root, images_file, image.name, allow_outside) for image in images]
    check_mattes(images_file, [posix_name(image.name) for image in images], pictures, masks)
    sizes = image_sizes([*pictures, *(mask for mask in masks if mask is not None)])
    frames = []
    for index, (image, picture, mask) in enumerate(zip(images, pictures, masks, strict=True)):
        where = f"{images_file}: {printable(image.name)}"
        if image.camera not in cameras:
            raise CaptureError(f"{where}: was taken by camera {image.camera}, which {cameras_file.name} does not have")
        if mask is not None:
            check_mask_size(mask, picture, sizes)
        seen = seen_by(f"{cameras_file}: camera {image.camera}", cameras[image.camera], sizes[picture])
        camera = Camera(pose_of(where, image), seen.K, *sizes[picture])
        lens = seen.lens and checked(f"{cameras_file}: camera {image.camera}", seen.lens, camera)
        frames.append(Frame(posix_name(image.name), picture, mask, camera, index, 0, lens=lens))
    splits: dict[str, tuple[int, ...]] = {"train": tuple(range(len(frames))), "val": (), "test": ()}
    parameters = rig_params or root / RIG_PARAMS
    if rig_params is None and not parameters.exists():
        return Capture(root, tuple(frames), splits, None, (cameras_file, images_file), convention=COLMAP)
    read = read_rig_params(parameters, 1, 1)
    return Capture(root, tuple(frames), splits, None, (cameras_file, images_file), convention=COLMAP).given(read)


@dataclass(frozen=True)
class Seen:
    """A camera by the pixels of a picture."""

    K: Doubles
    """(3, 3)"""
    lens: Lens | None


def seen_by(where: str, camera: ColmapCamera, size: tuple[int, int]) -> Seen:
    """What ``camera`` is to a picture of ``size`` (width, height): of its own, or made smaller as a whole."""
    if not (0 < camera.width < MOST and 0 < camera.height < MOST):
        raise CaptureError(f"{where}: its width or height is no number of pixels")
    if not all(math.isfinite(value) and abs(value) < MOST for value in camera.parameters):
        raise CaptureError(f"{where}: a parameter is not finite, or too large")
    if camera.model in UNSUPPORTED:
        raise CaptureError(
            f"{where}: the model {camera.model} is not supported; let COLMAP undistort the pictures (image_undistorter)"
        )
    across, down = size[0] / camera.width, size[1] / camera.height
    if abs(across * camera.height - size[1]) > 1 and abs(down * camera.width - size[0]) > 1:
        raise CaptureError(f"{where}: has {camera.width}x{camera.height} pixels, its pictures have {size[0]}x{size[1]}")
    fl_x, fl_y, cx, cy, numbers = INTRINSICS[camera.model](*camera.parameters)
    fl_x, cx, fl_y, cy = fl_x * across, cx * across, fl_y * down, cy * down
    check_intrinsics(where, fl_x, fl_y, cx, cy, size)
    K = np.array([[fl_x, 0, cx], [0, fl_y, cy], [0, 0, 1.0]])
    if camera.model.endswith("FISHEYE"):
        return Seen(K, Lens("fisheye", numbers, K))
    return Seen(K, Lens("opencv", numbers, K) if any(numbers) else None)


_Intrinsics = tuple[float, float, float, float, tuple[float, ...]]
INTRINSICS: dict[str, Callable[..., _Intrinsics]] = {
    "SIMPLE_PINHOLE": lambda f, cx, cy: (f, f, cx, cy, ()),
    "PINHOLE": lambda fx, fy, cx, cy: (fx, fy, cx, cy, ()),
    "SIMPLE_RADIAL": lambda f, cx, cy, k: (f, f, cx, cy, (k, 0.0, 0.0, 0.0)),
    "RADIAL": lambda f, cx, cy, k1, k2: (f, f, cx, cy, (k1, k2, 0.0, 0.0)),
    "OPENCV": lambda fx, fy, cx, cy, *k: (fx, fy, cx, cy, k),
    "FULL_OPENCV": lambda fx, fy, cx, cy, *k: (fx, fy, cx, cy, k),
    "OPENCV_FISHEYE": lambda fx, fy, cx, cy, *k: (fx, fy, cx, cy, k),
    "SIMPLE_RADIAL_FISHEYE": lambda f, cx, cy, k: (f, f, cx, cy, (k, 0.0, 0.0, 0.0)),
    "RADIAL_FISHEYE": lambda f, cx, cy, k1, k2: (f, f, cx, cy, (k1, k2, 0.0, 0.0)),
}
"""focal lengths, principal point and the numbers of OpenCV's lens, of the parameters in COLMAP's order"""


def pose_of(where: str, image: ColmapImage) -> Doubles:
    """(4, 4) from the world to the camera."""
    rotation, translation = np.array(image.rotation), np.array(image.translation)
    if not (np.isfinite(rotation).all() and np.isfinite(translation).all()):
        raise CaptureError(f"{where}: its place holds values that are not finite")
    length = float(np.linalg.norm(rotation))
    if not 0.9 < length < 1.1:
        raise CaptureError(f"{where}: its quaternion has the length {length:.3g}, expected 1")
    if np.abs(translation).max() > MOST:
        raise CaptureError(f"{where}: the camera stands {np.abs(translation).max():.3g} units from the origin")
    pose = np.eye(4)
    pose[:3, :3] = rotation_matrices(axis_angles_of_quaternions(rotation))
    pose[:3, 3] = translation
    return pose


def _pictures(root: Path, description: Path, images: list[ColmapImage], allow_outside: bool) -> list[PictureFile]:
    folders = [root / name for name in PICTURES if (root / name).is_dir()]
    first = images[0].name
    here = next((folder for folder in folders if _exists(folder, first)), folders[0])
    found = [named_file(root, description, f"{_below(root, here)}{image.name}", allow_outside) for image in images]
    check_files("image", found, description.name)
    return [PictureFile(file) for file in found]


def _mask(root: Path, description: Path, name: str, allow_outside: bool) -> PictureFile | None:
    plain = posix_name(name)
    for folder in MASKS:
        for mask in (f"{plain}.png", str(Path(plain).with_suffix(".png")), plain):
            if _exists(root / folder, mask):
                return PictureFile(named_file(root, description, f"{folder}/{mask}", allow_outside))
    return None


def _exists(folder: Path, name: str) -> bool:
    try:
        return (folder / posix_name(name)).is_file()
    except (OSError, ValueError):  # no name that a file can have: who opens it says so
        return False


def _below(root: Path, folder: Path) -> str:
    return "" if folder == root else f"{folder.relative_to(root).as_posix()}/"


def _file(folder: Path, name: str) -> Path | None:
    return next((file for suffix in (".bin", ".txt") if (file := folder / f"{name}{suffix}").is_file()), None)


def _required(folder: Path, name: str) -> Path:
    file = _file(folder, name)
    assert file is not None
    return file
