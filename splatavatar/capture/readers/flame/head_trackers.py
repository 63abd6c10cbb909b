"""Captures that head trackers export as ``transforms.json`` with conventions of their own.

VHAP, which GaussianAvatars and LAM read, writes cameras with OpenGL's axes in the world of FLAME (Y up, facing +Z), and
cy as it counts from below. INSTA writes the same names, but cameras with OpenCV's axes; the head stands still and the
camera goes round it, a moment a frame. Facts after the exporters' sources. Their parameters of FLAME are those of the
rig ``flame``, for the world of both is FLAME's: see ``flame.tracked_files``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.readers.camera_fields import Convention, T_opengl_opencv
from splatavatar.capture.readers.flame.tracked_files import Entries, by_picture, insta_parameters, vhap_parameters
from splatavatar.capture.readers.split_transforms import read_split_transforms, split_file
from splatavatar.capture.readers.transforms import FILE, load_description, read_description
from splatavatar.errors import CaptureError

VHAP = Convention(np.eye(4), T_opengl_opencv, cy_from_below=True)
INSTA = Convention(np.eye(4), np.eye(4), frames_are_timesteps=True)
OF_VHAP, OF_INSTA = "flame_param_path", ("exp_path", "mesh_path")
"""fields of frames; VHAP can write meshes instead, and has moments by number where INSTA has none"""


def exporter(root: Path) -> str | None:
    """``vhap`` or ``insta``, by the fields of the frames of ``root/transforms.json``, or of ``transforms_train.json``
    where there is none; None for any other or no file."""
    path = root / FILE if (root / FILE).is_file() else split_file(root, "train")
    if not path.is_file():
        return None
    try:
        entries = load_description(path).get("frames")
    except CaptureError:
        return None  # who reads it says what is wrong with it
    first = entries[0] if isinstance(entries, list) and entries else None
    if not isinstance(first, dict):
        return None
    meshes = any(name in first for name in OF_INSTA)
    if OF_VHAP in first or (meshes and "timestep_index" in first):
        return "vhap"
    return "insta" if meshes else None


def read_vhap(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture that VHAP has exported to ``root``. Raises as ``transforms.read_transforms``."""
    return _read(root, rig_params, allow_outside, VHAP, vhap_parameters)


def read_insta(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of INSTA's layout in ``root``. Raises as ``transforms.read_transforms``."""
    return _read(root, rig_params, allow_outside, INSTA, insta_parameters)


Parameters = Callable[[Path, Path, Sequence[Frame], Entries, bool], RigParameters | None]


def _read(
    root: Path, rig_params: Path | None, allow_outside: bool, convention: Convention, parameters: Parameters
) -> Capture:
    path = root / FILE
    # Exports have all pictures in one file and again in one a split, which say what is held out.
    if not split_file(root, "train").is_file():
        data = load_description(path)
        capture = read_description(root, path, data, rig_params, allow_outside, (path,), convention)
        entries = list(data["frames"])
    else:
        path = split_file(root, "train")
        capture = read_split_transforms(root, rig_params, allow_outside, convention)
        entries = [entry for file in capture.descriptions for entry in load_description(file)["frames"]]
    if capture.rig_parameters is not None:
        return capture
    return replace(capture, rig_parameters=parameters(root, path, capture.frames, by_picture(entries), allow_outside))
