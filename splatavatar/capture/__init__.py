"""Captures: what was photographed, from where, and how the rig stood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from splatavatar.capture.capture import Capture
from splatavatar.capture.readers.table import READERS, reader_of, why
from splatavatar.errors import CaptureError


def read_capture(
    path: str | Path, rig_params: str | Path | None = None, allow_outside: bool = False, layout: str | None = None
) -> Capture:
    """The capture in the folder ``path``, whatever its layout, or read as that of the name ``layout``.

    ``rig_params`` replaces the ``rig_params.npz`` of the folder. With ``allow_outside`` it may name pictures that lie
    elsewhere: do so for captures that you trust, for these pictures end up in the avatar. Descriptions and the headers
    of all pictures are checked; pixels are decoded later (``images.load_frame``).

    Raises:
        CaptureError: no capture there, or one that contradicts itself.
        RigError: rig parameters that do not fit the capture.
    """
    root = Path(path)
    if not _exists(root):
        raise CaptureError(f"{root}: no such folder, expected the folder of a capture")
    if not root.is_dir():
        raise CaptureError(f"{root} is a file, expected the folder of a capture")
    reader = reader_of(root, layout)
    if reader is not None:
        capture = reader.read(root, None if rig_params is None else Path(rig_params), allow_outside)
        return replace(capture, recognised=why(root, reader))
    if not _has_images(root):
        raise CaptureError(f"{root}: no images in this folder, expected transforms.json and the images it names")
    expected = "; or ".join(f"{reader.expects} ({reader.name})" for reader in READERS)
    raise CaptureError(f"{root}: nothing beside the images says where the cameras are, expected {expected}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or one that no folder can have
        return False


def _has_images(root: Path) -> bool:
    suffixes = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
    return any(file.suffix.lower() in suffixes for folder in (root, root / "images") for file in folder.glob("*"))
