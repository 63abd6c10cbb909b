"""The camera that a frame of ``transforms.json`` describes, and the fields of that file that would change it."""

from __future__ import annotations

import difflib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import CaptureError
from splatavatar.printable import printable
from splatavatar.render.camera import Camera
from splatavatar.rotations import nearest_rotations

Fields = Mapping[str, Any]

T_rig_world = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
T_opengl_opencv = np.diag([1.0, -1.0, -1.0, 1.0])

MODELS = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV", "PERSPECTIVE")
FISHEYE_MODELS = ("OPENCV_FISHEYE", "FISHEYE")
"""as ``camera_model`` alone, see ``lens_fields``"""
FLAGS = ("is_fisheye", "fisheye")
"""that instant-ngp sets for a fisheye"""
MODEL_FIELDS = ("camera_model", "camera_type", "lens", "lens_type", "lens_model", "projection", "projection_type")
LENS = re.compile(
    r"(k|p|s|b)_?\d+|tau_?[xy]|skew\w*|shear\w*|\w*distort\w*|(is_)?fish_?eye\w*|(is_)?(panoram|equirect|omni)\w*"
    r"|rolling_shutter\w*|radial\w*|tangential\w*|thin_prism\w*|affinity\w*",
    re.IGNORECASE,
)
"""names of what bends rays or pixels; harmless where it is nothing"""
FRAME_FIELDS = (
    *("file_path", "mask_path", "fg_mask_path", "transform_matrix", "timestep_index", "camera_index", "matte_weight"),
    *("fl_x", "fl_y", "cx", "cy", "w", "h", "camera_angle_x", "camera_angle_y"),
    *("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2"),
)
FILE_FIELDS = ("frames", "timestep_indices", "train_filenames", "val_filenames", "test_filenames")
HARMLESS = re.compile(
    r"time(step)?|timestep_(id|index_original|indices)|timestamp\w*|camera_(id|indices|label|name)|\w*(_ids?|_names?)"
    r"|sharpness|blur\w*|aabb\w*|render_aabb\w*|fov_?[xy]|[xy]_fov|rotation|applied_(transform|scale)|\w*filenames?"
    r"|\w*_(file_)?path|fps|exposure\w*|iso|shutter\w*|comment\w*|description|version|date|license|licence|source|name"
    r"|id|index|split|subject|sequence|frame|image_(name|id)|orientation_override|auto_scale_poses_override"
    r"|integer_depth_scale|enable_depth_loading|depth_unit\w*|near|far|light\w*|n_extra_learnable_dims|from_na",
)
"""names of what says nothing of where the camera stands and how it sees; poses have applied_transform in them already,
and the others of nerfstudio and instant-ngp move the volume that is trained, not the cameras"""

RIGID_TOLERANCE = 1e-3
"""largest entry of R^T R - I that still passes for rounding"""
ROUNDING = 1e-12
"""of it, that is not worth a correction; far from the origin, 1e-8 would be millimetres"""
SHORTEST, LONGEST = 0.05, 1000.0
"""focal lengths in widths of the picture: a view of 169 degrees, and one of a twentieth of a degree"""
SHARE = 20.0
"""widths of the picture, up to which focal lengths are taken to be given in them"""
ASPECT = 2.5
"""of a pixel; anamorphic lenses have 2"""
ASIDE = 4.0
"""tangent of the angle between the axis and the middle of the picture; pictures cut from larger ones reach 2"""
ANGLES_AGREE = 1.05
"""times that an angle of view and a focal length of one frame may differ"""
MOST = 1e9

_log = logging.getLogger("splatavatar")


@dataclass(frozen=True)
class Convention:
    """What the numbers of a ``transforms.json`` mean to the program that wrote it."""

    T_rig_world: NDArray[np.float64]
    """(4, 4) from the axes of its world to those of the rig"""
    T_opencv: NDArray[np.float64]
    """(4, 4) from OpenCV's axes of a camera (x right, y down, z forward) to its own"""
    cy_from_below: bool = False
    """whether cy counts from the lower edge of the picture"""
    frames_are_timesteps: bool = False
    """whether each frame is a moment of its own, where it does not say"""
    inverted: bool = False
    """whether its matrices go from the world to the camera"""

    @property
    def axes(self) -> str:
        """Whose axes its cameras have: OpenCV or OpenGL."""
        return "OpenCV" if np.array_equal(self.T_opencv, np.eye(4)) else "OpenGL"


NERFSTUDIO = Convention(T_rig_world, T_opengl_opencv)


def camera_of(
    where: str, data: Fields, entry: Fields, size: tuple[int, int], convention: Convention = NERFSTUDIO
) -> Camera:
    """The camera of the frame ``entry`` of the file ``data``, in the rig frame, whose picture has ``size`` (width,
    height). ``where`` begins what is said. Values of the frame go before those of the file.

    Raises CaptureError for what is no camera, or none that a picture of a head could come from.
    """
    width, height = size
    fl_x = _focal(where, data, entry, "x", width)
    if fl_x is None:
        raise CaptureError(f"{where}: no intrinsics, expected fl_x, fl_y, cx and cy in pixels, global or in each frame")
    fl_y = _focal(where, data, entry, "y", height)
    fl_y = fl_x if fl_y is None else fl_y
    cx, cy = (number(where, {**data, **entry}, name, half) for name, half in (("cx", width / 2), ("cy", height / 2)))
    cy = height - cy if convention.cy_from_below else cy
    check_intrinsics(where, fl_x, fl_y, cx, cy, size)
    matrix = matrix_of(where, entry)
    matrix = np.linalg.inv(matrix).astype(np.float64) if convention.inverted else matrix
    T_rig_camera = convention.T_rig_world @ matrix @ convention.T_opencv
    T_camera_rig = np.linalg.inv(T_rig_camera).astype(np.float64)
    return Camera(T_camera_rig, np.array([[fl_x, 0, cx], [0, fl_y, cy], [0, 0, 1.0]]), width, height)


def check_intrinsics(where: str, fl_x: float, fl_y: float, cx: float, cy: float, size: tuple[int, int]) -> None:
    """Raises CaptureError for focal lengths and a principal point, pixels, that no picture of a head could come from
    whose ``size`` is this width and height."""
    width, height = size
    if min(fl_x, fl_y) <= 0:
        raise CaptureError(f"{where}: the focal length is {min(fl_x, fl_y):g} pixels, expected more than 0")
    if not all(SHORTEST * max(size) <= focal <= LONGEST * max(size) for focal in (fl_x, fl_y)):
        said = (
            f"{where}: the focal length is {fl_x:g} x {fl_y:g} pixels in a picture of {width}x{height}, expected "
            f"{SHORTEST:g} to {LONGEST:g} times its size"
        )
        if all(SHORTEST <= focal <= SHARE for focal in (fl_x, fl_y)) and all(0 <= at <= 1 for at in (cx, cy)):
            said += (
                "; these seem to be shares of the picture: multiply fl_x and cx by its width, fl_y and cy by its height"
            )
        raise CaptureError(said)
    if not 1 / ASPECT <= fl_y / fl_x <= ASPECT:
        raise CaptureError(
            f"{where}: fl_y is {fl_y / fl_x:.3g} times fl_x, expected pixels that are about as wide as high"
        )
    for name, at, focal, length in (("cx", cx, fl_x, width), ("cy", cy, fl_y, height)):
        if abs(at - length / 2) > length / 2 + ASIDE * focal:
            raise CaptureError(
                f"{where}: {name} is {at:g} pixels in a picture of {width}x{height}, expected about {length / 2:g}"
            )


def matrix_of(where: str, entry: Fields) -> NDArray[np.float64]:
    """The ``transform_matrix`` (4, 4) as a rigid motion.

    A factor of the whole matrix, and one of its axes, change no ray, and are taken out.
    """
    rows = entry.get("transform_matrix")
    if not (
        isinstance(rows, list)
        and len(rows) == 4
        and all(isinstance(row, list) and len(row) == 4 and all(map(_is_number, row)) for row in rows)
    ):
        raise CaptureError(f"{where}: transform_matrix is not a 4x4 matrix of numbers")
    try:
        matrix = np.array(rows, np.float64)
    except OverflowError:
        matrix = np.full((4, 4), math.inf)
    if not np.isfinite(matrix).all():
        raise CaptureError(f"{where}: transform_matrix holds values that are not finite")
    singular = f"{where}: transform_matrix is singular, expected a rotation and a translation"
    rigid = f"{where}: transform_matrix is not rigid, expected a rotation and a translation"
    corner = matrix[3, 3]
    if not 1e-12 < abs(corner) < 1e12 or np.abs(matrix).max() > 1e15:
        raise CaptureError(singular)
    if np.abs(matrix[3, :3]).max() > RIGID_TOLERANCE * abs(corner):
        raise CaptureError(rigid)
    matrix = matrix / corner
    axes = matrix[:3, :3]
    length = np.linalg.norm(axes, axis=0)
    if length.min() < 1e-9 or np.linalg.matrix_rank(axes / length.max(), tol=1e-9) < 3:
        raise CaptureError(singular)
    if np.abs(matrix[:3, 3]).max() > MOST:
        raise CaptureError(f"{where}: the camera stands {np.abs(matrix[:3, 3]).max():.3g} units from the origin")
    rotation = axes / np.cbrt(abs(np.linalg.det(axes)))
    away = np.abs(rotation.T @ rotation - np.eye(3)).max()
    if away > RIGID_TOLERANCE:
        raise CaptureError(rigid)
    if np.linalg.det(rotation) < 0:
        raise CaptureError(
            f"{where}: transform_matrix mirrors (its determinant is negative): the world, or the camera's axes, are "
            "left-handed; export the cameras right-handed, with OpenGL's axes"
        )
    if away > ROUNDING:
        rotation = nearest_rotations(rotation)
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = rotation, matrix[:3, 3]
    return out


def check_fields(path: Any, data: Fields, entries: Sequence[Fields]) -> None:
    """Refuses fields of ``path`` that change what a camera sees and are not understood; names others not known.

    Raises CaptureError.
    """
    unknown: dict[str, None] = {}
    for source, known in ((data, (*FRAME_FIELDS, *FILE_FIELDS)), *((entry, FRAME_FIELDS) for entry in entries)):
        for name, value in source.items():
            if name in known or (name in FLAGS and value in (True, 1)):
                continue
            said = printable(name[:60])
            if name.lower() in MODEL_FIELDS:
                _check_model(path, said, value)
            elif LENS.fullmatch(name):
                if not _is_nothing(value):
                    raise CaptureError(
                        f"{path}: lens distortion ({said} = {_short(value)}) is not understood, expected k1, k2, p1, "
                        "p2 and k3 of OpenCV, or k1 to k4 of a fisheye: undistort the images first"
                    )
            elif not HARMLESS.fullmatch(name):
                unknown[name] = None
    for name in unknown:
        for meant in ("fl_x", "fl_y", "cx", "cy"):
            if _looks_like(name, meant) and not any(meant in source for source in (data, *entries)):
                raise CaptureError(f"{path}: {printable(name)} is not understood, expected {meant}")
    if unknown:
        names = ", ".join(printable(name[:60]) for name in list(unknown)[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        _log.warning("%s: fields that are not known, and are ignored: %s%s.", path, names, more)


def number(where: str, values: Fields, name: str, default: float) -> float:
    """The number ``name`` of ``values``. Raises CaptureError for what is none, or too large."""
    value = values.get(name, default)
    if not _is_number(value) or not abs(value) < MOST:
        raise CaptureError(f"{where}: {name} is {_short(value)}, expected a number")
    return float(value)


def _focal(where: str, data: Fields, entry: Fields, axis: str, length: int) -> float | None:
    """Pixels, of the frame where it says so, else of the file; None where neither does."""
    focal_name, angle_name = f"fl_{axis}", f"camera_angle_{axis}"
    for source in (entry, data):
        by_angle = None
        if source.get(angle_name) is not None:
            angle = number(where, source, angle_name, 0)
            if not ROUNDING < angle < math.pi - ROUNDING:
                raise CaptureError(f"{where}: {angle_name} is {angle:g}, expected radians between 0 and pi")
            by_angle = length / 2 / math.tan(angle / 2)
        if source.get(focal_name) is not None:
            focal = number(where, source, focal_name, 0)
            if by_angle and focal > 0 and not 1 / ANGLES_AGREE < focal / by_angle < ANGLES_AGREE:
                _log.warning(
                    "%s: %s is %g, %s would make it %.4g; the first is taken.",
                    *(where, focal_name, focal, angle_name, by_angle),
                )
            return focal
        if by_angle:
            return by_angle
    return None


def _check_model(path: Any, name: str, value: Any) -> None:
    models = (*MODELS, *FISHEYE_MODELS) if name == "camera_model" else MODELS
    if value is None or (isinstance(value, str) and value.upper() in models):
        return
    raise CaptureError(f"{path}: {name} {_short(value)} is not supported: undistort the images first and use 'PINHOLE'")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_nothing(value: Any) -> bool:
    """Whether ``value`` of a field of a lens leaves pictures as they are."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_nothing, value))
    if isinstance(value, dict):
        return all(_is_nothing(part) for part in value.values())
    if isinstance(value, str):
        return value.strip().lower() in ("", "none", "no", "false", "0") or value.upper() in MODELS
    return value is None or value == 0


def _looks_like(name: str, meant: str) -> bool:
    """Whether ``name`` may be ``meant``, misspelt or of another program."""
    bare, axis = name.lower().replace("_", ""), meant[-1]
    others = {"f": ("f", "fl", "focal", "focallength", "fx"), "c": ("c", "p", "pp", "center", "centre", "principal")}
    if bare[-1:] == axis and bare[:-1] in (*others[meant[0]], f"{meant[0]}1", f"{meant[0]}l", f"{meant[0]}i"):
        return True
    return len(name) >= len(meant) > 2 and difflib.SequenceMatcher(None, name.lower(), meant).ratio() > 0.8


def _short(value: Any) -> str:
    text = printable(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
