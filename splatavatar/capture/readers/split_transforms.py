"""A capture in three files, ``transforms_train.json``, ``transforms_val.json`` and ``transforms_test.json``, as NeRF's
synthetic scenes have them: each is a ``transforms.json`` of one split, and says itself how its cameras see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splatavatar.capture.capture import Capture
from splatavatar.capture.readers.camera_fields import (
    FLAGS,
    FRAME_FIELDS,
    LENS,
    MODEL_FIELDS,
    NERFSTUDIO,
    Convention,
    check_fields,
)
from splatavatar.capture.readers.named_files import posix_name
from splatavatar.capture.readers.splits import SPLITS
from splatavatar.capture.readers.transforms import load_description, read_description
from splatavatar.errors import CaptureError
from splatavatar.printable import printable


def split_file(root: Path, split: str) -> Path:
    """The description of one split in ``root``; it need not exist."""
    return root / f"transforms_{split}.json"


def read_split_transforms(
    root: Path, rig_params: Path | None = None, allow_outside: bool = False, convention: Convention = NERFSTUDIO
) -> Capture:
    """The capture of the files of ``root``; ``transforms_train.json`` is there, the others may be missing or empty.

    What a file says for all its frames is said of each of them; all else is as ``transforms.read_transforms`` has it.

    Raises:
        CaptureError: a description that is damaged, incomplete or contradicts the pictures, or a picture that is
            trained on and in another split.
        RigError: rig parameters that do not fit.
    """
    files = {split: split_file(root, split) for split in SPLITS if split_file(root, split).is_file()}
    merged: dict[str, Any] = {"frames": []}
    where: dict[str, str] = {}
    for split, path in files.items():
        data = load_description(path)
        entries = data.get("frames")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise CaptureError(f"{path}: no frames, expected a list 'frames' with one object a picture")
        check_fields(path, data, entries)
        shared = {name: value for name, value in data.items() if _of_camera(name)}
        for position, entry in enumerate(entries):
            if not isinstance(entry.get("file_path"), str):
                raise CaptureError(f"{path}: frame {position} has no file_path")
            name = posix_name(entry["file_path"])
            if where.setdefault(name, split) != split:
                if where[name] == "train":
                    raise CaptureError(f"{path}: {printable(name)} is in another split, too")
                continue  # INSTA's val is the end of its test
            merged["frames"].append({**shared, **{key: value for key, value in entry.items() if value is not None}})
        merged[f"{split}_filenames"] = [entry["file_path"] for entry in entries]
    return read_description(root, files["train"], merged, rig_params, allow_outside, tuple(files.values()), convention)


def _of_camera(name: str) -> bool:
    """Whether a field of a file says how its cameras see."""
    return name in (*FRAME_FIELDS, *MODEL_FIELDS, *FLAGS) or LENS.fullmatch(name) is not None
