"""nerfstudio's own pipeline, which says in one line what is wrong with a capture or a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nerfstudio.pipelines.base_pipeline import VanillaPipeline, VanillaPipelineConfig

from splatavatar.errors import SettingsError
from splatavatar_nerfstudio.datamanager import SplatAvatarDataManagerConfig
from splatavatar_nerfstudio.model import SplatAvatarModel, SplatAvatarModelConfig
from splatavatar_nerfstudio.spoken import spoken


@dataclass
class SplatAvatarPipelineConfig(VanillaPipelineConfig):
    """One capture and its avatar."""

    _target: type = field(default_factory=lambda: SplatAvatarPipeline)
    datamanager: SplatAvatarDataManagerConfig = field(default_factory=SplatAvatarDataManagerConfig)
    model: SplatAvatarModelConfig = field(default_factory=SplatAvatarModelConfig)


class SplatAvatarPipeline(VanillaPipeline):
    """See ``VanillaPipeline``."""

    model: SplatAvatarModel

    def __init__(self, *arguments: Any, world_size: int = 1, **named: Any) -> None:
        with spoken():
            if world_size > 1:
                raise SettingsError(f"a bake runs on one device, got {world_size}; leave --machine.num-devices at 1")
            super().__init__(*arguments, world_size=world_size, **named)

    def load_pipeline(self, loaded_state: dict[str, Any], step: int) -> None:
        """See ``VanillaPipeline``."""
        with spoken():
            super().load_pipeline(loaded_state, step)

    def get_average_eval_image_metrics(self, *arguments: Any, **named: Any) -> dict[str, float]:
        """See ``VanillaPipeline``."""
        with spoken():
            metrics: dict[str, float] = super().get_average_eval_image_metrics(*arguments, **named)
        return metrics
