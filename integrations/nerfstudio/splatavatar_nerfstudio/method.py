"""The method ``splat-avatar``: entry point of ``nerfstudio.method_configs``."""

from __future__ import annotations

import torch
from nerfstudio.configs.base_config import MachineConfig, ViewerConfig
from nerfstudio.plugins.types import MethodSpecification

from splatavatar.bake.settings import PRESETS
from splatavatar_nerfstudio.trainer import SplatAvatarTrainerConfig

method = MethodSpecification(
    config=SplatAvatarTrainerConfig(
        method_name="splat-avatar",
        machine=MachineConfig(device_type="cuda" if torch.cuda.is_available() else "cpu"),
        viewer=ViewerConfig(websocket_host="127.0.0.1"),
        vis="viewer",
        optimizers={},
        max_num_iterations=PRESETS["balanced"].steps,
        steps_per_save=1000,
        steps_per_eval_batch=0,
        steps_per_eval_image=500,
        steps_per_eval_all_images=0,
    ),
    description="A person as a rigged avatar of Gaussians, written as .splatavatar",
)
