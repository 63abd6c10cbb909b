"""What a bake optimises towards: a rig in motion and its pictures, and what both say before the first step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.engines.device import BakeDevice
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.hair import hair_heights
from splatavatar.bake.scene.initialise import first_splats
from splatavatar.bake.scene.posed_view import PosedView, all_round, counting_head, looked_at
from splatavatar.bake.scene.unseen import fill_unseen, shown, squareness
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training.corrective_basis import corrective_basis
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.schedule import Schedule
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.rig import PoseParameters, Rig

VIEWS = 16
"""pictures of a single camera from which the first Gaussians get their colours and hair its height"""


@dataclass(frozen=True)
class Scene:
    """One person in the pictures of a bake."""

    rig: Rig
    parameters: RigParameters
    """as the capture has them"""
    motion: RigMotion
    """the same, posed and refined"""
    targets: list[Target]
    """to train on"""
    watched: list[Target]
    """to measure by: held out where there are any"""
    schedule: Schedule
    one_camera: bool
    weights: Tensor
    """(K, D) of psi"""
    bias: Tensor
    """(K)"""
    views: list[PosedView]
    """that show the person from all sides"""
    heights: Floats
    """(F) see ``hair.hair_heights``"""
    square: Floats
    """(F) see ``unseen.squareness``"""

    @staticmethod
    def of(
        settings: BakeSettings,
        device: BakeDevice,
        rig: Rig,
        parameters: RigParameters,
        targets: list[Target],
        held_out: list[Target],
    ) -> Scene:
        """The scene of ``targets`` and ``held_out``; tensors of the motion are on ``device``."""
        final_rate = PRESETS[settings.preset].final_rate
        one_camera = len({t.timestep for t in targets}) == len(targets)
        schedule = Schedule.monocular(final_rate) if one_camera else Schedule(final_rate=final_rate)
        motion = RigMotion(rig, parameters, device.torch_device)
        if one_camera:
            targets = [looked_at(target, motion) for target in targets]
        watched = held_out or [targets[i] for i in spread(len(targets), 8)]
        trained = sorted({t.timestep for t in targets})
        inputs = motion.inputs[trained]
        weights, bias = corrective_basis(rig, inputs, schedule.turn_correctives, schedule.expression_correctives)
        views = all_round(targets, motion, VIEWS)
        return Scene(
            rig,
            parameters,
            motion,
            targets,
            [counting_head(target, motion) for target in watched],
            replace(schedule, pictures=device.pictures),
            one_camera,
            torch.from_numpy(weights),
            torch.from_numpy(bias),
            views,
            hair_heights(rig, views),
            squareness(motion, targets),
        )

    @property
    def trained(self) -> list[int]:
        """The timesteps of the pictures to train on, ascending."""
        return sorted({target.timestep for target in self.targets})

    def moved_rig(self) -> Rig:
        """The rig with the template as it is refined by now."""
        return replace(self.rig, template=self.rig.template + self.motion.template_offset.numpy(force=True))

    def first_splats(self, count: int, seed: int) -> Splats:
        """Makes ``count`` Gaussians to begin with, on the CPU."""
        splats = first_splats(self.rig, self.views, self.heights, count, len(self.bias), seed)
        splats = shown(splats, self.rig, self.square)
        return self.filled(splats, np.zeros(len(splats), np.float32)) if self.one_camera else splats

    def filled(self, splats: Splats, evidence: Floats) -> Splats:
        """The ``splats`` with the colours of neighbours where there is no ``evidence`` (N) of their own."""
        rig = self.moved_rig()
        bound, correctives = splats.activated(self.weights, self.bias)
        means = CpuRenderer(Avatar(rig, bound, correctives)).gaussians(PoseParameters.neutral(rig))[0].mean
        return fill_unseen(splats, rig, means, self.square, evidence, self.schedule.unseen)
