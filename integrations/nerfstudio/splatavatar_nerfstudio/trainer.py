"""nerfstudio's trainer with our optimiser in it: its loop, viewer, logs and checkpoints, our steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from nerfstudio.engine.trainer import Trainer, TrainerConfig
from nerfstudio.utils.misc import step_check
from nerfstudio.utils.rich_utils import CONSOLE
from torch import Tensor

from splatavatar.errors import SettingsError
from splatavatar_nerfstudio.pipeline import SplatAvatarPipeline, SplatAvatarPipelineConfig
from splatavatar_nerfstudio.spoken import spoken
from splatavatar_nerfstudio.training import Bake

SUFFIX = ".splatavatar"


@dataclass
class SplatAvatarTrainerConfig(TrainerConfig):
    """A bake; ``max_num_iterations`` is its length, by which learning rates and densification go."""

    _target: type = field(default_factory=lambda: SplatAvatarTrainer)
    pipeline: SplatAvatarPipelineConfig = field(default_factory=SplatAvatarPipelineConfig)


class SplatAvatarTrainer(Trainer):
    """See ``Trainer``. Beside every checkpoint lies the avatar as it stood."""

    config: SplatAvatarTrainerConfig
    pipeline: SplatAvatarPipeline
    bake: Bake
    steps: int
    """of the bake from its first on, those before a resumption included"""

    def train(self) -> None:
        """Begins the bake, or goes on with the one that was loaded, and trains."""
        self.steps = self._start_step + self.config.max_num_iterations
        with spoken():
            CONSOLE.log("Preparing the bake")
            self.bake = self.pipeline.model.begin(self.steps, self.config.experiment_name or self.base_dir.name)
            super().train()

    def train_iteration(self, step: int) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """One step of our optimiser; the loss is its moving average, and asked for where it is logged."""
        trainer = self.bake.trainer
        trainer.step(step / self.steps)
        count = torch.tensor(float(len(trainer.state.splats)))
        if not step_check(step, self.config.logging.steps_per_log, run_at_zero=True):
            return torch.zeros(()), {}, {}
        loss = torch.tensor(trainer.mean_loss)
        if not math.isfinite(loss):
            raise SettingsError(
                f"the optimisation diverged before step {step + 1}; check the cameras and the rig parameters of the "
                "capture"
            )
        return loss, {"photometric": loss}, {"gaussian_count": count}

    def save_checkpoint(self, step: int) -> None:
        """nerfstudio's checkpoint, and the avatar as it stands under the same name."""
        super().save_checkpoint(step)
        avatar = self.checkpoint_dir / f"step-{step:09d}{SUFFIX}"
        self.bake.write(avatar)
        CONSOLE.print(f"The avatar: {avatar}", markup=False, soft_wrap=True)
        if self.config.save_only_latest_checkpoint:
            for other in self.checkpoint_dir.glob(f"step-*{SUFFIX}"):
                if other != avatar:
                    Path(other).unlink()
