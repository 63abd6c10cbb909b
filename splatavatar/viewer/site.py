"""The built page: the few files that a browser is given."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import DependencyError
from splatavatar.input import read_bytes

FOLDER = Path(__file__).parent / "page"
"""where ``make page`` puts it; wheels carry it"""
INDEX = "index.html"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class SiteFile:
    """One file of the page as it is sent."""

    kind: str
    """its media type"""
    content: bytes
    compressed: bytes
    """the same by gzip"""
    lasting: bool
    """whether its name changes with its content"""


def load_site(folder: Path = FOLDER) -> dict[str, SiteFile]:
    """Every file of the built page by its path, read into memory; nothing else is ever sent by name.

    Raises DependencyError where the page was not built.
    """
    if not (folder / INDEX).is_file():
        raise DependencyError(
            "the page is not built in this checkout; build it with: make page (a wheel brings it along)"
        )
    site = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = read_bytes(path, DependencyError, "a file of the built page")
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        name = path.relative_to(folder).as_posix()
        site[name] = SiteFile(kind, content, gzip.compress(content, 9, mtime=0), name.startswith("assets/"))
    return site
