"""Which install brings the package that a command lacks."""

from __future__ import annotations

from splatavatar.errors import DependencyError

EXTRAS = {
    "torch": "bake",
    "scipy": "bake",
    "trimesh": "bake",
    "anny": "bake",
    "PIL": "bake",
    "flip_evaluator": "bake",
    "triton": "cuda",
    "gsplat": "gsplat",
    "onnxruntime": "audio",
    "sounddevice": "live",
    "pyvirtualcam": "live",
    "rembg": "matting",
    "fastapi": "viewer",
    "uvicorn": "viewer",
    "websockets": "viewer",
}


def missing_extra(error: ModuleNotFoundError) -> DependencyError | None:
    """The sentence for a package that an extra of splatavatar installs; None for any other missing module."""
    package = (error.name or "").split(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    return DependencyError(f'the package {package!r} is not installed; add it by: pip install "splatavatar[{extra}]"')
