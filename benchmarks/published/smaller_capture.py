"""A copy of a capture with smaller pictures, for runs without a GPU."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2

from splatavatar.errors import CaptureError

INTRINSICS = ("fl_x", "fl_y", "cx", "cy", "w", "h")


def write_smaller(source: Path, target: Path, height: int) -> None:
    """Writes the capture of ``source`` (a transforms.json beside its pictures) to ``target``, ``height`` pixels high.

    Widths follow; they must come out whole.

    Raises:
        CaptureError: a picture cannot be read.
    """
    data = json.loads((source / "transforms.json").read_text())
    target.mkdir(parents=True)
    factor = _scaled(data, height, height / float(data["h"]))
    for frame in data["frames"]:
        own = _scaled(frame, height, factor) if "h" in frame else factor
        for key in ("file_path", "mask_path", "fg_mask_path"):
            if key in frame and not (target / frame[key]).exists():
                picture = cv2.imread(str(source / frame[key]), cv2.IMREAD_UNCHANGED)
                if picture is None:
                    raise CaptureError(f"{source / frame[key]}: not a picture")
                size = (round(picture.shape[1] * own), height)
                # Not compressed again: the copy keeps what averaging gives.
                frame_path = target / frame[key]
                frame_path.parent.mkdir(parents=True, exist_ok=True)
                smaller = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
                quality = [cv2.IMWRITE_JPEG_QUALITY, 98] if frame_path.suffix in (".jpg", ".jpeg") else []
                cv2.imwrite(str(frame_path), smaller, quality)
    (target / "transforms.json").write_text(json.dumps(data))
    if (source / "rig_params.npz").is_file():
        shutil.copyfile(source / "rig_params.npz", target / "rig_params.npz")


def _scaled(entry: dict[str, Any], height: int, factor: float) -> float:
    """Scales the intrinsics of ``entry`` in place; returns the factor."""
    for name in INTRINSICS:
        if name in entry:
            entry[name] = entry[name] * factor
    entry["w"], entry["h"] = round(entry["w"]), height
    return factor
