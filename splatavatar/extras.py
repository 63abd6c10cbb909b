"""Packages that not every installation has, and the command that adds each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from splatavatar.errors import DependencyError

EXTRAS = {
    "cv2": "drive",
    "av": "drive",
    "mediapipe": "drive",
    "torch": "bake",
    "scipy": "bake",
    "trimesh": "bake",
    "anny": "bake",
    "PIL": "bake",
    "flip_evaluator": "bake",
    "pocketsphinx": "bake",
    "triton": "cuda",
    "gsplat": "gsplat",
    "onnxruntime": "audio",
    "sounddevice": "live",
    "pyvirtualcam": "live",
    "rembg": "matting",
    "pycolmap": "colmap",
    "fastapi": "viewer",
    "uvicorn": "viewer",
    "websockets": "viewer",
    "cryptography": "trust",
    "c2pa": "trust",
    "segno": "viewer",
    "aiortc": "room",
    "livekit": "livekit",
    "pipecat": "pipecat",
    "prometheus_client": "serve",
    "ray": "cluster",
    "fsspec": "cluster",
    "s3fs": "cluster",
}
"""the extra of splatavatar that installs a package, by the name that is imported"""


def install(*extras: str) -> str:
    """The command that adds ``extras``, in the folder of the sources."""
    return f'pip install ".[{",".join(extras)}]"'


def missing_extra(error: ModuleNotFoundError) -> DependencyError | None:
    """The sentence for a package that an extra of splatavatar installs; None for any other missing module."""
    package = (error.name or "").split(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    return DependencyError(f"the package {package!r} is not installed; add it by: {install(extra)}")


def required(package: str) -> Any:
    """The package of that name, imported now. Raises DependencyError where an extra would bring it."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None
