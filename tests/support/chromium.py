"""A Chromium for the tests: the system's, or the one inside the npm package that the page's tests install."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from splatavatar.folders import cache_folder
from splatavatar.viewer import site
from support.browser import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = Path(site.__file__).parent / "web" / "node_modules" / "@sparticuz" / "chromium"
HOW = (
    "no Chromium: install one (Debian, Ubuntu: apt install chromium), name it by SPLATAVATAR_CHROMIUM, or install the "
    "tests of the page, which bring one: make page"
)
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>
"""
"""The package looks for its fonts where it runs in the cloud."""
UNPACK = (
    "const fs=require('fs'),z=require('zlib');"
    "fs.createReadStream(process.argv[1]).pipe(z.createBrotliDecompress()).pipe(fs.createWriteStream(process.argv[2]))"
)


def find() -> tuple[Path, dict[str, str]] | None:
    """The program and what its environment needs beside ours; None where there is none."""
    named = os.environ.get("SPLATAVATAR_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return Path(found), {}
    if not (PACKAGE / "bin" / "chromium.br").is_file():
        return None
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    folder = cache_folder() / f"chromium-{version}"
    if not (folder / "chromium").is_file():
        _unpack(folder)
    libraries = [str(path.parent) for path in folder.rglob("*.so*")]
    fonts = folder / "these-fonts.conf"
    fonts.write_text(FONTS.format(folder=folder))
    return folder / "chromium", {
        "LD_LIBRARY_PATH": ":".join(sorted(set(libraries))),
        "FONTCONFIG_FILE": str(fonts),
    }


@contextmanager
def started(*flags: str) -> Iterator[Browser]:
    """A browser with these flags while the block lasts, or the test is skipped and says how to get one."""
    program = find()
    if program is None:
        pytest.skip(HOW)
    with closing(Browser(*program, flags=flags)) as browser:
        yield browser


def _unpack(folder: Path) -> None:
    work = folder.with_name(f"{folder.name}-{os.getpid()}")
    work.mkdir(parents=True, exist_ok=True)
    node = next(filter(None, [shutil.which("node"), str(Path(site.__file__).parents[2] / ".venv" / "bin" / "node")]))
    for packed in (PACKAGE / "bin").glob("*.br"):
        unpacked = work / packed.stem
        subprocess.run([node, "-e", UNPACK, str(packed), str(unpacked)], check=True)
        if unpacked.suffix == ".tar":
            with tarfile.open(unpacked) as archive:
                archive.extractall(work, filter="data")
            unpacked.unlink()
    (work / "chromium").chmod(0o755)
    try:
        work.rename(folder)
    except OSError:  # another run was faster
        shutil.rmtree(work)
