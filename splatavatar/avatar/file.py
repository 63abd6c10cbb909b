"""The ``.splatavatar`` file: saving and loading. ``schema`` says what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.container import Tensors, canonical_json, parse_json, read_container, write_container
from splatavatar.avatar.defect import Defect
from splatavatar.avatar.encoding import decode, encode
from splatavatar.avatar.schema import (
    FORMAT,
    VERSION,
    check_names,
    check_tensors,
    rig_from_json,
    rig_to_json,
    scales_from_json,
)
from splatavatar.avatar.validate import validate
from splatavatar.errors import AvatarFileError
from splatavatar.output import atomic_write


def save_avatar(path: str | Path, avatar: Avatar) -> None:
    """Write an avatar; its numbers are rounded as ``quantised`` shows. The same avatar gives the same bytes.

    A previous file at ``path`` is replaced when the new one is whole. Raises OutputError when it cannot be written, and
    AvatarFileError when the avatar itself is not valid.
    """
    try:
        tensors, texts = _pack(avatar)
        with atomic_write(path) as file:
            write_container(file, tensors, texts)
    except Defect as defect:
        raise AvatarFileError(f"the avatar cannot be saved as {path}: {defect}") from defect


def load_avatar(path: str | Path) -> Avatar:
    """Read an avatar. Everything is checked before it is used; all arrays are float32 or int32.

    Raises AvatarFileError, with the reason in one sentence, for anything but an intact avatar of this or an older
    version.
    """
    try:
        tensors, texts = read_container(Path(path))
        if texts.get("format") != FORMAT:
            raise Defect("it is a safetensors file without an avatar in it")
        version = texts.get("version", "")
        if version != str(VERSION):
            if version.isascii() and version.isdigit() and len(version) < 10 and int(version) > VERSION:
                raise AvatarFileError(
                    f"{path} was made by a newer version of splatavatar"
                    f" (format {int(version)}, this one reads {VERSION}); upgrade splatavatar"
                )
            raise Defect(f"its format version is {version[:20]!r}, expected {VERSION}")
        return _unpack(tensors, texts)
    except Defect as defect:
        raise AvatarFileError(f"{path} is not an intact avatar: {defect}") from defect
    except FileNotFoundError as error:
        raise AvatarFileError(f"there is no file {path}") from error
    except OSError as error:
        raise AvatarFileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def quantised(avatar: Avatar) -> Avatar:
    """The avatar as it comes back from a file. Raises AvatarFileError when it is not valid."""
    try:
        return _unpack(*_pack(avatar))
    except Defect as defect:
        raise AvatarFileError(f"the avatar cannot be saved: {defect}") from defect


def _pack(avatar: Avatar) -> tuple[Tensors, dict[str, str]]:
    validate(avatar)
    tensors, scales, rig = encode(avatar)
    check_names(rig.regions, "regions")
    check_names(rig.landmarks, "landmarks")
    scales_from_json(scales, check_tensors(tensors, rig))
    texts = {
        "format": FORMAT,
        "version": str(VERSION),
        "rig": canonical_json(rig_to_json(rig)),
        "scales": canonical_json(scales),
        "metadata": canonical_json(avatar.metadata),
    }
    return tensors, texts


def _unpack(tensors: Tensors, texts: dict[str, str]) -> Avatar:
    for name in ("rig", "scales", "metadata"):
        if name not in texts:
            raise Defect(f"its {name} description is missing")
    rig = rig_from_json(parse_json(texts["rig"], "the description of its rig"))
    sizes = check_tensors(tensors, rig)
    scales = scales_from_json(parse_json(texts["scales"], "its table of scales"), sizes)
    metadata = parse_json(texts["metadata"], "its metadata")
    if not isinstance(metadata, dict):
        raise Defect("its metadata is not a table")
    # Damaged numbers overflow on the way; what comes out is checked.
    with np.errstate(all="ignore"):
        avatar = decode(tensors, scales, rig, sizes, metadata)
        validate(avatar)
    return avatar
