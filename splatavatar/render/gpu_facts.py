"""What this machine has for computing on an NVIDIA GPU: read off it, nothing judged."""

from __future__ import annotations

import ctypes
import glob
import itertools
import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DEVICE_FILES = ("/dev/nvidia[0-9]*", "/dev/dxg")
"""one a GPU on Linux, one for all of them in WSL"""
RELEASE_FILE = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Gpu:
    """The device that torch calls cuda:0."""

    name: str
    capability: tuple[int, int]
    memory: int
    """bytes"""


@dataclass(frozen=True)
class CudaFacts:
    """What ``--device cuda`` depends on."""

    torch: str | None = None
    """version; None where it is not installed"""
    torch_error: str | None = None
    """why it cannot be imported"""
    torch_cuda: str | None = None
    """version of CUDA that torch was built with, such as 13.0; None in a build without"""
    driver: str | None = None
    """release of the NVIDIA driver, such as 580.65.06; None where it does not say"""
    driver_cuda: str | None = None
    """newest version of CUDA that the driver runs; None where there is no driver"""
    device_files: bool = False
    """whether the system shows a GPU to this process"""
    visible: str | None = None
    """CUDA_VISIBLE_DEVICES"""
    start_error: str | None = None
    """what the driver, or else torch, answers where it has no device"""
    gpu: Gpu | None = None
    architectures: tuple[str, ...] = ()
    """what torch has kernels for, as it names them: sm_90, compute_90"""
    triton: str | None = None
    """version"""
    cc: str | None = None
    """the environment variable CC"""
    compiler: str | None = None
    """C compiler that Triton would call"""
    lacking_headers: str | None = None
    """folder that should hold Python.h and does not"""


@dataclass(frozen=True)
class GsplatFacts:
    """What gsplat depends on beside a GPU."""

    gsplat: str | None = None
    """version; None where it is not installed"""
    compiled: bool = False
    """whether the package came with its kernels compiled"""
    nvcc: str | None = None
    """path; None where none was found that runs"""
    nvcc_cuda: str | None = None
    """version of CUDA that nvcc belongs to"""
    ninja: bool = False


def cuda_facts() -> CudaFacts:
    """Imports torch, where there is one, and asks its first device for its name."""
    torch, torch_error = _imported_torch()
    library = _driver_library()
    gpu, start_error = (None, None) if torch is None else _first_gpu(torch)
    if torch is not None and gpu is None and library is not None:
        start_error = _driver_error(library) or start_error
    return CudaFacts(
        torch=installed("torch") if torch is None else torch.__version__,
        torch_error=torch_error,
        torch_cuda=None if torch is None else torch.version.cuda,
        driver=_driver_release(),
        driver_cuda=None if library is None else _driver_cuda(library),
        device_files=any(glob.glob(pattern) for pattern in DEVICE_FILES),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        start_error=start_error,
        gpu=gpu,
        architectures=() if gpu is None else tuple(torch.cuda.get_arch_list()),
        triton=installed("triton"),
        cc=os.environ.get("CC"),
        compiler=_c_compiler(),
        lacking_headers=_lacking_headers(),
    )


def gsplat_facts() -> GsplatFacts:
    """Runs ``nvcc --version`` where gsplat is installed without compiled kernels."""
    version = installed("gsplat")
    if version is None:
        return GsplatFacts()
    spec = find_spec("gsplat")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    compiled = any(path.suffix in (".so", ".pyd") for folder in folders for path in Path(folder).glob("csrc*"))
    nvcc, nvcc_cuda = (None, None) if compiled else _nvcc()
    return GsplatFacts(version, compiled, nvcc, nvcc_cuda, shutil.which("ninja") is not None)


def installed(module: str, *distributions: str) -> str | None:
    """Version of a package that can be found, without importing it; None where it is absent.

    ``distributions``: names it may be installed under, where they differ from the module's.
    """
    if find_spec(module) is None:
        return None
    for name in distributions or (module,):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "unknown version"


def _imported_torch() -> tuple[Any, str | None]:
    if find_spec("torch") is None:
        return None, None
    try:
        import torch
    except (ImportError, OSError) as error:  # libraries of CUDA that are missing or do not fit
        return None, _first_line(error)
    return torch, None


def _first_gpu(torch: Any) -> tuple[Gpu | None, str | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of what the facts say
        try:
            if not torch.cuda.is_available():
                return None, None
            about = torch.cuda.get_device_properties(0)
        except RuntimeError as error:
            return None, _first_line(error)
    return Gpu(about.name, (about.major, about.minor), about.total_memory), None


def _driver_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None


def _driver_cuda(library: ctypes.CDLL) -> str | None:
    version = ctypes.c_int()
    # The toolkit's stub of the library, which links and does nothing, answers with an error.
    if library.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return f"{version.value // 1000}.{version.value % 1000 // 10}"


def _driver_error(library: ctypes.CDLL) -> str | None:
    """Name of the error that the driver starts with, such as CUDA_ERROR_NO_DEVICE."""
    code = library.cuInit(0)
    if code == 0:
        return None
    name = ctypes.c_char_p()
    known = library.cuGetErrorName(code, ctypes.byref(name)) == 0 and name.value is not None
    return name.value.decode() if known and name.value else f"error {code}"


def _driver_release() -> str | None:
    try:
        found = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", RELEASE_FILE.read_text())
    except OSError:
        return None
    return found and found[0]


def _c_compiler() -> str | None:
    """As Triton looks for one."""
    stated = os.environ.get("CC")
    return shutil.which(stated) if stated is not None else shutil.which("gcc") or shutil.which("clang")


def _lacking_headers() -> str | None:
    # Debian names the scheme of its own Python otherwise and has the headers where it would be without.
    scheme = sysconfig.get_default_scheme().replace("posix_local", "posix_prefix")
    folder = sysconfig.get_path("include", scheme)
    # A compiler looks there of its own accord.
    others = (os.environ.get(name, "").split(os.pathsep) for name in ("CPATH", "C_INCLUDE_PATH"))
    folders = [folder, *filter(None, itertools.chain.from_iterable(others))]
    return None if any(Path(place, "Python.h").is_file() for place in folders) else folder


def _nvcc() -> tuple[str | None, str | None]:
    """Path and version of the nvcc that torch's extensions are compiled with."""
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
    inside = shutil.which("nvcc", path=os.path.join(home, "bin")) if home else None
    path = inside or shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if path is None:
        return None, None
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None, None
    version = re.search(r"release (\d+\.\d+)", told)
    return (path, version[1]) if version else (None, None)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
