"""A really baked avatar: every backend shows the same, and the file loses nothing that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scoring.metrics import psnr
from splatavatar.bake.training.trainer import Trainer
from splatavatar.capture.capture import RigParameters
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.rig import PoseParameters, Rig

Sample = tuple[Rig, RigParameters, list[Target], list[Target]]
FIELDS = ("mean", "rotation", "scale", "opacity", "colour")


@pytest.fixture(scope="module")
def trained(sample: Sample, make_trainer: Callable[..., Trainer]) -> tuple[Avatar, Trainer]:
    trainer = make_trainer()
    for i in range(100):
        trainer.step(i / 100)
    gaussians, correctives = trainer.state.splats.activated(trainer.weights, trainer.bias)
    return Avatar(sample[0], gaussians, correctives, {"name": "test"}), trainer


def posed(avatar: Avatar, trainer: Trainer, timestep: int) -> PoseParameters:
    motion = trainer.motion
    return PoseParameters(
        motion.expression[timestep].numpy(), motion.joint_rotations[timestep].numpy(), np.zeros(3, np.float32)
    )


def test_cpu_shows_what_the_reference_shows(sample: Sample, trained: tuple[Avatar, Trainer]) -> None:
    avatar, trainer = trained
    for target in sample[3][:2]:
        camera = target.camera.resized(72, 72)
        world, _ = CpuRenderer(avatar).gaussians(posed(avatar, trainer, target.timestep))
        tensors = Gaussians(*(torch.from_numpy(np.ascontiguousarray(getattr(world, f))) for f in FIELDS))
        expected = rasterize(tensors, camera, (0.6, 0.6, 0.6), "reference")
        found = rasterize(tensors, camera, (0.6, 0.6, 0.6), "cpu")
        assert float((expected.colour - found.colour).abs().max()) <= 1 / 255
        assert float((expected.alpha - found.alpha).abs().max()) <= 1 / 255


def test_the_file_costs_less_than_a_twentieth_of_a_decibel(
    sample: Sample, trained: tuple[Avatar, Trainer], tmp_path: Path
) -> None:
    avatar, trainer = trained
    save_avatar(tmp_path / "a.splatavatar", avatar)
    loaded = load_avatar(tmp_path / "a.splatavatar")
    for target in sample[3]:
        matte = target.rgba[..., 3:] / np.float32(255)
        truth = target.rgba[..., :3] / np.float32(255) * matte + (1 - matte) * np.float32(0.6)
        pose, scores = posed(avatar, trainer, target.timestep), []
        for version in (avatar, loaded):
            picture = CpuRenderer(version).render(pose, target.camera, (0.6, 0.6, 0.6))
            scores.append(psnr(picture.astype(np.float32) / 255, truth))
        assert scores[1] > scores[0] - 0.05
