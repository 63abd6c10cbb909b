"""Where a bake computes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from splatavatar.bake.engine import Engine
from splatavatar.bake.native_engine import NativeEngine
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.rig.rig import Rig

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Device:
    """A device and the engine that runs on it."""

    name: str

    def engine(self, rig: Rig, native: NativeEngine) -> Engine:
        """``native`` on the CPU, gsplat on CUDA."""
        if self.name == "cpu":
            return native
        from splatavatar.bake.torch_engine import TorchEngine

        return TorchEngine(torch.from_numpy(rig.faces), "cuda", torch.device("cuda"))


def choose_device(name: str) -> Device:
    """``auto`` takes CUDA where torch finds it and gsplat is installed.

    Raises:
        SettingsError: unknown name.
        DependencyError: CUDA was asked for and there is none.
    """
    if name not in DEVICES:
        raise SettingsError(f"unknown device {name!r}; the devices are {', '.join(DEVICES)}")
    if name == "cpu":
        torch.set_num_threads(1)  # torch only poses the rig; its pool would fight with the native threads
        return Device("cpu")
    found = torch.cuda.is_available() and _has_gsplat()
    if name == "cuda" and not found:
        raise DependencyError(
            "--device cuda needs an NVIDIA GPU, a CUDA build of torch and gsplat; "
            'install with: pip install "splatavatar[bake,cuda]", or use --device cpu'
        )
    return Device("cuda") if found else choose_device("cpu")


def _has_gsplat() -> bool:
    from importlib.util import find_spec

    return find_spec("gsplat") is not None
