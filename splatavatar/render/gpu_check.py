"""Why CUDA cannot work here, in one sentence that says what to do."""

from __future__ import annotations

import re

from splatavatar.extras import install
from splatavatar.render.gpu_facts import CudaFacts, Gpu, GsplatFacts, cuda_facts, gsplat_facts

INSTALL = install("bake", "cuda")
LEAST_CAPABILITY = (7, 0)
LEAST_DRIVER = {11: "450", 12: "525", 13: "580"}
"""releases of the driver for Linux, by major version of CUDA (CUDA Compatibility, NVIDIA)"""
NO_DEVICE = "CUDA_ERROR_NO_DEVICE"


def cuda_problem() -> str | None:
    """What keeps ``--device cuda`` from working; None where nothing does."""
    return cuda_sentence(cuda_facts())


def gsplat_problem() -> str | None:
    """What keeps the gsplat backend from working; None where nothing does."""
    return gsplat_sentence(gsplat_facts(), cuda_facts())


def cuda_sentence(facts: CudaFacts) -> str | None:
    """The ``cuda_problem`` of a machine with these facts."""
    return _torch_sentence(facts) or _driver_sentence(facts) or _gpu_sentence(facts) or _triton_sentence(facts)


def gsplat_sentence(gsplat: GsplatFacts, cuda: CudaFacts) -> str | None:
    """The ``gsplat_problem`` of a machine with these facts."""
    if gsplat.gsplat is None:
        return "gsplat is not installed: pip install gsplat"
    if problem := _torch_sentence(cuda) or _driver_sentence(cuda) or _gpu_sentence(cuda):
        return problem
    if gsplat.compiled:
        return None
    if gsplat.nvcc is None:
        return (
            f"gsplat {gsplat.gsplat} came without compiled kernels and there is no nvcc to compile them: "
            f"install the toolkit of CUDA {_major(cuda.torch_cuda)}, or set CUDA_HOME to where it is"
        )
    if _major(gsplat.nvcc_cuda) != _major(cuda.torch_cuda):
        return (
            f"nvcc is of CUDA {gsplat.nvcc_cuda} ({gsplat.nvcc}), torch {cuda.torch} of CUDA {cuda.torch_cuda}, "
            f"and gsplat compiles only where these agree: "
            f"install the toolkit of CUDA {_major(cuda.torch_cuda)} and set CUDA_HOME to it"
        )
    if not gsplat.ninja:
        return "gsplat is compiled by ninja, which is not on the PATH: pip install ninja"
    return None


def _torch_sentence(facts: CudaFacts) -> str | None:
    if facts.torch is None:
        return f"torch is not installed: {INSTALL}"
    if facts.torch_error is not None:
        return (
            f"torch {facts.torch} cannot be imported ({facts.torch_error}): "
            "install it again with pip install --force-reinstall torch"
        )
    if facts.torch_cuda is None:
        return (
            f"torch {facts.torch} is a build without CUDA, which pip keeps until it is removed: "
            f"pip uninstall torch, then {INSTALL} from an index of CUDA builds (pytorch.org names it)"
        )
    return None


def _driver_sentence(facts: CudaFacts) -> str | None:
    wanted = _major(facts.torch_cuda)
    release = f" (release {LEAST_DRIVER[wanted]} or later)" if wanted in LEAST_DRIVER else ""
    if facts.driver_cuda is None and facts.device_files:
        return (
            "a GPU is here and its driver is not (libcuda.so.1 cannot be loaded): "
            "start the container with its GPU (docker run --gpus all), or install the NVIDIA driver"
        )
    if facts.driver_cuda is None:
        return (
            "no NVIDIA driver was found (libcuda.so.1 cannot be loaded): "
            f"install one that runs CUDA {wanted}{release}, or use a machine with an NVIDIA GPU"
        )
    # Within a major version an older driver runs what a newer CUDA has built.
    if _major(facts.driver_cuda) < wanted:
        return (
            f"{_driver(facts)} runs CUDA up to {facts.driver_cuda} and torch {facts.torch} was built with CUDA "
            f"{facts.torch_cuda}: update the driver{release}, or install a torch built with CUDA "
            f"{_major(facts.driver_cuda)}"
        )
    return None


def _gpu_sentence(facts: CudaFacts) -> str | None:
    if facts.gpu is None:
        return _no_gpu_sentence(facts)
    gpu = facts.gpu
    if gpu.capability < LEAST_CAPABILITY:
        return (
            f"{gpu.name} has compute capability {_dotted(gpu.capability)}, "
            f"and the kernels need {_dotted(LEAST_CAPABILITY)}: use a newer GPU"
        )
    if facts.architectures and not _runs_on(gpu, facts.architectures):
        known = [(int(digits[:-1]), int(digits[-1])) for digits in re.findall(r"_(\d+)", " ".join(facts.architectures))]
        age = "an older" if gpu.capability < min(known) else "a newer"
        return (
            f"torch {facts.torch} has no kernels for compute capability {_dotted(gpu.capability)}, that of {gpu.name} "
            f"(it has {', '.join(_dotted(capability) for capability in sorted(set(known)))}): "
            f"install {age} build of torch"
        )
    return None


def _no_gpu_sentence(facts: CudaFacts) -> str:
    if not facts.device_files:
        return (
            f"{_driver(facts)} is here and a GPU is not (there is no /dev/nvidia0): "
            "load its kernel module (modprobe nvidia), or start the container with its GPU (docker run --gpus all)"
        )
    if facts.visible is not None and facts.start_error in (None, NO_DEVICE):
        return f'CUDA_VISIBLE_DEVICES="{facts.visible}" hides every GPU: unset it, or set it to 0'
    answer = f" ({facts.start_error})" if facts.start_error else ""
    return (
        f"torch {facts.torch} cannot start the GPU{answer}: see what nvidia-smi says, "
        "and restart the machine if its driver was updated"
    )


def _triton_sentence(facts: CudaFacts) -> str | None:
    if facts.triton is None:
        return f"triton is not installed: {INSTALL}"
    if facts.compiler is None and facts.cc is not None:
        return f'Triton needs a C compiler, and CC="{facts.cc}" names none: unset it, or set it to one'
    if facts.compiler is None:
        return "Triton needs a C compiler, and neither gcc nor clang is on the PATH: apt install gcc, or set CC to one"
    if facts.lacking_headers is not None:
        return (
            f"Triton needs the headers of Python, and there is no Python.h in {facts.lacking_headers}: "
            "apt install python3-dev"
        )
    return None


def _runs_on(gpu: Gpu, architectures: tuple[str, ...]) -> bool:
    """Compiled code runs from its own minor version on within the major one, PTX on everything later.

    Code for sm_90a and its like runs on that capability alone.
    """
    major, minor = gpu.capability
    for kind, digits, suffix in re.findall(r"(sm|compute)_(\d+)([a-z]?)", " ".join(architectures)):
        built = int(digits[:-1]), int(digits[-1])
        if suffix == "a":
            fits = built == gpu.capability
        elif kind == "sm" or suffix:
            fits = built[0] == major and built[1] <= minor
        else:
            fits = built <= gpu.capability
        if fits:
            return True
    return False


def _driver(facts: CudaFacts) -> str:
    return f"the NVIDIA driver {facts.driver}" if facts.driver else "the NVIDIA driver"


def _major(version: str | None) -> int:
    return int((version or "0").split(".")[0])


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
