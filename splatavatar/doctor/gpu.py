"""What a GPU needs; torch is here too, which a bake needs in any case."""

from __future__ import annotations

from splatavatar.doctor.part import Part, package
from splatavatar.extras import install
from splatavatar.render.gpu_check import cuda_sentence, gsplat_sentence
from splatavatar.render.gpu_facts import CudaFacts, GsplatFacts


def gpu_parts(cuda: CudaFacts, gsplat: GsplatFacts) -> list[Part]:
    """Examines torch, the GPU, Triton and gsplat."""
    return [_torch(cuda), _gpu(cuda), _triton(cuda), _gsplat(cuda, gsplat)]


def _torch(cuda: CudaFacts) -> Part:
    if cuda.torch_error is not None:
        command = "pip install --force-reinstall torch"
        return Part("torch", "bake", "broken", f"{cuda.torch} cannot be imported ({cuda.torch_error})", command)
    if cuda.torch is None:
        return Part("torch", "bake", "missing", "not installed", install("bake"))
    build = f"CUDA {cuda.torch_cuda}" if cuda.torch_cuda else "a build without CUDA"
    return Part("torch", "bake", "present", f"{cuda.torch}, {build}")


def _gpu(cuda: CudaFacts) -> Part:
    problem = cuda_sentence(cuda)
    if cuda.gpu is None:
        return Part("NVIDIA GPU", "--device cuda", "missing", problem or "none")
    gpu, release = cuda.gpu, f" {cuda.driver}" if cuda.driver else ""
    about = (
        f"{gpu.name}, {gpu.memory / 2**30:.0f} GiB, compute capability {gpu.capability[0]}.{gpu.capability[1]}, "
        f"driver{release} for CUDA {cuda.driver_cuda}"
    )
    if problem is not None:
        return Part("NVIDIA GPU", "--device cuda", "broken", f"{about}; {problem}")
    return Part("NVIDIA GPU", "--device cuda", "present", about)


def _triton(cuda: CudaFacts) -> Part:
    return package("triton", "--device cuda", cuda.triton, install("bake", "cuda"))


def _gsplat(cuda: CudaFacts, gsplat: GsplatFacts) -> Part:
    purpose = "comparisons"
    if gsplat.gsplat is None:
        return Part("gsplat", purpose, "missing", "not installed", "pip install gsplat")
    problem = gsplat_sentence(gsplat, cuda)
    if problem is not None:
        return Part("gsplat", purpose, "broken", f"{gsplat.gsplat}; {problem}")
    return Part("gsplat", purpose, "present", gsplat.gsplat)
