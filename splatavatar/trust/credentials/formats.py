"""Where content credentials of a kind of file lie: in it, or in a file beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from splatavatar.output import beside

INSIDE = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".heic": "image/heic",
}
"""films and pictures that hold them, by suffix"""
OUTSIDE = {
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".ply": "application/octet-stream",
    ".spz": "application/octet-stream",
    ".splat": "application/octet-stream",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".html": "text/html",
}
"""what has no place for them, or none that the library knows"""
EXPORTS = (".ply", ".spz", ".splat", ".glb", ".gltf", ".html")
SIDECAR = ".c2pa"
"""after the whole name: me.ply and me.html of one folder each have their own"""


def is_marked(path: Path) -> bool:
    """Whether ``path`` is of a kind that has credentials, in it or beside it."""
    return path.suffix.lower() in (*INSIDE, *OUTSIDE)


def has_pictures(path: Path) -> bool:
    """Whether ``path`` is no export of another kind, in which there are no pixels."""
    return path.suffix.lower() not in EXPORTS


def sidecar_of(path: Path) -> Path:
    """The file that holds the credentials of ``path`` where it cannot itself."""
    return beside(path, SIDECAR)


def drop_sidecar(path: Path) -> None:
    """Remove the credentials beside ``path``, which was replaced by what they do not fit."""
    with suppress(OSError):
        sidecar_of(path).unlink()
