"""What a bake optimises towards: a rig in motion and its pictures, and what both say before the first step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from torch import Tensor

from splatavatar.array_types import Floats
from splatavatar.bake.completion.bust_end import end_height, ended
from splatavatar.bake.completion.complete import made_splats, within
from splatavatar.bake.completion.ground import ground
from splatavatar.bake.completion.lend import lent_splats
from splatavatar.bake.completion.lids import lid_splats, unfolded
from splatavatar.bake.completion.long_hair import curtain, hanging
from splatavatar.bake.completion.pendants import Pendants, pendant_splats, pendants, without
from splatavatar.bake.completion.samples import CLOTH
from splatavatar.bake.completion.shown_colours import within_shown_colours
from splatavatar.bake.completion.survey import Survey, survey
from splatavatar.bake.engines.device import BakeDevice
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.exposure import evened
from splatavatar.bake.scene.hair import hair_heights
from splatavatar.bake.scene.initialise import first_splats
from splatavatar.bake.scene.posed_view import PosedView, all_round, counting_head, looked_at, sides
from splatavatar.bake.scene.unseen import shown, squareness
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.settings import CROPS, PRESETS, BakeSettings
from splatavatar.bake.training.corrective_basis import corrective_basis
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.schedule import Schedule
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.rig import Rig

VIEWS = 16
"""pictures of a single camera from which the first Gaussians get their colours and hair its height"""

SURVEYED = 48
"""pictures that are asked what they show of the surface"""


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
    held_out: bool
    """whether they are; else they are some of those to train on"""
    schedule: Schedule
    one_camera: bool
    weights: Tensor
    """(K, D) of psi"""
    bias: Tensor
    """(K)"""
    views: list[PosedView]
    """that show the person from all sides"""
    heights: Floats
    """(F) see ``hair.hair_heights``; none where skin was seen"""
    found: Survey
    """what the pictures show of the surface"""
    hanging: float | None
    """see ``long_hair.hanging``"""
    hung: Pendants
    """from the ears"""
    square: Floats
    """(F) see ``unseen.squareness``"""
    below_neck: float | None
    """metres below the base of the neck at which the bust ends; None: where the pictures end"""
    seed: int

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
            targets = evened([looked_at(target, motion) for target in targets], motion, settings.seed)
        watched = held_out or [targets[i] for i in spread(len(targets), 8)]
        trained = sorted({t.timestep for t in targets})
        inputs = motion.inputs[trained]
        weights, bias = corrective_basis(rig, inputs, schedule.turn_correctives, schedule.expression_correctives)
        views = all_round(targets, motion, VIEWS)
        heights = hair_heights(rig, views)
        asked = sides(targets, motion, SURVEYED)
        hung = pendants(rig, asked) if one_camera else Pendants.none()
        views, asked = ([without(view, rig, hung) for view in several] for several in (views, asked))
        found = survey(rig, heights, asked, settings.seed, not one_camera)
        return Scene(
            rig,
            parameters,
            motion,
            targets,
            [counting_head(target, motion) for target in watched],
            bool(held_out),
            replace(schedule, pictures=device.pictures),
            one_camera,
            torch.from_numpy(weights),
            torch.from_numpy(bias),
            views,
            found.hairy(heights),
            found,
            hanging(rig, found, asked) if one_camera else None,
            hung,
            squareness(motion, targets),
            CROPS[settings.crop],
            settings.seed,
        )

    @property
    def trained(self) -> list[int]:
        """The timesteps of the pictures to train on, ascending."""
        return sorted({target.timestep for target in self.targets})

    def moved_rig(self) -> Rig:
        """The rig with the template as it is refined by now."""
        return replace(self.rig, template=self.rig.template + self.motion.template_offset.numpy(force=True))

    def first_splats(self, count: int) -> tuple[Splats, Tensor]:
        """Makes the Gaussians to begin with, on the CPU, of at most ``count`` in the end.

        Also says which (N) uint8 are completed ones, of places that no picture shows well (1), or never learn (2).
        """
        height = end_height(self.found, self.rig, self.below_neck)
        made = made_splats(self.rig, self.found, round(count * self.schedule.room), len(self.bias), self.seed, height)
        if self.one_camera:
            everywhere = np.ones(len(self.found.samples), bool)
            made = concatenated([made, ground(self.rig, self.found, everywhere, len(self.bias), self.seed)])
        first = round(count * self.schedule.initial_share)
        splats = first_splats(self.rig, self.views, self.heights, first, len(self.bias), self.seed)
        splats = shown(splats, self.rig, self.square)
        lacking = within(splats, self.rig, self.found, self.found.lacking)
        splats = splats.rows(torch.from_numpy(np.flatnonzero(~lacking)))
        unlearnt = lid_splats(self.rig, self.found, len(self.bias), self.seed)
        if len(self.hung):
            unlearnt = concatenated([unlearnt, pendant_splats(self.rig, self.hung, len(self.bias))])
        if self.hanging is not None:
            end = max(self.hanging, -inf if height is None else height)
            unlearnt = concatenated([unlearnt, curtain(self.rig, self.found, end, len(self.bias), self.seed)])
        order = torch.argsort(torch.cat([splats.face, made.face, unlearnt.face]), stable=True)
        kind = (order >= len(splats)).to(torch.uint8) + (order >= len(splats) + len(made)).to(torch.uint8)
        return concatenated([splats, made, unlearnt]), kind

    def goal(self, count: int) -> int:
        """The Gaussians to learn with, so that there are about ``count`` in the end, with those that are lent."""
        head = self.found.samples.material != CLOTH
        lacking, mirrored = self.found.lacking[head], self.found.mirrored[head]
        made = count * self.schedule.room * self.found.share_lacking
        stays = made * (1 - mirrored.sum() / max(lacking.sum(), 1))
        learnt = (count - stays) / (1 + mirrored.sum() / max((~lacking).sum(), 1))
        return min(count, round(float(learnt + made)))

    def lent(self, splats: Splats, made: Tensor) -> tuple[Tensor, Splats]:
        """Which of the ``splats`` stay, as rows (M), and what the seen side of the person lends to the other.

        Both on the CPU. ``made`` (N) uint8 says which no picture asked for: in the places of what is lent they go.
        """
        splats, rig = splats.to(self.weights.device), self.moved_rig()
        kind = made.numpy(force=True)
        own = kind == 0
        stays = (kind != 1) | ~within(splats, rig, self.found, self.found.mirrored)
        lent = lent_splats(splats.rows(torch.from_numpy(np.flatnonzero(own))), rig, self.found)
        if self.one_camera:
            lent = concatenated([lent, ground(rig, self.found, self.found.mirrored, len(self.bias), self.seed)])
        return torch.from_numpy(np.flatnonzero(stays)), lent

    def finished(self, splats: Splats) -> Splats:
        """The ``splats`` of a finished bake, on the CPU: skin has colours that were shown, the bust ends in a line."""
        rig = self.moved_rig()
        if self.one_camera:
            splats = unfolded(within_shown_colours(splats, rig, self.found, self.views), rig, self.found)
        return ended(splats, rig, self.found, end_height(self.found, rig, self.below_neck), self.seed)
