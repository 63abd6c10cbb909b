"""The capture formats: how each is known, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.capture import Capture


@dataclass(frozen=True)
class Reader:
    """One capture format."""

    name: str
    recognises: Callable[[Path], bool]
    """whether a folder is a capture of this format, by what lies in it"""
    read: Callable[[Path, Path | None, bool], Capture]
    """takes the folder, a file of rig parameters instead of the folder's own, and whether pictures may lie elsewhere;
    returns the capture in the rig frame; raises CaptureError and RigError"""


def reader_of(root: Path) -> Reader | None:
    """The first reader of ``READERS`` that knows the folder ``root``; None where none does."""
    return next((reader for reader in READERS if reader.recognises(root)), None)


def _is_transforms(root: Path) -> bool:
    return (root / "transforms.json").is_file()


def _read_transforms(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.transforms import read_transforms

    return read_transforms(root, rig_params, allow_outside)


READERS: tuple[Reader, ...] = (Reader("nerfstudio", _is_transforms, _read_transforms),)
"""in the order in which they are asked"""
