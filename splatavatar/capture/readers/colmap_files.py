"""The model files of COLMAP: which cameras there are, and where each picture was taken; as text and as bytes.

Layouts after COLMAP's documentation of its output format. Points are passed over.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from splatavatar.errors import CaptureError
from splatavatar.input import read_bytes, read_text
from splatavatar.printable import printable

MODELS: dict[str, tuple[int, int]] = {
    "SIMPLE_PINHOLE": (0, 3),
    "PINHOLE": (1, 4),
    "SIMPLE_RADIAL": (2, 4),
    "RADIAL": (3, 5),
    "OPENCV": (4, 8),
    "OPENCV_FISHEYE": (5, 8),
    "FULL_OPENCV": (6, 12),
    "FOV": (7, 5),
    "SIMPLE_RADIAL_FISHEYE": (8, 4),
    "RADIAL_FISHEYE": (9, 5),
    "THIN_PRISM_FISHEYE": (10, 12),
    "RAD_TAN_THIN_PRISM_FISHEYE": (11, 16),
}
"""number in bytes, and how many parameters"""
POINT = 24
"""bytes of a point of a picture: x, y and the number of a point of the world"""
LARGEST = 2_000_000_000
"""bytes of a file; the points of some thousand pictures are hundreds of millions"""


@dataclass(frozen=True)
class ColmapCamera:
    """A camera of ``cameras.txt`` or ``cameras.bin``."""

    model: str
    width: int
    height: int
    parameters: tuple[float, ...]
    """pixels and numbers of the lens, in COLMAP's order for the model"""


@dataclass(frozen=True)
class ColmapImage:
    """A picture of ``images.txt`` or ``images.bin``."""

    name: str
    camera: int
    rotation: tuple[float, float, float, float]
    """quaternion w, x, y, z from the world to the camera, OpenCV axes"""
    translation: tuple[float, float, float]
    """in the unit of the world"""


def read_cameras(path: Path) -> dict[int, ColmapCamera]:
    """The cameras of ``cameras.bin`` or ``cameras.txt`` by their numbers. Raises CaptureError for another file."""
    cameras = _cameras_of_bytes(path) if path.suffix == ".bin" else _cameras_of_text(path)
    if not cameras:
        raise CaptureError(f"{path}: no cameras")
    return cameras


def read_images(path: Path) -> list[ColmapImage]:
    """The pictures of ``images.bin`` or ``images.txt``, by name. Raises CaptureError for another file."""
    images = _images_of_bytes(path) if path.suffix == ".bin" else _images_of_text(path)
    if not images:
        raise CaptureError(f"{path}: no pictures, expected those that COLMAP has found a place for")
    images.sort(key=lambda image: image.name)
    twice = next((one.name for one, other in pairwise(images) if one.name == other.name), None)
    if twice is not None:
        raise CaptureError(f"{path}: {printable(twice)} is there twice")
    return images


def _cameras_of_text(path: Path) -> dict[int, ColmapCamera]:
    cameras = {}
    for number, line in _lines(path):
        words = re.split(r"[\s,]+", line.strip())
        where = f"{path}: line {number}"
        if len(words) < 5:
            raise CaptureError(f"{where}: expected CAMERA_ID, MODEL, WIDTH, HEIGHT and parameters")
        model = words[1]
        count = _count(where, model)
        if len(words) != 4 + count:
            raise CaptureError(f"{where}: {model} has {count} parameters, found {len(words) - 4}")
        parameters = tuple(_float(where, word) for word in words[4:])
        key, width, height = (_int(where, word) for word in (words[0], *words[2:4]))
        cameras[key] = ColmapCamera(model, width, height, parameters)
    return cameras


def _images_of_text(path: Path) -> list[ColmapImage]:
    images = []
    lines = [*_lines(path, blank=True)]
    at = 0
    while at < len(lines):
        number, line = lines[at]
        at += 1
        if not line.strip():
            continue
        where, words = f"{path}: line {number}", _image_words(line)
        if len(words) < 10:
            raise CaptureError(f"{where}: expected IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID and NAME")
        w, x, y, z, right, down, far = (_float(where, word) for word in words[1:8])
        images.append(ColmapImage(words[9].strip(), _int(where, words[8]), (w, x, y, z), (right, down, far)))
        # The points of the picture, which some programs leave out with their line.
        if at < len(lines) and not _is_image(lines[at][1]):
            at += 1
    return images


def _is_image(line: str) -> bool:
    words = _image_words(line)
    return len(words) == 10 and not re.fullmatch(r"[-+.\dEe\s,]+", words[9])


def _image_words(line: str) -> list[str]:
    # The name is the rest of the line: it may hold spaces.
    return re.split(r"[\s,]+", line.strip(), maxsplit=9)


def _lines(path: Path, blank: bool = False) -> list[tuple[int, str]]:
    lines = enumerate(read_text(path, CaptureError, "a text of COLMAP").splitlines(), 1)
    return [(number, line) for number, line in lines if (blank or line.strip()) and not line.lstrip().startswith("#")]


def _cameras_of_bytes(path: Path) -> dict[int, ColmapCamera]:
    data = _Bytes(path)
    models = {number: name for name, (number, _) in MODELS.items()}
    cameras = {}
    (count,) = data.take("<Q")
    for _ in range(count):
        key, number, width, height = data.take("<iiQQ")
        if number not in models:
            raise CaptureError(f"{path}: camera {key} is of the model {number}, which is not known")
        name = models[number]
        cameras[key] = ColmapCamera(name, width, height, data.take(f"<{MODELS[name][1]}d"))
    return cameras


def _images_of_bytes(path: Path) -> list[ColmapImage]:
    data = _Bytes(path)
    images = []
    (count,) = data.take("<Q")
    for _ in range(count):
        _, w, x, y, z, right, down, far, camera = data.take("<idddddddi")
        name = data.text()
        (points,) = data.take("<Q")
        data.skip(points * POINT)
        images.append(ColmapImage(name, camera, (w, x, y, z), (right, down, far)))
    return images


class _Bytes:
    """A file that is read from its beginning on, in which everything has to be there."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0
        self._data = read_bytes(path, CaptureError, "a file of COLMAP", LARGEST)

    def take(self, layout: str) -> tuple[Any, ...]:
        size = struct.calcsize(layout)
        self._need(size)
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += size
        return values

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            self._need(len(self._data) + 1)
        raw = self._data[self._at : end]
        self._at = end + 1
        return raw.decode("utf-8", "surrogateescape")

    def skip(self, size: int) -> None:
        self._need(size)
        self._at += size

    def _need(self, size: int) -> None:
        if self._at + size > len(self._data):
            raise CaptureError(f"{self._path}: ends in the middle, after {len(self._data)} bytes")


def _count(where: str, model: str) -> int:
    if model not in MODELS:
        raise CaptureError(f"{where}: the camera model {printable(model[:40])!r} is not known")
    return MODELS[model][1]


def _float(where: str, word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise CaptureError(f"{where}: {printable(word[:40])!r} is no number") from error


def _int(where: str, word: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise CaptureError(f"{where}: {printable(word[:40])!r} is no whole number") from error
