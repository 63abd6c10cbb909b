"""One bake between the reading of its input and the writing of its result: steps, measurements, checkpoints."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch

from splatavatar.avatar.avatar import Avatar
from splatavatar.bake.engines.device import BakeDevice
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.events import (
    CheckpointFailed,
    Interrupted,
    Listener,
    Measured,
    Resumed,
    Training,
)
from splatavatar.bake.result import finished_avatar, name_of
from splatavatar.bake.scene.hair import free_reach
from splatavatar.bake.scene.scene import Scene
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training import checkpoint
from splatavatar.bake.training.trainer import StepHook, Trainer, TrainerState, fresh_state
from splatavatar.bake.training.watch import mean_psnr
from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.errors import OutputError, SettingsError
from splatavatar.interrupts import deferred_signals
from splatavatar.rig.rig import Rig

CHECKPOINT_SECONDS = 30.0
FINISHING_SECONDS = 4.0
"""of the budget, for writing the avatar and scoring the pictures of the report"""
NOTES = 50
"""points of the curve of a bake"""


def first_state(scene: Scene, settings: BakeSettings, device: BakeDevice) -> TrainerState:
    """The state of the bake of ``scene`` before its first step."""
    splats, made = scene.first_splats(PRESETS[settings.preset].gaussians)
    return fresh_state(splats.to(device.torch_device), scene.motion, made)


def trainer_of(
    scene: Scene, settings: BakeSettings, device: BakeDevice, state: TrainerState, on_step: StepHook | None = None
) -> Trainer:
    """The optimiser of ``scene``, which goes on from ``state``."""
    return Trainer(
        device.engine(scene.rig),
        scene.schedule,
        scene.motion,
        scene.weights,
        scene.bias,
        scene.targets,
        state,
        torch.from_numpy(free_reach(scene.rig, scene.heights, scene.schedule.far, scene.schedule.clothes)),
        torch.from_numpy(scene.square),
        scene.goal(PRESETS[settings.preset].gaussians),
        settings.seed,
        not settings.fix_rig,
        on_step,
        lambda state: scene.lent(state.splats, state.made),
    )


class Job:
    """The optimiser of one bake, from its first step or from a checkpoint to the end of its budget."""

    def __init__(
        self,
        settings: BakeSettings,
        device: BakeDevice,
        tell: Listener,
        rig: Rig,
        parameters: RigParameters,
        targets: list[Target],
        held_out: list[Target],
        out: Path,
        on_step: StepHook | None = None,
    ) -> None:
        """``targets`` are trained on and ``held_out`` measured; ``out`` is the avatar file that will be written."""
        self.settings, self.out, self._tell = settings, out, tell
        self.scene = scene = Scene.of(settings, device, rig, parameters, targets, held_out)
        self.curve: list[Measured] = []
        self.elapsed_before = self.prepared = 0.0
        state = self._resumed() if settings.resume else first_state(scene, settings, device)
        self.trainer = trainer_of(scene, settings, device, state, on_step)

    def _resumed(self) -> TrainerState:
        found = checkpoint.load(self.out, self.settings, self.scene.motion, len(self.scene.bias))
        self.curve, self.elapsed_before, self.prepared = found.curve, found.elapsed, found.prepared
        self._tell(Resumed(found.state.iteration, tuple(found.curve)))
        return found.state

    @property
    def elapsed(self) -> float:
        """Seconds since the command began, those before an interruption included."""
        return self.elapsed_before + time.monotonic() - self.settings.started

    @property
    def psnr(self) -> float:
        """The newest measurement of the pictures that are watched, dB; NaN before the first."""
        return next((point.psnr for point in reversed(self.curve) if point.psnr is not None), math.nan)

    def progress(self) -> float:
        """The share in [0, 1] that is done: of the iterations, or of the budget without preparing and finishing.

        Where the time is the preset's own, a slow machine is as far as the steps that it has done.
        """
        iteration, promised = self.trainer.state.iteration, self.settings.promised_steps
        if self.settings.iterations is not None:
            return iteration / self.settings.iterations
        budget = max(self.settings.budget - FINISHING_SECONDS - self.prepared, 1.0)
        spent = min((self.elapsed - self.prepared) / budget, 1.0)
        return min(spent, iteration / promised) if promised else spent

    def run(self) -> None:
        """Optimises until the end of the budget.

        Leaves a checkpoint after the first step, every half minute, when a signal asks to end, and at the end.
        """
        saved, began, first = -math.inf, time.monotonic(), self.trainer.state.iteration
        self.prepared += self.elapsed - self.elapsed_before
        # Of a larger budget less is done than the last point of the curve says.
        noted = min(self.curve[-1].progress, self.progress()) if self.curve else 0.0
        # A step that is cut in two leaves parameters and moments that do not belong together, and a bake resumed from
        # them would not end where an uninterrupted one ends. Who asks twice does not want to wait for it.
        with deferred_signals(patient=False) as asked:
            while (progress := self.progress()) < 1 and not asked():
                self.trainer.step(progress)
                if progress >= noted + 1 / NOTES:
                    noted = progress
                    self._note(progress)
                if self.trainer.state.iteration % 20 == 0:
                    rate = (self.trainer.state.iteration - first) / (time.monotonic() - began)
                    self._show(progress, rate)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._try_checkpoint()
                    saved = time.monotonic()
            if not asked():
                self._note(1.0)
                self._try_checkpoint()
            if asked():
                self._checkpoint()
                self._tell(Interrupted(self.trainer.state.iteration))
                raise asked.ending()

    def avatar(self, capture: Capture) -> Avatar:
        """The avatar as the optimiser has it now; ``capture`` is where its pictures are from."""
        return finished_avatar(self.scene, self.trainer, self.settings, capture, name_of(self.settings), self.psnr)

    def _note(self, progress: float) -> None:
        """Adds a point to the curve; every fifth, and the last, with the PSNR of the pictures that are watched.

        Raises:
            SettingsError: the loss is no longer a number.
        """
        loss = self.trainer.mean_loss
        if not math.isfinite(loss):
            at = self.trainer.state.iteration
            raise SettingsError(
                f"the optimisation diverged before step {at}; check the cameras and the rig parameters of the capture"
            )
        seconds, measures = self.elapsed, len(self.curve) % 5 == 4 or progress >= 1
        psnr = mean_psnr(self.trainer, self.scene.watched) if measures else None
        self.curve.append(Measured(seconds, progress, loss, psnr))
        self._tell(self.curve[-1])

    def _show(self, progress: float, rate: float) -> None:
        state, loss = self.trainer.state, self.trainer.mean_loss
        self._tell(Training(state.iteration, progress, rate, loss, self.psnr, len(state.splats)))

    def _try_checkpoint(self) -> None:
        # Too little room for a checkpoint may still be enough for the avatar, which is much smaller.
        try:
            self._checkpoint()
        except OutputError as error:
            self._tell(CheckpointFailed(str(error)))

    def _checkpoint(self) -> None:
        state = checkpoint.Checkpoint(self.trainer.state, self.elapsed, self.prepared, self.curve)
        checkpoint.save(self.out, self.settings, state, self.scene.motion)
