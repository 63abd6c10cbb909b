"""Checkpoints of metrical-tracker, or pixel3dmm, with the pictures they are of: one ``.frame`` a picture.

FlashAvatar keeps the pictures in ``imgs`` and their mattes in ``alpha``, numbered from the second one on:
``00000.frame`` is of ``00001.jpg``. GaussianBlendshapes and RGBAvatar keep them in ``images``, with the matte as alpha
channel or in ``image_mask``, by the number of the checkpoint; so do the trackers themselves, in ``input`` and
``cropped``. Facts after the sources of these. The rig stands still in FLAME's frame, and the camera goes round it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.images import image_sizes
from splatavatar.capture.readers.flame.frame_file import TrackedFrame, read_frame_file
from splatavatar.capture.readers.flame.parameters import flame_parameters
from splatavatar.capture.readers.mattes import check_mattes
from splatavatar.capture.readers.named_files import SUFFIXES, check_files
from splatavatar.capture.readers.numbered_files import by_number, inside
from splatavatar.capture.readers.views import View, capture_of
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError

CHECKPOINTS = "checkpoint"
FAR = "../../metrical-tracker/output/{}/" + CHECKPOINTS
"""where FlashAvatar looks for them, from the folder of its pictures"""


@dataclass(frozen=True)
class Layout:
    """Where the pictures of checkpoints lie."""

    pictures: str
    ahead: int
    """by how much the number of a picture is larger than that of its checkpoint"""
    masks: tuple[str, ...]


LAYOUTS = (
    Layout("imgs", 1, ("alpha",)),
    Layout("images", 0, ("image_mask", "alpha", "masks")),
    Layout("cropped", 0, ("alpha", "masks")),
    Layout("input", 0, ("alpha", "masks")),
)


def find_checkpoints(root: Path) -> Path | None:
    """The folder of the checkpoints of the capture in ``root``; None where there are none, or no pictures."""
    if not any((root / layout.pictures).is_dir() for layout in LAYOUTS):
        return None
    here = root / CHECKPOINTS
    if next(here.glob("*.frame"), None) is not None:
        return here
    far = root / FAR.format(root.resolve().name)
    return far if (root / "imgs").is_dir() and next(far.glob("*.frame"), None) is not None else None


def read_checkpoints(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of the checkpoints of ``root``; see the top of this file.

    Raises:
        CaptureError: checkpoints that are damaged, hold no cameras, or are of other pictures than those that are there.
        RigError: parameters that are none of FLAME's, or a file ``rig_params`` that does not fit.
    """
    folder = find_checkpoints(root)
    if folder is None:
        raise CaptureError(
            f"{root}: no checkpoints, expected .frame files in {CHECKPOINTS} and the pictures they are of"
        )
    layout = next(layout for layout in LAYOUTS if (root / layout.pictures).is_dir())
    files = by_number(folder, (".frame",))
    pictures = _found(root, folder, layout, list(files), allow_outside)
    check_files("image", [picture.path for picture in pictures], folder.name)
    masks = _masks(root, folder, layout, list(files), allow_outside)
    names = [picture.path.relative_to(root).as_posix() for picture in pictures]
    check_mattes(folder, names, pictures, masks)
    sizes = image_sizes([*pictures, *(mask for mask in masks if mask is not None)])
    frames = [read_frame_file(file) for file in files.values()]
    views = [
        View(str(file), name, picture, mask, frame.T_camera_flame, frame.K, frame.size, 0, timestep)
        for timestep, (file, name, picture, mask, frame) in enumerate(
            zip(files.values(), names, pictures, masks, frames, strict=True)
        )
    ]
    return capture_of(root, tuple(files.values()), views, sizes, parameters_of(folder, frames), rig_params)


def parameters_of(folder: Path, frames: Sequence[TrackedFrame]) -> RigParameters:
    """The rig parameters of the ``frames`` of ``folder``, a timestep each; the shape is that of the first.

    Raises CaptureError where they do not go together, RigError for what is none of FLAME's.
    """
    trackers = {frame.tracker for frame in frames}
    if len(trackers) > 1:
        raise CaptureError(f"{folder}: checkpoints of several trackers, {' and '.join(sorted(trackers))}")
    if len({len(frame.expression) for frame in frames}) > 1:
        raise CaptureError(f"{folder}: checkpoints with different numbers of expressions")
    return flame_parameters(
        str(folder),
        frames[0].tracker,
        frames[0].shape,
        np.stack([frame.expression for frame in frames]),
        {joint: np.stack([frame.turns[joint] for frame in frames]) for joint in frames[0].turns},
    )


def _found(root: Path, folder: Path, layout: Layout, numbers: list[int], allow_outside: bool) -> list[PictureFile]:
    """The picture of each of the checkpoints ``numbers``."""
    there = by_number(root / layout.pictures, SUFFIXES)
    missing = [number for number in numbers if number + layout.ahead not in there]
    if missing:
        raise CaptureError(
            f"{root / layout.pictures}: no picture {missing[0] + layout.ahead:05d}, which checkpoint {missing[0]:05d} "
            f"is of ({len(missing)} of {len(numbers)} missing)"
        )
    return [inside(root, folder, there[number + layout.ahead], allow_outside) for number in numbers]


def _masks(
    root: Path, folder: Path, layout: Layout, numbers: list[int], allow_outside: bool
) -> list[PictureFile | None]:
    name = next((name for name in layout.masks if (root / name).is_dir()), None)
    there = {} if name is None else by_number(root / name, SUFFIXES)
    found = [there.get(number + layout.ahead) for number in numbers]
    return [None if mask is None else inside(root, folder, mask, allow_outside) for mask in found]
