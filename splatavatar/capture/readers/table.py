"""The layouts of captures: how each is known, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.capture import Capture
from splatavatar.errors import CaptureError
from splatavatar.printable import printable


@dataclass(frozen=True)
class Reader:
    """One layout."""

    name: str
    recognises: Callable[[Path], str | None]
    """what in a folder says that it is a capture of this layout; None where nothing does"""
    expects: str
    """what that would be"""
    read: Callable[[Path, Path | None, bool], Capture]
    """takes the folder, a file of rig parameters instead of the folder's own, and whether pictures may lie elsewhere;
    returns the capture in the rig frame; raises CaptureError and RigError"""


def reader_of(root: Path, layout: str | None = None) -> Reader | None:
    """The reader called ``layout``, or else the first of ``READERS`` that knows the folder ``root``; None where none
    does.

    Raises CaptureError for a layout that is not known, or that ``root`` is not of.
    """
    if layout is None:
        return next((reader for reader in READERS if reader.recognises(root)), None)
    named = next((reader for reader in READERS if reader.name == layout), None)
    if named is None:
        names = ", ".join(reader.name for reader in READERS)
        raise CaptureError(f"unknown format {printable(layout)!r} of a capture; known are {names}")
    if named.recognises(root) is None:
        raise CaptureError(f"{root}: no capture in the format {layout}, expected {named.expects}")
    return named


def why(root: Path, chosen: Reader) -> str:
    """Why ``root`` is read by the reader ``chosen`` and by no other, in one line."""
    said, place = [], READERS.index(chosen)
    for number, reader in enumerate(READERS):
        if reader is not chosen:
            found = reader.recognises(root)
            passed_over = f"{found}, but " + ("not asked for" if number < place else "asked later")
            said.append(f"not {reader.name}: " + (f"no {reader.expects}" if found is None else passed_over))
    return f"{chosen.name}: {chosen.recognises(root)} ({'; '.join(said)})"


def _of_exporter(name: str) -> Callable[[Path], str | None]:
    def recognises(root: Path) -> str | None:
        from splatavatar.capture.readers.flame.head_trackers import exporter

        return f"transforms.json with the fields of {name}" if exporter(root) == name else None

    return recognises


def _read_vhap(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.flame.head_trackers import read_vhap

    return read_vhap(root, rig_params, allow_outside)


def _read_insta(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.flame.head_trackers import read_insta

    return read_insta(root, rig_params, allow_outside)


def _has_checkpoints(root: Path) -> str | None:
    from splatavatar.capture.readers.flame.checkpoints import find_checkpoints

    folder = find_checkpoints(root)
    return None if folder is None else ".frame files in checkpoint"


def _read_checkpoints(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.flame.checkpoints import read_checkpoints

    return read_checkpoints(root, rig_params, allow_outside)


def _has_flame_params(root: Path) -> str | None:
    from splatavatar.capture.readers.flame.imavatar import is_imavatar

    return "world_mat in flame_params.json" if is_imavatar(root) else None


def _read_imavatar(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.flame.imavatar import read_imavatar

    return read_imavatar(root, rig_params, allow_outside)


def _has_nersemble(root: Path) -> str | None:
    from splatavatar.capture.readers.nersemble.folders import find_places

    return None if find_places(root) is None else "camera_params.json and pictures called cam_"


def _read_nersemble(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.nersemble.nersemble import read_nersemble

    return read_nersemble(root, rig_params, allow_outside)


def _has_exavatar(root: Path) -> str | None:
    from splatavatar.capture.readers.exavatar import is_exavatar

    return "smplx_optimized with pictures and cameras" if is_exavatar(root) else None


def _read_exavatar(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.exavatar import read_exavatar

    return read_exavatar(root, rig_params, allow_outside)


def _has_transforms(root: Path) -> str | None:
    return "transforms.json" if (root / "transforms.json").is_file() else None


def _read_transforms(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.transforms import read_transforms

    return read_transforms(root, rig_params, allow_outside)


def _has_model(root: Path) -> str | None:
    from splatavatar.capture.readers.colmap import find_model

    folder = find_model(root)
    return None if folder is None else f"cameras and images in {folder.relative_to(root).as_posix()}"


def _read_colmap(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.colmap import read_colmap

    return read_colmap(root, rig_params, allow_outside)


def _has_splits(root: Path) -> str | None:
    return "transforms_train.json" if (root / "transforms_train.json").is_file() else None


def _read_splits(root: Path, rig_params: Path | None, allow_outside: bool) -> Capture:
    from splatavatar.capture.readers.split_transforms import read_split_transforms

    return read_split_transforms(root, rig_params, allow_outside)


READERS: tuple[Reader, ...] = (
    Reader("vhap", _of_exporter("vhap"), "flame_param_path in transforms.json", _read_vhap),
    Reader("insta", _of_exporter("insta"), "exp_path in transforms.json", _read_insta),
    Reader("metrical", _has_checkpoints, ".frame files in checkpoint, and pictures", _read_checkpoints),
    Reader("imavatar", _has_flame_params, "world_mat in flame_params.json", _read_imavatar),
    Reader("nersemble", _has_nersemble, "camera_params.json and pictures called cam_", _read_nersemble),
    Reader("exavatar", _has_exavatar, "smplx_optimized with pictures and cameras", _read_exavatar),
    Reader("nerfstudio", _has_transforms, "transforms.json", _read_transforms),
    Reader("splits", _has_splits, "transforms_train.json", _read_splits),
    Reader("colmap", _has_model, "cameras and images in sparse/0, as .bin or .txt", _read_colmap),
)
"""in the order in which they are asked"""
