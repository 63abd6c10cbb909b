"""``flame_params.json`` of IMavatar, which PointAvatar and SplattingAvatar read: one video, its pictures and its FLAME.

Cameras look along their own -Z, x to the right and y up, of a head that is four times as large as FLAME's, and so are
their translations. Focal lengths and principal point are shares of the picture, the first of them negative; old files
have pixels of a picture of 512. Pictures count from 1. Facts after the sources of IMavatar. VHAP writes another file of
that name, which holds no cameras.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.capture import Capture
from splatavatar.capture.images import image_sizes
from splatavatar.capture.readers.camera_fields import MOST, Convention, T_opengl_opencv
from splatavatar.capture.readers.flame.parameters import JOINTS, flame_parameters
from splatavatar.capture.readers.mattes import check_mattes
from splatavatar.capture.readers.named_files import check_files, named_picture, posix_name
from splatavatar.capture.readers.views import View, capture_of, rigid
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.input import open_input, read_json
from splatavatar.natural import natural
from splatavatar.printable import printable

FILE = "flame_params.json"
FACTOR = 4.0
"""that its heads are larger than FLAME's"""
OLD_SIDE = 512
"""pixels of the pictures that old files count in"""
PICTURES, MASKS = "image", "mask"
HEAD = 1 << 16
"""bytes at the beginning of a file by which it is known"""
FIRST_FRAME = re.compile(rb'"frames"\s*:\s*\[\s*\{[^{}]*"world_mat"')


def is_imavatar(root: Path) -> bool:
    """Whether ``root/flame_params.json`` is a file of this layout, by its beginning."""
    path = root / FILE
    if not path.is_file():
        return False
    try:
        with open_input(path, CaptureError) as file:
            return FIRST_FRAME.search(file.read(HEAD)) is not None
    except (CaptureError, OSError):
        return False


def read_imavatar(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture that ``root/flame_params.json`` describes; see the top of this file.

    Raises:
        CaptureError: a description that is damaged, incomplete or contradicts the pictures.
        RigError: parameters that are none of FLAME's, or a file ``rig_params`` that does not fit.
    """
    path = root / FILE
    data = read_json(path, CaptureError, "cameras and FLAME of IMavatar")
    entries = data.get("frames") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise CaptureError(f"{path}: no frames, expected a list 'frames' with one object a picture")
    names = [_name(path, position, entry) for position, entry in enumerate(entries)]
    pictures = [PictureFile(named_picture(root, path, name, allow_outside)) for name in names]
    check_files("image", [picture.path for picture in pictures], FILE)
    masks = [_mask(root, path, name, allow_outside) for name in names]
    check_mattes(path, names, pictures, masks)
    sizes = image_sizes([*pictures, *(mask for mask in masks if mask is not None)])
    intrinsics = _numbers(str(path), data, "intrinsics", (4,))
    order = sorted(range(len(names)), key=lambda at: natural(names[at]))
    moment = {at: timestep for timestep, at in enumerate(order)}
    views = [
        View(
            where=f"{path}: {printable(name)}",
            name=name,
            picture=picture,
            mask=mask,
            T_camera_rig=_pose(f"{path}: {printable(name)}", entry),
            K=_camera(path, intrinsics, sizes[picture]),
            size=sizes[picture],
            camera=0,
            timestep=moment[at],
        )
        for at, (name, entry, picture, mask) in enumerate(zip(names, entries, pictures, masks, strict=True))
    ]
    ordered = [entries[at] for at in order]
    pose = _rows(path, ordered, [names[at] for at in order], "pose")
    if pose.shape[1] != 3 * len(JOINTS):
        raise CaptureError(f"{path}: pose has {pose.shape[1]} numbers, expected 15: the turns of FLAME's five joints")
    parameters = flame_parameters(
        str(path),
        "imavatar",
        _numbers(str(path), data, "shape_params", None),
        _rows(path, ordered, [names[at] for at in order], "expression"),
        {joint: pose[:, 3 * number : 3 * number + 3] for number, joint in enumerate(JOINTS)},
    )
    convention = Convention(np.eye(4), T_opengl_opencv, inverted=True)
    return capture_of(root, (path,), views, sizes, parameters, rig_params, convention)


def _camera(path: Path, intrinsics: Doubles, size: tuple[int, int]) -> Doubles:
    """(3, 3) pixels of a picture of ``size``, OpenCV's axes."""
    fl_x, fl_y, cx, cy = intrinsics
    if not fl_x < 0 < fl_y:
        raise CaptureError(
            f"{path}: intrinsics begin with {fl_x:g} and {fl_y:g}, expected a negative and a positive focal length"
        )
    if np.abs(intrinsics).max() > MOST:
        raise CaptureError(f"{path}: intrinsics reach {np.abs(intrinsics).max():.3g}, expected shares of the picture")
    across, down = np.array(size) / (OLD_SIDE if cy > 1 else 1)
    return np.array([[-fl_x * across, 0, cx * across], [0, fl_y * down, cy * down], [0, 0, 1.0]])


def _pose(where: str, entry: Mapping[str, Any]) -> Doubles:
    """(4, 4) from FLAME to the camera."""
    rows = entry.get("world_mat")
    shape = (len(rows), 4) if isinstance(rows, list) and len(rows) in (3, 4) else (3, 4)
    matrix = _numbers(where, entry, "world_mat", shape)
    if len(matrix) == 4 and not np.allclose(matrix[3], [0, 0, 0, 1], atol=1e-6):
        raise CaptureError(f"{where}: the last row of world_mat is not 0 0 0 1")
    R_opencv_opengl = T_opengl_opencv[:3, :3]  # its own inverse
    return rigid(where, "world_mat", R_opencv_opengl @ matrix[:3, :3], R_opencv_opengl @ matrix[:3, 3] / FACTOR)


def _name(path: Path, position: int, entry: Mapping[str, Any]) -> str:
    name = entry.get("file_path")
    if not isinstance(name, str):
        raise CaptureError(f"{path}: frame {position} has no file_path")
    return posix_name(name)


def _mask(root: Path, path: Path, name: str, allow_outside: bool) -> PictureFile | None:
    """The matte of the picture ``name``, in a folder of its own beside that of the pictures."""
    parts = PurePosixPath(name).parts
    if PICTURES not in parts:
        return None
    masked = "/".join(MASKS if part == PICTURES else part for part in parts)
    mask = named_picture(root, path, masked, allow_outside)
    return PictureFile(mask) if mask.is_file() else None


def _rows(path: Path, entries: Sequence[Mapping[str, Any]], names: Sequence[str], field: str) -> Doubles:
    """(T, N) the lists ``field`` of all ``entries``."""
    rows = [_numbers(f"{path}: {printable(n)}", entry, field, None) for n, entry in zip(names, entries, strict=True)]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise CaptureError(f"{path}: {field} has {lengths[0]} numbers in one frame and {lengths[1]} in another")
    return np.stack(rows)


def _numbers(where: str, values: Mapping[str, Any], name: str, shape: tuple[int, ...] | None) -> Doubles:
    """The list ``name`` as an array, of one dimension and any length where ``shape`` is None."""
    found = values.get(name)
    try:
        array = np.array(found, np.float64) if isinstance(found, list) else None
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is None or (array.ndim != 1 if shape is None else array.shape != shape):
        expected = "a list of numbers" if shape is None else f"{'x'.join(map(str, shape))} numbers"
        raise CaptureError(f"{where}: {name} is no such list, expected {expected}")
    if not np.isfinite(array).all():
        raise CaptureError(f"{where}: {name} holds values that are not finite")
    return array
