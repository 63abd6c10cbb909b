from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar.doctor.core import core_parts
from splatavatar.doctor.extras import extra_parts
from splatavatar.doctor.gpu import gpu_parts
from splatavatar.doctor.part import Part, package
from splatavatar.extras import EXTRAS
from splatavatar.render.gpu_facts import CudaFacts, Gpu, GsplatFacts

CUDA = CudaFacts(
    torch="2.11.0+cu130",
    torch_cuda="13.0",
    driver="580.65.06",
    driver_cuda="13.0",
    device_files=True,
    gpu=Gpu("NVIDIA H200", (9, 0), 139 << 30),
    triton="3.6.0",
    compiler="/usr/bin/gcc",
)


def found(parts: list[Part], name: str) -> Part:
    return next(part for part in parts if part.name == name)


def test_a_machine_with_a_gpu() -> None:
    parts = gpu_parts(CUDA, GsplatFacts("1.5.3", compiled=True))
    assert [(part.name, part.state, part.found) for part in parts] == [
        ("torch", "present", "2.11.0+cu130, CUDA 13.0"),
        ("NVIDIA GPU", "present", "NVIDIA H200, 139 GiB, compute capability 9.0, driver 580.65.06 for CUDA 13.0"),
        ("triton", "present", "3.6.0"),
        ("gsplat", "present", "1.5.3"),
    ]


def test_a_gpu_that_cannot_be_used() -> None:
    parts = gpu_parts(replace(CUDA, driver=None, compiler=None), GsplatFacts("1.5.3"))
    assert found(parts, "NVIDIA GPU") == Part(
        "NVIDIA GPU",
        "--device cuda",
        "broken",
        "NVIDIA H200, 139 GiB, compute capability 9.0, driver for CUDA 13.0; Triton needs a C compiler, "
        "and neither gcc nor clang is on the PATH: apt install gcc, or set CC to one",
    )
    assert found(parts, "gsplat").found == (
        "1.5.3; gsplat 1.5.3 came without compiled kernels and there is no nvcc to compile them: "
        "install the toolkit of CUDA 13, or set CUDA_HOME to where it is"
    )


def test_a_torch_that_cannot_be_imported() -> None:
    part = found(gpu_parts(CudaFacts("2.11.0", torch_error="no libcudart"), GsplatFacts()), "torch")
    assert (part.state, part.found) == ("broken", "2.11.0 cannot be imported (no libcudart)")
    assert part.command == "pip install --force-reinstall torch"


def test_nothing_installed() -> None:
    parts = gpu_parts(CudaFacts(), GsplatFacts())
    assert [(part.name, part.state, part.command) for part in parts] == [
        ("torch", "missing", 'pip install ".[bake]"'),
        ("NVIDIA GPU", "missing", None),
        ("triton", "missing", 'pip install ".[bake,cuda]"'),
        ("gsplat", "missing", "pip install gsplat"),
    ]
    assert package("rembg", "mattes", None, "pip install x") == Part(
        "rembg", "mattes", "missing", "not installed", "pip install x"
    )


def test_a_native_module_that_does_not_load() -> None:
    part = found(core_parts(None, "the native module does not load"), "native module")
    assert (part.state, part.found) == ("broken", "the native module does not load")


def test_something_of_every_extra_is_looked_for() -> None:
    """Whoever installs one, or lacks it, is told."""
    parts = [part.name for part in (*gpu_parts(CudaFacts(), GsplatFacts()), *extra_parts())]
    assert {extra for package, extra in EXTRAS.items() if package.split("_")[0] in parts} == set(EXTRAS.values())


def test_the_face_landmarker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    part = found(extra_parts(), "face landmarker")
    assert (part.state, part.found, part.command) == ("missing", "not here", "splatavatar models pull")
    model = tmp_path / "models" / "face_landmarker.task"
    model.parent.mkdir()
    model.write_bytes(b"half of it")
    part = found(extra_parts(), "face landmarker")
    assert (part.state, part.found) == ("broken", f"{model} is another file (its SHA-256 differs)")


def test_whether_the_body_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anny")
    from splatavatar.rig.anny_data import cache_path

    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    assert found(extra_parts(), "anny").found.endswith(", not prepared yet: the first bake does so in a minute")
    cache_path("anny-head", "data").touch()
    assert found(extra_parts(), "anny").found.endswith(", prepared: anny-head")
