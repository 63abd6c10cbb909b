"""Somebody who moves before one camera, as ExAvatar lays it out: ``smplx_optimized`` beside pictures and cameras.

Its own videos have ``frames``, and either a model of COLMAP in ``sparse`` or a file a picture in ``cam_params``: ``R``
and ``t`` from the world to the camera, ``focal`` and ``princpt`` in pixels, OpenCV's axes. NeuMan, which it takes as
well, has ``images`` and always COLMAP. Every picture is a moment; pictures, mattes and cameras go together by the
numbers in their names. ``frame_list_train.txt`` or ``train_split.txt`` and the like say what is trained on. Facts after
the sources of ExAvatar.

Its motion of SMPL-X is not read: ExAvatar moves joints and face of a person by offsets that SMPL-X does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.capture import Capture
from splatavatar.capture.images import image_sizes
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.colmap import pose_of, seen_by
from splatavatar.capture.readers.colmap_files import read_cameras, read_images
from splatavatar.capture.readers.mattes import check_mattes
from splatavatar.capture.readers.named_files import SUFFIXES
from splatavatar.capture.readers.numbered_files import by_number, inside, number_of
from splatavatar.capture.readers.splits import warn_of_shared
from splatavatar.capture.readers.views import View, capture_of, rigid
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.input import read_json, read_text
from splatavatar.printable import printable

FITTED = "smplx_optimized"
PICTURES, MASKS, VIRTUAL = ("frames", "images"), "masks", "cam_params"
CAMERAS, IMAGES = Path("sparse") / "cameras.txt", Path("sparse") / "images.txt"
LISTS = {
    "train": ("frame_list_train.txt", "train_split.txt"),
    "val": ("val_split.txt",),
    "test": ("frame_list_test.txt", "test_split.txt"),
}
"""files that list the pictures of a split, by number or by name"""

Seen = tuple[Doubles, Doubles, Lens | None]
"""(4, 4) from the world to the camera, (3, 3) pixels of a picture, and its lens"""
Sizes = Mapping[PictureFile, tuple[int, int]]


def is_exavatar(root: Path) -> bool:
    """Whether there is what ExAvatar has fitted, with pictures and cameras."""
    if not (root / FITTED).is_dir() or not any((root / name).is_dir() for name in PICTURES):
        return False
    return (root / CAMERAS).is_file() or next((root / VIRTUAL).glob("*.json"), None) is not None


def read_exavatar(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of ExAvatar's layout in ``root``; see the top of this file.

    Raises:
        CaptureError: cameras, pictures or lists that are damaged, incomplete or contradict one another.
        RigError: a file ``rig_params`` that does not fit.
    """
    folder = next((root / name for name in PICTURES if (root / name).is_dir()), root / PICTURES[0])
    there = by_number(folder, SUFFIXES)
    mattes = by_number(root / MASKS, SUFFIXES) if (root / MASKS).is_dir() else {}
    lists = {split: _listed(root, names) for split, names in LISTS.items()}
    wanted = {number for numbers in lists.values() for number in numbers or ()} or set(there)
    missing = sorted(wanted - there.keys())
    if missing or not there:
        count = f"({len(missing)} of {len(wanted)} missing)" if missing else ""
        raise CaptureError(f"{folder}: no picture {missing[0] if missing else 0} {count}".rstrip())
    numbers = sorted(wanted)
    pictures = {number: inside(root, folder, there[number], allow_outside) for number in numbers}
    masks = {n: inside(root, folder, mattes[n], allow_outside) if n in mattes else None for n in numbers}
    names = {number: pictures[number].path.relative_to(root).as_posix() for number in numbers}
    check_mattes(folder, list(names.values()), list(pictures.values()), list(masks.values()))
    sizes = image_sizes([*pictures.values(), *(mask for mask in masks.values() if mask is not None)])
    of_colmap = (root / CAMERAS).is_file()
    seen = dict((_colmap if of_colmap else _virtual)(root, pictures, sizes))
    unseen = [number for number in numbers if number not in seen]
    if unseen:
        raise CaptureError(
            f"{root / (IMAGES if of_colmap else VIRTUAL)}: no camera of picture {names[unseen[0]]} "
            f"({len(unseen)} of {len(numbers)} missing)"
        )
    views = []
    for moment, number in enumerate(numbers):
        T, K, lens = seen[number]
        picture = pictures[number]
        where = f"{root / (IMAGES if of_colmap else VIRTUAL)}: {names[number]}"
        views.append(View(where, names[number], picture, masks[number], T, K, sizes[picture], 0, moment, lens))
    files = (root / CAMERAS, root / IMAGES) if of_colmap else tuple(sorted((root / VIRTUAL).glob("*.json")))
    splits = None
    if lists["train"] is not None:
        place = {number: at for at, number in enumerate(numbers)}
        splits = {split: tuple(place[n] for n in dict.fromkeys(found or ())) for split, found in lists.items()}
        warn_of_shared(root, splits)
    return capture_of(root, files, views, sizes, None, rig_params, splits=splits)


def _colmap(root: Path, pictures: Mapping[int, PictureFile], sizes: Sizes) -> Iterator[tuple[int, Seen]]:
    cameras = read_cameras(root / CAMERAS)
    for image in read_images(root / IMAGES):
        number = number_of(image.name.replace("\\", "/"))
        if number is None or number not in pictures:
            continue
        if image.camera not in cameras:
            raise CaptureError(f"{root / IMAGES}: {printable(image.name)}: was taken by camera {image.camera}, unknown")
        found = seen_by(f"{root / CAMERAS}: camera {image.camera}", cameras[image.camera], sizes[pictures[number]])
        yield number, (pose_of(f"{root / IMAGES}: {printable(image.name)}", image), found.K, found.lens)


def _virtual(root: Path, pictures: Mapping[int, PictureFile], sizes: Sizes) -> Iterator[tuple[int, Seen]]:
    for number, path in by_number(root / VIRTUAL, (".json",)).items():
        if number not in pictures:
            continue
        data = read_json(path, CaptureError, "a camera of ExAvatar")
        R, t = _numbers(path, data, "R", (3, 3)), _numbers(path, data, "t", (3,))
        focal, centre = _numbers(path, data, "focal", (2,)), _numbers(path, data, "princpt", (2,))
        K = np.array([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1.0]])
        yield number, (rigid(str(path), "R", R, t), K, None)


def _listed(root: Path, names: tuple[str, ...]) -> list[int] | None:
    """The numbers of the pictures in the first of the lists ``names`` that is there; None where none is."""
    path = next((root / name for name in names if (root / name).is_file()), None)
    if path is None:
        return None
    words = read_text(path, CaptureError, "a list of pictures").split()
    numbers = [number_of(word) for word in words]
    if None in numbers:
        wrong = printable(words[numbers.index(None)][:40])
        raise CaptureError(f"{path}: {wrong!r} is no number of a picture")
    return [number for number in numbers if number is not None]


def _numbers(path: Path, data: Any, name: str, shape: tuple[int, ...]) -> Doubles:
    found = data.get(name) if isinstance(data, dict) else None
    try:
        array = np.array(found, np.float64) if isinstance(found, list) else None
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is not None and array.size == np.prod(shape):
        array = array.reshape(shape)
    if array is None or array.shape != shape:
        raise CaptureError(f"{path}: {name} is no list of {'x'.join(map(str, shape))} numbers")
    if not np.isfinite(array).all():
        raise CaptureError(f"{path}: {name} holds values that are not finite")
    return array
