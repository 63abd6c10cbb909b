"""The bake behind the model: our scene, our optimiser, our avatar file, driven step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from splatavatar.avatar.file import save_avatar
from splatavatar.bake.engines.device import BakeDevice, choose_device
from splatavatar.bake.engines.engine import Engine
from splatavatar.bake.engines.torch_engine import TorchEngine
from splatavatar.bake.inputs import pictures
from splatavatar.bake.result import finished_avatar
from splatavatar.bake.scene.scene import Scene
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.training.checkpoint import state_of, tensors_of
from splatavatar.bake.training.job import first_state, trainer_of
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.trainer import Trainer, TrainerState
from splatavatar.bake.training.watch import mean_psnr
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.render.gpu_check import gsplat_problem
from splatavatar.rig.rig import Rig
from splatavatar_nerfstudio.subject import Subject, told

BakeBackend = Literal["auto", "gsplat"]


@dataclass(frozen=True)
class GsplatDevice(BakeDevice):
    """A GPU whose pictures and gradients gsplat and autograd compute, in place of our kernels."""

    def engine(self, rig: Rig) -> Engine:
        """See ``BakeDevice``."""
        return TorchEngine(torch.from_numpy(rig.faces), "gsplat", self.torch_device)


def bake_device(device: str, backend: BakeBackend) -> BakeDevice:
    """Where the bake computes; ``device`` is torch's name of it, of which the first of its kind is taken.

    Raises:
        SettingsError: a bake does not run there, or gsplat was asked for without a GPU.
        DependencyError: it cannot work on this machine; the message says why.
    """
    name = device.partition(":")[0]
    if backend == "auto":
        return choose_device(name)
    if name != "cuda":
        raise SettingsError(f"the backend gsplat needs --machine.device-type cuda, got {name}")
    if problem := gsplat_problem():
        raise DependencyError(f"the backend gsplat cannot work here: {problem}")
    return GsplatDevice("cuda")


@dataclass
class Stored:
    """The bake of a checkpoint, until it is gone on with or looked at."""

    tensors: Mapping[str, Tensor]
    weights: Tensor
    """(K, D) of psi"""
    bias: Tensor
    """(K)"""
    iteration: int
    rounds: int
    lent: bool

    @staticmethod
    def of(trainer: Trainer) -> Stored:
        """The bake as ``trainer`` has it."""
        state = trainer.state
        tensors = tensors_of(state, trainer.motion)
        return Stored(tensors, trainer.weights, trainer.bias, state.iteration, state.rounds, state.lent)

    @staticmethod
    def read(values: Any) -> Stored:
        """The bake of the plain values of a checkpoint.

        Raises:
            SettingsError: they are none.
        """
        try:
            stored = Stored(**values)
            whole = isinstance(stored.lent, bool) and all(isinstance(n, int) for n in (stored.iteration, stored.rounds))
            shapes = (stored.weights.dim(), stored.bias.dim(), len(stored.weights) - len(stored.bias))
            plain = all(isinstance(tensor, Tensor) for tensor in stored.tensors.values())
        except (TypeError, AttributeError) as error:
            raise SettingsError("the checkpoint is not one of splat-avatar") from error
        if not whole or not plain or shapes != (2, 1, 0):
            raise SettingsError("the checkpoint is not one of splat-avatar")
        return stored

    def state(self, motion: RigMotion) -> TrainerState:
        """The state, with ``motion`` put where it stood.

        Raises:
            SettingsError: it is of another capture or rig.
        """
        state = state_of(self.tensors, motion, len(self.bias), self.iteration, self.rounds, self.lent)
        if state is None or self.weights.shape[1] != motion.inputs.shape[1]:
            raise SettingsError("the checkpoint does not fit the rig and the timesteps of this capture; train anew")
        return state


class Bake:
    """One bake on its way."""

    def __init__(self, subject: Subject, settings: BakeSettings, device: BakeDevice, stored: Stored | None) -> None:
        """Begins the bake, or goes on from ``stored``.

        Raises:
            CaptureError: a picture cannot be read, or too many do not show the head.
            SettingsError: ``stored`` is of another capture.
        """
        self.subject, self.settings = subject, settings
        targets, held_out = pictures(subject.capture, subject.rig, subject.parameters, subject.footage, told())
        self.scene = scene = Scene.of(settings, device, subject.rig, subject.parameters, targets, held_out)
        if stored is not None and len(stored.bias) != len(scene.bias):
            raise SettingsError("the checkpoint does not fit the pictures of this capture; train anew")
        state = first_state(scene, settings, device) if stored is None else stored.state(scene.motion)
        self.trainer = trainer_of(scene, settings, device, state)

    def write(self, path: Path) -> None:
        """Writes the avatar as it stands.

        Raises:
            OutputError: it cannot be written.
        """
        psnr = mean_psnr(self.trainer, self.scene.watched)
        settings = replace(self.settings, iterations=max(self.trainer.state.iteration, 1))
        name = self.settings.out.stem if self.settings.out is not None else path.stem
        save_avatar(path, finished_avatar(self.scene, self.trainer, settings, self.subject.capture, name, psnr))
