"""Every path that ``ARCHITECTURE.md`` names is there, in the folder that its paragraph is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from support.documents import ROOT

PATH = re.compile(r"`([\w.*/-]+(?:/|\.(?:py|cpp|h|ts|md|txt|toml))|[\w-]+(?:/[\w.*-]+)+)`")
"""a folder, which ends with a slash or holds one, or a file"""
HEADING = re.compile(r"^(?:\*\*`([\w/]+)/`|#)", re.M)
"""the beginning of what is about one folder of the package, or about none"""
MADE = ("build/sanitized",)
"""by make, not kept"""
LEFT_OUT = ("node_modules", "build", ".venv", ".venv-nerfstudio", ".git", "__pycache__")


def everything() -> list[str]:
    """Files and folders of the checkout but for what is installed or built, relative to it."""
    found = []
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in LEFT_OUT]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in (*below, *files)]
    return found


def named(text: str) -> Iterator[tuple[str, str]]:
    """(folder, path) of every path in ``text``; the folder is that of its paragraph, empty where there is none."""
    starts = [*HEADING.finditer(text)]
    for start, end in zip(starts, [*(s.start() for s in starts[1:]), len(text)], strict=True):
        for path in PATH.findall(text[start.start() : end]):
            yield start[1] or "", path


def missing(text: str, there: list[str]) -> list[str]:
    """The paths in ``text`` of which none in ``there`` is the end."""
    absent = []
    for folder, path in named(text):
        wanted = path.rstrip("/")
        # From the top, from the package, or anywhere in the folder of the paragraph, which may lie beside the package.
        places = (
            wanted,
            f"splatavatar/{wanted}",
            f"splatavatar/{folder or '*'}/{wanted}",
            f"splatavatar/{folder}/*/{wanted}",
            f"{folder}/*/{wanted}",
        )
        if path not in MADE and not any(fnmatch(each, place) for place in places for each in there):
            absent.append(path)
    return absent


def test_every_path_is_there() -> None:
    assert missing(Path(ROOT / "ARCHITECTURE.md").read_text("utf-8"), everything()) == []


def test_a_path_of_another_folder_is_missed() -> None:
    there = ["splatavatar/rig", "splatavatar/rig/rig.py", "splatavatar/drive", "splatavatar/drive/view.py"]
    assert missing("**`rig/`: bodies.** `rig.py`, `view.py`.", there) == ["view.py"]
    assert missing("# All\n`rig/rig.py`, `rig/view.py`, `drive/`, `play/`, `other.py`", there) == [
        "rig/view.py",
        "play/",
        "other.py",
    ]
