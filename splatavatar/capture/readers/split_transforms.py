"""A capture in three files, ``transforms_train.json``, ``transforms_val.json`` and ``transforms_test.json``, as NeRF's
synthetic scenes have them: each is a ``transforms.json`` of one split, and says itself how its cameras see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splatavatar.capture.capture import Capture
from splatavatar.capture.readers.camera_fields import FRAME_FIELDS, MODEL_FIELDS
from splatavatar.capture.readers.transforms import SPLITS, load_description, read_description
from splatavatar.errors import CaptureError


def split_file(root: Path, split: str) -> Path:
    """The description of one split in ``root``; it need not exist."""
    return root / f"transforms_{split}.json"


def read_split_transforms(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of the files of ``root``; ``transforms_train.json`` is there, the others may be missing or empty.

    What a file says for all its frames is said of each of them; all else is as ``transforms.read_transforms`` has it.

    Raises:
        CaptureError: a description that is damaged, incomplete or contradicts the pictures, or a picture in two splits.
        RigError: rig parameters that do not fit.
    """
    files = {split: split_file(root, split) for split in SPLITS if split_file(root, split).is_file()}
    merged: dict[str, Any] = {"frames": []}
    for split, path in files.items():
        data = load_description(path)
        entries = data.get("frames")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise CaptureError(f"{path}: no frames, expected a list 'frames' with one object a picture")
        shared = {name: value for name, value in data.items() if name in (*FRAME_FIELDS, *MODEL_FIELDS)}
        merged |= {name: value for name, value in data.items() if name not in shared and name not in merged}
        merged["frames"] += [{**shared, **entry} for entry in entries]
        merged[f"{split}_filenames"] = [entry.get("file_path") for entry in entries]
        seen = {name for other in files for name in merged.get(f"{other}_filenames", []) if other != split}
        twice = [name for name in merged[f"{split}_filenames"] if name in seen]
        if twice:
            raise CaptureError(f"{path}: {twice[0]!r} is in another split, too")
    return read_description(root, files["train"], merged, rig_params, allow_outside, tuple(files.values()))
