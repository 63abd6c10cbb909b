"""Where a bake computes."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from splatavatar.bake.engines.engine import Engine
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.render import _native
from splatavatar.render.gpu_check import cuda_problem
from splatavatar.rig.rig import Rig

DEVICES = ("auto", "cpu", "cuda")
GPU_PICTURES = 4


@dataclass(frozen=True)
class BakeDevice:
    """A device and the engine that runs on it."""

    name: str
    remark: str = field(default="", compare=False)
    """why it is not the one that was expected"""

    @property
    def pictures(self) -> int:
        """The number of pictures of a step: a GPU has time for several, and its kernels have more to do at once."""
        return 1 if self.name == "cpu" else GPU_PICTURES

    @property
    def torch_device(self) -> torch.device:
        """The device of torch on which the tensors are."""
        return torch.device(self.name)

    def engine(self, rig: Rig) -> Engine:
        """The native one on the CPU, that of the Triton kernels on CUDA."""
        faces = torch.from_numpy(rig.faces)
        if self.name == "cpu":
            return NativeEngine(faces)
        from splatavatar.bake.engines.gpu_engine import GpuEngine

        return GpuEngine(faces, self.torch_device)


def choose_device(name: str) -> BakeDevice:
    """Chooses the device called ``name``.

    ``auto`` is CUDA where it can work and a trial step of a bake comes out right, which compiles its kernels.

    Raises:
        SettingsError: unknown name, or a number of threads that is none.
        DependencyError: CUDA was asked for and cannot work; the message says why.
    """
    if name not in DEVICES:
        raise SettingsError(f"unknown device {name!r}; the devices are {', '.join(DEVICES)}")
    _native.thread_count()
    problem = None if name == "cpu" else cuda_problem()
    remark = ""
    if name != "cpu" and problem is None:
        from splatavatar.bake.engines.gpu_trial import trial_step

        problem = trial_step(torch.device("cuda"))
        if problem is None:
            return BakeDevice("cuda")
        remark = f"the bake runs on the CPU, for on the GPU of this machine {problem}"
    if name == "cuda":
        raise DependencyError(f"--device cuda cannot work here: {problem}")
    torch.set_num_threads(1)  # torch only poses the rig; its pool would fight with the native threads
    return BakeDevice("cpu", remark)
