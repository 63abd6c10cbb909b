"""The place that a path or an address means."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from splatavatar.errors import StorageError
from splatavatar.printable import printable
from splatavatar.serve.places.folder import FolderPlace
from splatavatar.serve.places.place import Place, check_name
from splatavatar.serve.places.s3 import S3Place

EXPECTED = "a path, file:///PATH or s3://BUCKET/KEY"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def place_of(address: str) -> Place:
    """The folder that a path or ``file://`` names, or the part of a bucket that ``s3://BUCKET/KEY`` names.

    Whether anything is there is told by who reads it. Raises StorageError for addresses of other kinds, with ``..`` or
    with control characters, and DependencyError where the extra ``cluster`` is not installed and is needed.
    """
    found = _SCHEME.fullmatch(address)
    if found is None:
        return FolderPlace(_folder(address, address))
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise _unlike(address, "names another machine, or no path from the root")
        return FolderPlace(_folder(unquote(parts.path), address))
    if scheme != "s3":
        raise _unlike(address, f"is of the unknown kind {scheme}://")
    bucket, _, key = rest.partition("/")
    key = key.rstrip("/")
    if _BUCKET.fullmatch(bucket) is None:
        raise _unlike(address, "names no bucket")
    return S3Place(bucket, check_name(key, address) if key else "")


def split_address(address: str) -> tuple[str, str]:
    """The address of the place that a file or a folder lies in, and its name there.

    Raises StorageError where there is no name in it.
    """
    above, _, name = address.rstrip("/").rpartition("/")
    if not name or above.endswith(":/") or above in ("s3:", "file:"):
        raise _unlike(address, "names a place and nothing in it")
    if _SCHEME.fullmatch(address) is None and not above:
        above = "/" if address.startswith("/") else "."
    return above, name


def is_remote(address: str) -> bool:
    """Whether it is an address of another kind than a path or ``file://``."""
    found = _SCHEME.fullmatch(address)
    return found is not None and found[1].lower() != "file"


def absolute(address: str) -> str:
    """The address as processes that run in other folders understand it. Raises StorageError as ``place_of``."""
    return address.rstrip("/") if is_remote(address) else os.path.abspath(local_path(address))


def local_path(address: str) -> Path:
    """The path that a path or ``file://`` names. Raises StorageError for other addresses."""
    place = place_of(address)
    if not isinstance(place, FolderPlace):
        raise _unlike(address, "is not of this machine")
    return place.folder


def _folder(path: str, address: str) -> Path:
    if not path or "\0" in path:
        raise _unlike(address, "is no path")
    return Path(path)


def _unlike(address: str, why: str) -> StorageError:
    return StorageError(f"{printable(address)}: {why}, expected {EXPECTED}.")
