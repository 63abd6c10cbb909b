"""Writes scenes as COLMAP does."""

from __future__ import annotations

import struct
from pathlib import Path

from splatavatar.capture.readers.colmap_files import MODELS, ColmapCamera, ColmapImage


def write_text(folder: Path, cameras: dict[int, ColmapCamera], images: list[ColmapImage], points: bool = True) -> None:
    """``cameras.txt`` and ``images.txt``; ``points``: with their lines, every other one empty."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Camera list with one line of data per camera:", "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    for number, camera in cameras.items():
        lines.append(f"{number} {camera.model} {camera.width} {camera.height} {_words(camera.parameters)}")
    (folder / "cameras.txt").write_text("\n".join(lines) + "\n")
    lines = ["# Image list with two lines of data per image:", "# Number of images: 2, mean observations per image: 1"]
    for number, image in enumerate(images, 1):
        place = _words((*image.rotation, *image.translation))
        lines.append(f"{number} {place} {image.camera} {image.name}")
        if points:
            lines.append("" if number % 2 else "12.5 30.25 7 -1 2.5 -1")
    (folder / "images.txt").write_text("\n".join(lines) + "\n")


def write_bytes(folder: Path, cameras: dict[int, ColmapCamera], images: list[ColmapImage]) -> None:
    """``cameras.bin`` and ``images.bin``, with two points a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    out = struct.pack("<Q", len(cameras))
    for number, camera in cameras.items():
        out += struct.pack("<iiQQ", number, MODELS[camera.model][0], camera.width, camera.height)
        out += struct.pack(f"<{len(camera.parameters)}d", *camera.parameters)
    (folder / "cameras.bin").write_bytes(out)
    out = struct.pack("<Q", len(images))
    for number, image in enumerate(images, 1):
        out += struct.pack("<i7di", number, *image.rotation, *image.translation, image.camera)
        out += image.name.encode() + b"\0" + struct.pack("<Q", 2)
        out += struct.pack("<ddq", 1.5, 2.5, -1) + struct.pack("<ddq", 3.0, 4.0, 7)
    (folder / "images.bin").write_bytes(out)


def _words(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.17g}" for value in values)
