"""The nerfstudio dialect: ``transforms.json`` with the fields that avatar captures add to it.

Read for all frames or in each frame: ``fl_x fl_y cx cy w h`` (or ``camera_angle_x``). In each frame: ``file_path``,
``transform_matrix`` (camera to world, OpenGL axes: x right, y up, z back), ``mask_path`` or ``fg_mask_path``,
``timestep_index`` (0 where absent), ``camera_index`` (the position of the frame where absent), ``matte_weight`` (1
where absent). For all:
``train_filenames``, ``val_filenames``, ``test_filenames``. Field names after nerfstudio's data conventions and VHAP's
export.

The world of these files is Z-up facing -Y; point_rig = (x, z, -y).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.images import image_sizes
from splatavatar.capture.readers.rig_params import read_rig_params
from splatavatar.errors import CaptureError
from splatavatar.render.camera import Camera

FILE, RIG_PARAMS = "transforms.json", "rig_params.npz"
SPLITS = ("train", "val", "test")
PINHOLE_MODELS = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV")
DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2", "distortion_params")
T_rig_world = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
T_opengl_opencv = np.diag([1.0, -1.0, -1.0, 1.0])
RIGID_TOLERANCE = 1e-3
"""largest entry of R^T R - I that still passes for rounding"""


def read_transforms(root: Path, rig_params: Path | None = None) -> Capture:
    """The capture described by ``root/transforms.json``.

    Its rig parameters are in ``rig_params`` or, if that is None, in ``root/rig_params.npz`` where such a file exists.
    They may say that the unit of the cameras is not the metre; the cameras returned are in metres.

    Raises:
        CaptureError: a description that is damaged, incomplete or contradicts the pictures.
        RigError: rig parameters that do not fit.
    """
    path = root / FILE
    data = _load(path)
    entries = data.get("frames")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise CaptureError(f"{path}: no frames, expected a list 'frames' with one object a picture")
    _refuse_distortion(path, data, entries)
    images, masks = _find_files(root, path, entries)
    sizes = image_sizes([*images, *(mask for mask in masks if mask is not None)])
    for image, mask in zip(images, masks, strict=True):
        if mask is not None and sizes[mask] != sizes[image]:
            raise CaptureError(
                f"{mask}: the mask has {_size(sizes[mask])} pixels, its image {image.name} has {_size(sizes[image])}"
            )
    frames = tuple(
        Frame(
            name=_name(entry),
            image_path=image,
            mask_path=mask,
            camera=_camera(path, data, entry, image, sizes[image]),
            camera_index=_index(path, entry, "camera_index", position),
            timestep=_index(path, entry, "timestep_index", 0),
            matte_weight=_share(path, entry, "matte_weight"),
        )
        for position, (entry, image, mask) in enumerate(zip(entries, images, masks, strict=True))
    )
    splits = _splits(path, data, frames)
    parameters = rig_params or root / RIG_PARAMS
    known = rig_params is not None or parameters.is_file()
    if not known:
        return Capture(root, frames, splits, None)
    read = read_rig_params(parameters, _timesteps(path, data, frames))
    return Capture(root, frames, splits, read).scaled(read.camera_scale)


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise CaptureError(f"{path}: not valid JSON: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise CaptureError(f"{path}: not valid JSON (line {error.lineno})") from error
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{path}: not valid JSON: a number too long or lists too deep") from error
    if not isinstance(data, dict):
        raise CaptureError(f"{path}: expected a JSON object, found {type(data).__name__}")
    return data


def _refuse_distortion(path: Path, data: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    model = data.get("camera_model", "OPENCV")
    if model not in PINHOLE_MODELS:
        raise CaptureError(
            f"{path}: camera_model {model!r} is not supported: undistort the images first and use 'PINHOLE'"
        )
    for source in (data, *entries):
        for name in DISTORTION:
            values = source.get(name, 0)
            if any(value != 0 for value in (values if isinstance(values, list) else [values])):
                raise CaptureError(
                    f"{path}: lens distortion ({name} = {values}) is not supported: undistort the images first"
                )


def _name(entry: dict[str, Any]) -> str:
    return Path(entry["file_path"]).as_posix()


def _find_files(root: Path, path: Path, entries: list[dict[str, Any]]) -> tuple[list[Path], list[Path | None]]:
    """The picture and the mask of each frame; all of them exist."""
    images: list[Path] = []
    masks: list[Path | None] = []
    for position, entry in enumerate(entries):
        if not isinstance(entry.get("file_path"), str):
            raise CaptureError(f"{path}: frame {position} has no file_path")
        mask = entry.get("mask_path", entry.get("fg_mask_path"))
        if not (mask is None or isinstance(mask, str)):
            raise CaptureError(f"{path}: {_name(entry)} has a mask_path that is not text")
        images.append(root / entry["file_path"])
        masks.append(None if mask is None else root / mask)
    for what, files in (("image", images), ("mask", [mask for mask in masks if mask is not None])):
        missing = [file for file in files if not file.is_file()]
        if missing:
            count = f"{len(missing)} of {len(files)} missing"
            raise CaptureError(f"{missing[0]}: no such {what}, named by {FILE} ({count})")
    return images, masks


def _camera(path: Path, data: dict[str, Any], entry: dict[str, Any], image: Path, size: tuple[int, int]) -> Camera:
    values = {**data, **entry}
    where = f"{path}: {_name(entry)}"
    stated = tuple(_number(where, values, name, default) for name, default in zip("wh", size, strict=True))
    if stated != size:
        raise CaptureError(
            f"{image}: the image has {_size(size)} pixels, {FILE} says {'x'.join(f'{value:g}' for value in stated)}"
        )
    width, height = size
    if values.get("fl_x") is not None:
        fl_x = _number(where, values, "fl_x", 0)
    elif values.get("camera_angle_x") is not None:
        angle = _number(where, values, "camera_angle_x", 0)
        if not 0 < angle < math.pi:
            raise CaptureError(f"{where}: camera_angle_x is {angle:g}, expected radians between 0 and pi")
        fl_x = width / 2 / math.tan(angle / 2)
    else:
        raise CaptureError(f"{where}: no intrinsics, expected fl_x, fl_y, cx and cy in pixels, global or in each frame")
    fl_y = _number(where, values, "fl_y", fl_x)
    if min(fl_x, fl_y) <= 0:
        raise CaptureError(f"{where}: the focal length is {min(fl_x, fl_y):g} pixels, expected more than 0")
    cx, cy = _number(where, values, "cx", width / 2), _number(where, values, "cy", height / 2)
    T_rig_camera = T_rig_world @ _matrix(where, entry) @ T_opengl_opencv
    T_camera_rig = np.linalg.inv(T_rig_camera).astype(np.float64)
    return Camera(T_camera_rig, np.array([[fl_x, 0, cx], [0, fl_y, cy], [0, 0, 1.0]]), width, height)


def _matrix(where: str, entry: dict[str, Any]) -> NDArray[np.float64]:
    """``transform_matrix`` (4, 4), checked to be a rigid motion."""
    try:
        matrix = np.array(entry.get("transform_matrix"), np.float64)
    except (ValueError, TypeError, OverflowError):
        matrix = np.zeros(0)
    if matrix.shape != (4, 4):
        raise CaptureError(f"{where}: transform_matrix is not a 4x4 matrix of numbers")
    if not np.isfinite(matrix).all():
        raise CaptureError(f"{where}: transform_matrix holds values that are not finite")
    rotation = matrix[:3, :3]
    if np.linalg.matrix_rank(matrix, tol=1e-9) < 4:
        raise CaptureError(f"{where}: transform_matrix is singular, expected a rotation and a translation")
    rigid = np.abs(rotation.T @ rotation - np.eye(3)).max() < RIGID_TOLERANCE and np.linalg.det(rotation) > 0
    if not rigid or np.abs(matrix[3] - [0, 0, 0, 1]).max() > RIGID_TOLERANCE:
        raise CaptureError(f"{where}: transform_matrix is not rigid, expected a rotation and a translation")
    return matrix


def _splits(path: Path, data: dict[str, Any], frames: tuple[Frame, ...]) -> dict[str, tuple[int, ...]]:
    keys = {split: f"{split}_filenames" for split in SPLITS}
    if not any(key in data for key in keys.values()):
        return {"train": tuple(range(len(frames))), "val": (), "test": ()}
    positions = {frame.name: position for position, frame in enumerate(frames)}
    splits: dict[str, tuple[int, ...]] = {}
    for split, key in keys.items():
        names = data.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CaptureError(f"{path}: {key} is not a list of file names")
        unknown = [name for name in names if Path(name).as_posix() not in positions]
        if unknown:
            raise CaptureError(f"{path}: {key} names {unknown[0]!r}, which is not the file_path of a frame")
        splits[split] = tuple(positions[Path(name).as_posix()] for name in names)
    if not splits["train"]:
        raise CaptureError(f"{path}: no training frames, train_filenames is empty")
    return splits


def _timesteps(path: Path, data: dict[str, Any], frames: tuple[Frame, ...]) -> int:
    """How many timesteps the capture has; ``timestep_indices`` may count some of which no picture is left."""
    listed = data.get("timestep_indices", [])
    if not isinstance(listed, list) or not all(type(index) is int for index in listed):
        raise CaptureError(f"{path}: timestep_indices is not a list of whole numbers")
    return 1 + max([frame.timestep for frame in frames] + listed)


def _number(where: str, values: Mapping[str, Any], name: str, default: float) -> float:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        raise CaptureError(f"{where}: {name} is {value!r}, expected a number")
    return float(value)


def _index(path: Path, entry: dict[str, Any], name: str, default: int) -> int:
    value = entry.get(name, default)
    if type(value) is not int or value < 0:
        raise CaptureError(f"{path}: {_name(entry)} has the {name} {value!r}, expected a whole number from 0 on")
    return value


def _share(path: Path, entry: dict[str, Any], name: str) -> float:
    value = _number(f"{path}: {_name(entry)}", entry, name, 1.0)
    if not 0 <= value <= 1:
        raise CaptureError(f"{path}: {_name(entry)} has the {name} {value:g}, expected a number from 0 to 1")
    return value


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
