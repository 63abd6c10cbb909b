from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from splatavatar.render.gpu_check import cuda_problem, cuda_sentence, gsplat_problem, gsplat_sentence
from splatavatar.render.gpu_facts import CudaFacts, Gpu, GsplatFacts

CUDA = CudaFacts(
    torch="2.11.0+cu130",
    torch_cuda="13.0",
    driver="580.65.06",
    driver_cuda="13.0",
    device_files=True,
    gpu=Gpu("NVIDIA H200", (9, 0), 150 << 30),
    architectures=("sm_75", "sm_80", "sm_90", "sm_100", "sm_120", "compute_120"),
    triton="3.6.0",
    compiler="/usr/bin/gcc",
)
GSPLAT = GsplatFacts("1.5.3", nvcc="/usr/local/cuda/bin/nvcc", nvcc_cuda="13.0", ninja=True)
INSTALL = 'pip install ".[bake,cuda]"'


def gpu(name: str, *capability: int) -> Gpu:
    return Gpu(name, (capability[0], capability[1]), 8 << 30)


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "no torch": ({"torch": None, "torch_cuda": None, "gpu": None}, f"torch is not installed: {INSTALL}"),
    "torch cannot be imported": (
        {"torch_error": "libcudart.so.13: cannot open shared object file", "torch_cuda": None, "gpu": None},
        "torch 2.11.0+cu130 cannot be imported (libcudart.so.13: cannot open shared object file): "
        "install it again with pip install --force-reinstall torch",
    ),
    "CPU build": (
        {"torch": "2.11.0+cpu", "torch_cuda": None, "gpu": None},
        "torch 2.11.0+cpu is a build without CUDA, which pip keeps until it is removed: "
        f"pip uninstall torch, then {INSTALL} from an index of CUDA builds (pytorch.org names it)",
    ),
    "no driver": (
        {"driver": None, "driver_cuda": None, "device_files": False, "gpu": None},
        "no NVIDIA driver was found (libcuda.so.1 cannot be loaded): install one that runs CUDA 13 "
        "(release 580 or later), or use a machine with an NVIDIA GPU",
    ),
    "no driver for a CUDA of which we know no release": (
        {"torch_cuda": "14.1", "driver": None, "driver_cuda": None, "device_files": False, "gpu": None},
        "no NVIDIA driver was found (libcuda.so.1 cannot be loaded): install one that runs CUDA 14, "
        "or use a machine with an NVIDIA GPU",
    ),
    "a container without the driver": (
        {"driver_cuda": None, "gpu": None},
        "a GPU is here and its driver is not (libcuda.so.1 cannot be loaded): "
        "start the container with its GPU (docker run --gpus all), or install the NVIDIA driver",
    ),
    "old driver": (
        {"driver": "550.54.15", "driver_cuda": "12.4", "gpu": None},
        "the NVIDIA driver 550.54.15 runs CUDA up to 12.4 and torch 2.11.0+cu130 was built with CUDA 13.0: "
        "update the driver (release 580 or later), or install a torch built with CUDA 12",
    ),
    "old driver of unknown release": (
        {"driver": None, "driver_cuda": "12.4", "gpu": None},
        "the NVIDIA driver runs CUDA up to 12.4 and torch 2.11.0+cu130 was built with CUDA 13.0: "
        "update the driver (release 580 or later), or install a torch built with CUDA 12",
    ),
    "no device file": (
        {"device_files": False, "gpu": None, "start_error": "CUDA_ERROR_NO_DEVICE"},
        "the NVIDIA driver 580.65.06 is here and a GPU is not (there is no /dev/nvidia0): "
        "load its kernel module (modprobe nvidia), or start the container with its GPU (docker run --gpus all)",
    ),
    "hidden": (
        {"visible": "", "gpu": None, "start_error": "CUDA_ERROR_NO_DEVICE"},
        'CUDA_VISIBLE_DEVICES="" hides every GPU: unset it, or set it to 0',
    ),
    "another one made visible": (
        {"visible": "7", "gpu": None},
        'CUDA_VISIBLE_DEVICES="7" hides every GPU: unset it, or set it to 0',
    ),
    "the driver does not start": (
        {"visible": "0", "gpu": None, "start_error": "CUDA_ERROR_SYSTEM_NOT_READY"},
        "torch 2.11.0+cu130 cannot start the GPU (CUDA_ERROR_SYSTEM_NOT_READY): see what nvidia-smi says, "
        "and restart the machine if its driver was updated",
    ),
    "torch finds none and nobody says why": (
        {"gpu": None},
        "torch 2.11.0+cu130 cannot start the GPU: see what nvidia-smi says, "
        "and restart the machine if its driver was updated",
    ),
    "old GPU": (
        {"gpu": gpu("NVIDIA GeForce GTX 1080", 6, 1)},
        "NVIDIA GeForce GTX 1080 has compute capability 6.1, and the kernels need 7.0: use a newer GPU",
    ),
    "a GPU that torch has dropped": (
        {"gpu": gpu("Tesla V100", 7, 0)},
        "torch 2.11.0+cu130 has no kernels for compute capability 7.0, that of Tesla V100 "
        "(it has 7.5, 8.0, 9.0, 10.0, 12.0): install an older build of torch",
    ),
    "a GPU that torch does not know yet": (
        {"gpu": gpu("NVIDIA B200", 10, 0), "architectures": ("sm_80", "sm_90a")},
        "torch 2.11.0+cu130 has no kernels for compute capability 10.0, that of NVIDIA B200 (it has 8.0, 9.0): "
        "install a newer build of torch",
    ),
    "no triton": ({"triton": None}, f"triton is not installed: {INSTALL}"),
    "no compiler": (
        {"compiler": None},
        "Triton needs a C compiler, and neither gcc nor clang is on the PATH: apt install gcc, or set CC to one",
    ),
    "a compiler that is not there": (
        {"compiler": None, "cc": "icc"},
        'Triton needs a C compiler, and CC="icc" names none: unset it, or set it to one',
    ),
    "no headers": (
        {"lacking_headers": "/usr/include/python3.12"},
        "Triton needs the headers of Python, and there is no Python.h in /usr/include/python3.12: "
        "apt install python3-dev",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_keeps_cuda_from_working(case: str) -> None:
    changes, sentence = CASES[case]
    assert cuda_sentence(replace(CUDA, **changes)) == sentence


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"driver_cuda": "13.2"},
        {"driver_cuda": "14.0"},
        {"torch_cuda": "13.2"},  # a driver of the same major version runs it
        {"visible": "0"},
        {"device_files": False},  # Jetson has others
        {"architectures": ()},
        {"gpu": gpu("NVIDIA L40S", 8, 9)},  # sm_80
        {"gpu": gpu("a later one", 13, 0)},  # compute_120
        {"gpu": gpu("NVIDIA H200", 9, 0), "architectures": ("sm_90a",)},
        {"gpu": gpu("NVIDIA RTX PRO 6000", 12, 1), "architectures": ("sm_120f",)},
        {"cc": "clang", "compiler": "/usr/bin/clang"},
    ],
    ids=str,
)
def test_what_does_not(changes: dict[str, Any]) -> None:
    assert cuda_sentence(replace(CUDA, **changes)) is None


GSPLAT_CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no gsplat": ({"gsplat": None}, {"torch": None}, "gsplat is not installed: pip install gsplat"),
    "no GPU": (
        {},
        {"visible": "", "gpu": None},
        'CUDA_VISIBLE_DEVICES="" hides every GPU: unset it, or set it to 0',
    ),
    "no nvcc": (
        {"nvcc": None, "nvcc_cuda": None},
        {},
        "gsplat 1.5.3 came without compiled kernels and there is no nvcc to compile them: "
        "install the toolkit of CUDA 13, or set CUDA_HOME to where it is",
    ),
    "nvcc of another CUDA": (
        {"nvcc": "/usr/bin/nvcc", "nvcc_cuda": "12.4"},
        {},
        "nvcc is of CUDA 12.4 (/usr/bin/nvcc), torch 2.11.0+cu130 of CUDA 13.0, and gsplat compiles only where these "
        "agree: install the toolkit of CUDA 13 and set CUDA_HOME to it",
    ),
    "no ninja": ({"ninja": False}, {}, "gsplat is compiled by ninja, which is not on the PATH: pip install ninja"),
}


@pytest.mark.parametrize("case", GSPLAT_CASES)
def test_what_keeps_gsplat_from_working(case: str) -> None:
    of_gsplat, of_cuda, sentence = GSPLAT_CASES[case]
    assert gsplat_sentence(replace(GSPLAT, **of_gsplat), replace(CUDA, **of_cuda)) == sentence


@pytest.mark.parametrize(
    ("of_gsplat", "of_cuda"),
    [
        ({}, {}),
        ({"nvcc_cuda": "13.1"}, {}),
        ({"compiled": True, "nvcc": None, "nvcc_cuda": None, "ninja": False}, {}),
        ({}, {"triton": None, "compiler": None}),
    ],
    ids=str,
)
def test_what_does_not_keep_gsplat(of_gsplat: dict[str, Any], of_cuda: dict[str, Any]) -> None:
    assert gsplat_sentence(replace(GSPLAT, **of_gsplat), replace(CUDA, **of_cuda)) is None


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch is a CUDA build")
def test_this_machine_without_cuda() -> None:
    assert cuda_problem() == (
        f"torch {torch.__version__} is a build without CUDA, which pip keeps until it is removed: "
        f"pip uninstall torch, then {INSTALL} from an index of CUDA builds (pytorch.org names it)"
    )
    assert gsplat_problem() in ("gsplat is not installed: pip install gsplat", cuda_problem())


@pytest.mark.gpu
def test_this_machine_with_cuda() -> None:
    assert cuda_problem() is None
