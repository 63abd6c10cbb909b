"""The nerfstudio dialect: ``transforms.json`` with the fields that avatar captures add to it.

Read for all frames or in each frame, which goes first: ``fl_x fl_y cx cy w h`` (or ``camera_angle_x camera_angle_y``)
and the lens, ``k1 k2 p1 p2`` and more (``lens_fields``). In each frame: ``file_path``, ``transform_matrix`` (camera to
world, OpenGL axes: x right, y up, z back), ``mask_path`` or ``fg_mask_path``, ``timestep_index`` (0 where absent),
``camera_index`` (the position of the frame where absent), ``matte_weight`` (1 where absent). For all:
``train_filenames``, ``val_filenames``, ``test_filenames``. Field names are after nerfstudio's data conventions and
VHAP's export. Other fields are ignored or refused by ``camera_fields``.

The world of these files is Z-up facing -Y; point_rig = (x, z, -y). Where rig parameters say so, it is any other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.images import image_sizes, is_shown_turned
from splatavatar.capture.readers.camera_fields import NERFSTUDIO, Convention, camera_of, check_fields, number
from splatavatar.capture.readers.lens_fields import lens_of
from splatavatar.capture.readers.mattes import check_mask_size, check_mattes
from splatavatar.capture.readers.named_files import check_files, named_picture, posix_name
from splatavatar.capture.readers.rig_params import RIG_PARAMS, read_rig_params
from splatavatar.capture.readers.splits import SPLITS, warn_of_shared
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.input import read_json
from splatavatar.natural import natural
from splatavatar.printable import printable

FILE = "transforms.json"


def read_transforms(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture described by ``root/transforms.json``.

    Its rig parameters are in ``rig_params`` or, if that is None, in ``root/rig_params.npz`` where such a file exists.
    They may say how the world of the cameras lies; the cameras returned are in the rig frame, in metres. Timesteps of
    frames and rows of rig parameters are counted from 0 without those that have no picture.

    ``allow_outside`` lets it name pictures and masks that lie outside of ``root``.

    Raises:
        CaptureError: a description that is damaged, incomplete or contradicts the pictures.
        RigError: rig parameters that do not fit.
    """
    path = root / FILE
    return read_description(root, path, load_description(path), rig_params, allow_outside, (path,))


def read_description(
    root: Path,
    path: Path,
    data: dict[str, Any],
    rig_params: Path | None,
    allow_outside: bool,
    descriptions: tuple[Path, ...],
    convention: Convention = NERFSTUDIO,
) -> Capture:
    """The capture that ``data``, as read from ``path``, describes; see ``read_transforms``.

    ``descriptions`` are the files that it comes from, ``convention`` says what their numbers mean.
    """
    entries = data.get("frames")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise CaptureError(f"{path}: no frames, expected a list 'frames' with one object a picture")
    images, masks = _find_files(root, path, entries, allow_outside)
    check_fields(path, data, entries)
    sizes = image_sizes([*images, *(mask for mask in masks if mask is not None)])
    for entry, image, mask in zip(entries, images, masks, strict=True):
        _check_size(f"{path}: {_said(entry)}", path.name, {**data, **entry}, image, sizes[image])
        if mask is not None:
            check_mask_size(mask, image, sizes)
    check_mattes(path, [_name(entry) for entry in entries], images, masks)
    one_each = convention.frames_are_timesteps
    # Exporters that work in parallel list them as they come.
    order = sorted(range(len(entries)), key=lambda at: natural(_name(entries[at])))
    moment = {at: number if one_each else 0 for number, at in enumerate(order)}
    numbers = [_index(path, entry, "timestep_index", moment[at]) for at, entry in enumerate(entries)]
    frames = []
    for position, (entry, image, mask) in enumerate(zip(entries, images, masks, strict=True)):
        where = f"{path}: {_said(entry)}"
        camera = camera_of(where, data, entry, sizes[image], convention)
        frames.append(
            Frame(
                name=_name(entry),
                picture=image,
                mask=mask,
                camera=camera,
                camera_index=_index(path, entry, "camera_index", 0 if one_each else position),
                timestep=numbers[position],
                matte_weight=_share(path, entry, "matte_weight"),
                lens=lens_of(where, data, entry, camera),
            )
        )
    frames = [replace(frame, timestep=step) for frame, step in zip(frames, _compacted(numbers), strict=True)]
    splits = _splits(path, data, frames)
    parameters = rig_params or root / RIG_PARAMS
    known = rig_params is not None or parameters.exists()
    if not known:
        return Capture(root, tuple(frames), splits, None, descriptions, convention=convention)
    pictured = sorted(set(numbers))
    read = read_rig_params(parameters, _timesteps(path, data, numbers), len(pictured))
    if len(read.expression) != len(pictured):
        read = read.of_timesteps(pictured)
    return Capture(root, tuple(frames), splits, None, descriptions, convention=convention).given(read)


def load_description(path: Path) -> dict[str, Any]:
    """The fields of ``path``. Raises CaptureError for what is no JSON object."""
    data = read_json(path, CaptureError, "the cameras of a capture")
    if not isinstance(data, dict):
        raise CaptureError(f"{path}: expected a JSON object, found {type(data).__name__}")
    return data


def _find_files(
    root: Path, path: Path, entries: list[dict[str, Any]], allow_outside: bool
) -> tuple[list[PictureFile], list[PictureFile | None]]:
    """The picture and the mask of each frame; all of them exist."""
    images: list[Path] = []
    masks: list[Path | None] = []
    for position, entry in enumerate(entries):
        if not isinstance(entry.get("file_path"), str):
            raise CaptureError(f"{path}: frame {position} has no file_path")
        mask = entry.get("mask_path")
        mask = entry.get("fg_mask_path") if mask is None else mask
        if not (mask is None or isinstance(mask, str)):
            raise CaptureError(f"{path}: {_said(entry)} has a mask_path that is not text")
        images.append(named_picture(root, path, entry["file_path"], allow_outside))
        masks.append(None if mask is None else named_picture(root, path, mask, allow_outside))
    check_files("image", images, path.name)
    check_files("mask", [mask for mask in masks if mask is not None], path.name)
    return [PictureFile(image) for image in images], [None if mask is None else PictureFile(mask) for mask in masks]


def _check_size(where: str, file: str, values: dict[str, Any], image: PictureFile, size: tuple[int, int]) -> None:
    stated = tuple(number(where, values, name, default) for name, default in zip("wh", size, strict=True))
    if stated == size:
        return
    said = f"{image}: the image has {_size(size)} pixels, {file} says {'x'.join(f'{value:g}' for value in stated)}"
    if stated == size[::-1] and is_shown_turned(image):
        said += ", as its EXIF orientation turns it; store its pixels turned, and those of its mask"
    elif stated == size[::-1]:
        said += ": w and h seem to be exchanged"
    elif stated[0] * size[1] == stated[1] * size[0] and stated[0] > 0:
        said += f": the camera is of pictures {stated[0] / size[0]:.4g} times as large; its fl_x, fl_y, cx and cy too?"
    raise CaptureError(said)


def _compacted(timesteps: list[int]) -> list[int]:
    """``timesteps`` counted from 0 without gaps, in their order."""
    place = {timestep: number for number, timestep in enumerate(sorted(set(timesteps)))}
    return [place[timestep] for timestep in timesteps]


def _splits(path: Path, data: dict[str, Any], frames: list[Frame]) -> dict[str, tuple[int, ...]]:
    keys = {split: f"{split}_filenames" for split in SPLITS}
    if not any(key in data for key in keys.values()):
        return {"train": tuple(range(len(frames))), "val": (), "test": ()}
    positions = {frame.name: position for position, frame in enumerate(frames)}
    splits: dict[str, tuple[int, ...]] = {}
    for split, key in keys.items():
        names = data.get(key)
        names = [] if names is None else names
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CaptureError(f"{path}: {key} is not a list of file names")
        unknown = [name for name in names if posix_name(name) not in positions]
        if unknown:
            raise CaptureError(f"{path}: {key} names {unknown[0]!r}, which is not the file_path of a frame")
        splits[split] = tuple(positions[posix_name(name)] for name in names)
    if not splits["train"]:
        raise CaptureError(f"{path}: no training frames, train_filenames is empty")
    warn_of_shared(path, splits)
    return splits


def _timesteps(path: Path, data: dict[str, Any], numbers: list[int]) -> int:
    """How many timesteps the capture has; ``timestep_indices`` may count some of which no picture is left."""
    listed = data.get("timestep_indices")
    listed = [] if listed is None else listed
    if not isinstance(listed, list) or not all(type(index) is int for index in listed):
        raise CaptureError(f"{path}: timestep_indices is not a list of whole numbers")
    return 1 + max([*numbers, *map(int, listed)])


def _index(path: Path, entry: dict[str, Any], name: str, default: int) -> int:
    value = entry.get(name, default)
    if type(value) is not int or value < 0:
        raise CaptureError(f"{path}: {_said(entry)} has the {name} {value!r}, expected a whole number from 0 on")
    return value


def _share(path: Path, entry: dict[str, Any], name: str) -> float:
    value = number(f"{path}: {_said(entry)}", entry, name, 1.0)
    if not 0 <= value <= 1:
        raise CaptureError(f"{path}: {_said(entry)} has the {name} {value:g}, expected a number from 0 to 1")
    return value


def _name(entry: dict[str, Any]) -> str:
    return posix_name(entry["file_path"])


def _said(entry: dict[str, Any]) -> str:
    return printable(_name(entry))


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
