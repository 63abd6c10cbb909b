"""The ``.splatavatar`` file: saving and loading. ``schema`` says what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.format.container import (
    EXPECTED,
    Tensors,
    canonical_json,
    parse_container,
    parse_json,
    read_container,
    read_header,
    write_container,
)
from splatavatar.avatar.format.digest import ENTRY as DIGEST
from splatavatar.avatar.format.digest import SIGNATURE, check_digest, digest
from splatavatar.avatar.format.encoding import decode, encode
from splatavatar.avatar.format.metadata import LARGEST as LARGEST_METADATA
from splatavatar.avatar.format.schema import (
    FORMAT,
    VERSION,
    check_names,
    check_tensors,
    rig_from_json,
    rig_to_json,
    scales_from_json,
    version_of,
)
from splatavatar.avatar.format.signature import signs
from splatavatar.avatar.format.validate import validate
from splatavatar.avatar.library import resolve
from splatavatar.errors import AvatarFileError
from splatavatar.input import why_unread
from splatavatar.output import atomic_write
from splatavatar.printable import printable

ENTRIES = ("format", "version", "rig", "scales", "metadata", DIGEST, SIGNATURE)
"""of the header, as this version writes them"""
Sign = Callable[[str], str | None]
"""makes the entry ``signature`` of a digest, None where it cannot"""


def save_avatar(path: str | Path, avatar: Avatar, sign: Sign | None = None) -> None:
    """Write an avatar; its numbers are rounded as ``quantised`` shows. The same avatar gives the same bytes.

    ``sign`` makes the entry ``signature`` of the digest. Where it does not, the signature that the avatar has goes with
    it where the content is still what was signed, and is left out where that has changed.

    A previous file at ``path`` is replaced when the new one is whole. Raises OutputError when it cannot be written, and
    AvatarFileError when the avatar itself is not valid.
    """
    try:
        tensors, texts = _pack(avatar)
        made = None if sign is None else sign(texts[DIGEST])
        if made is not None:
            texts[SIGNATURE] = made
        with atomic_write(path) as file:
            write_container(file, tensors, texts)
    except Defect as defect:
        raise AvatarFileError(f"the avatar cannot be saved as {printable(path)}: {defect}") from defect


def load_avatar(path: str | Path) -> Avatar:
    """Read an avatar. Everything is checked before it is used; all arrays are float32 or int32.

    ``"demo"``, where no file has that name, is the avatar that comes with the package.

    Raises AvatarFileError, with the reason in one sentence, for anything but an intact avatar of this or an older
    version. A file that holds its digest is held against it.
    """
    path = resolve(path)
    shown = printable(path)
    try:
        return _intact(lambda: read_container(path), shown)
    except OSError as error:
        raise AvatarFileError(f"{shown}: {why_unread(error)}, expected {EXPECTED}.") from error


def parse_avatar(content: bytes, shown: str) -> Avatar:
    """The avatar of the bytes of a file, which messages call ``shown``. Raises AvatarFileError as ``load_avatar``."""
    return _intact(lambda: parse_container(content), shown)


def read_digest(path: str | Path) -> tuple[str | None, int]:
    """The digest that an avatar file names, unverified (None where it names none), and its size in bytes.

    Only the header is read. Raises AvatarFileError.
    """
    shown = printable(path)
    try:
        texts, size = read_header(path)
    except Defect as defect:
        raise AvatarFileError(f"{shown} is not an intact avatar: {defect}") from defect
    except OSError as error:
        raise AvatarFileError(f"{shown}: {why_unread(error)}, expected {EXPECTED}.") from error
    return texts.get(DIGEST), size


def _intact(read: Callable[[], tuple[Tensors, dict[str, str]]], shown: str) -> Avatar:
    """The avatar of what ``read`` returns, everything checked. Raises AvatarFileError, and what ``read`` raises."""
    try:
        tensors, texts = read()
        _check_version(texts, shown)
        check_digest(tensors, texts)
        return _unpack(tensors, texts)
    except Defect as defect:
        raise AvatarFileError(f"{shown} is not an intact avatar: {defect}") from defect


def _check_version(texts: dict[str, str], shown: str) -> None:
    """Raises Defect for what is no avatar, AvatarFileError for one of a newer version."""
    if texts.get("format") != FORMAT:
        raise Defect("it is a safetensors file without an avatar in it")
    version = texts.get("version", "")
    if version not in map(str, range(1, VERSION + 1)):
        if version.isascii() and version.isdigit() and len(version) < 10 and int(version) > VERSION:
            raise AvatarFileError(
                f"{shown} was made by a newer version of splatavatar"
                f" (format {int(version)}, this one reads {VERSION}); upgrade splatavatar"
            )
        raise Defect(f"its format version is {version[:20]!r}, expected 1 to {VERSION}")


def digest_of(avatar: Avatar) -> str:
    """The digest of the file that ``avatar`` was read from; of one that was made, the one of the file that it would be.

    Raises AvatarFileError when it is not valid.
    """
    if avatar.digest is not None:
        return avatar.digest
    try:
        return _pack(avatar)[1][DIGEST]
    except Defect as defect:
        raise AvatarFileError(f"the avatar cannot be saved: {defect}") from defect


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
        "version": str(version_of(tensors)),
        "rig": canonical_json(rig_to_json(rig)),
        "scales": canonical_json(scales),
        "metadata": canonical_json(avatar.metadata),
    }
    _check_size(texts["metadata"])
    if any(name in ENTRIES or not isinstance(entry, str) for name, entry in avatar.unknown.items()):
        raise Defect("its unknown entries are not texts beside those that are known")
    texts = {**avatar.unknown, **texts}
    texts[DIGEST] = digest(tensors, texts)
    if avatar.signature is not None and signs(avatar.signature, texts[DIGEST]):
        texts[SIGNATURE] = avatar.signature
    return tensors, texts


def _unpack(tensors: Tensors, texts: dict[str, str]) -> Avatar:
    for name in ("rig", "scales", "metadata"):
        if name not in texts:
            raise Defect(f"its {name} description is missing")
    unknown = {name: entry for name, entry in texts.items() if name not in ENTRIES}
    if unknown and DIGEST not in texts:
        # No version wrote such a file. The name of the digest itself may have been damaged.
        raise Defect(f"it has no checksum, but the unknown entry {min(unknown)[:40]!r}")
    if version_of(tensors) > int(texts["version"]):
        raise Defect(f"it has tensors of version {version_of(tensors)}, but says that it is of {texts['version']}")
    rig = rig_from_json(parse_json(texts["rig"], "the description of its rig"))
    sizes = check_tensors(tensors, rig)
    scales = scales_from_json(parse_json(texts["scales"], "its table of scales"), sizes)
    _check_size(texts["metadata"])
    metadata = parse_json(texts["metadata"], "its metadata")
    # Damaged numbers overflow on the way; what comes out is checked.
    with np.errstate(all="ignore"):
        avatar = replace(
            decode(tensors, scales, rig, sizes, metadata),
            unknown=unknown,
            signature=texts.get(SIGNATURE),
        )
        validate(avatar)
    object.__setattr__(avatar, "digest", texts.get(DIGEST))  # nobody has it yet
    return avatar


def _check_size(metadata: str) -> None:
    if len(metadata) > LARGEST_METADATA:
        raise Defect(f"its metadata takes {len(metadata)} characters, the limit is {LARGEST_METADATA}")
