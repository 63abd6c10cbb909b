"""Colour for what no camera saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.unseen import NEVER, fill_unseen, shown, squareness
from splatavatar.bake.training.schedule import Schedule
from splatavatar.bake.training.trainer import Trainer
from splatavatar.capture.capture import RigParameters
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

UNSEEN, SEEN = LIMITS = Schedule().unseen
Sample = tuple[Rig, RigParameters, list[Target], list[Target]]


def test_the_face_is_seen_and_the_nape_is_not(sample: Sample, make_trainer: Callable[..., Trainer]) -> None:
    rig, _, targets, _ = sample
    square = squareness(make_trainer().motion, targets)
    normal = triangle_frames(rig.template, rig.faces)[0][:, :, 1]
    skin = np.zeros(len(rig.faces), bool)
    skin[rig.regions["skin"]] = True
    assert (square[skin & (normal[:, 2] > 0.8)] > SEEN).mean() > 0.99
    assert (square[skin & (normal[:, 2] < -0.95)] < UNSEEN).mean() > 0.9
    assert square.max() <= 1.0


def test_only_unseen_gaussians_change(sample: Sample, make_trainer: Callable[..., Trainer]) -> None:
    rig, trainer = sample[0], make_trainer()
    splats = trainer.state.splats
    n = len(splats)
    splats = splats.rows(torch.arange(n))
    splats.sh[:], splats.correctives[:] = 0.1, 0.2
    face = splats.face.numpy()
    skin = np.isin(face, rig.regions["skin"]) & ~np.isin(face, rig.regions["scalp"])
    square = np.ones(len(rig.faces), np.float32)
    hidden = np.flatnonzero(skin)[:200]
    square[face[hidden]] = -1.0
    evidence = np.ones(n, np.float32)
    turned_away = square[face] < UNSEEN
    evidence[turned_away] = 0.01
    outline = np.flatnonzero(turned_away)[:3]
    evidence[outline] = 1.0  # turned away, yet it covers pixels: an outline
    splats.colour[:] = torch.tensor([0.8, 0.6, 0.5])
    splats.colour[torch.from_numpy(turned_away)] = torch.tensor([0.0, 5.0, 0.0])
    means = np.einsum("nc,nci->ni", splats.barycentric.numpy(), rig.template[rig.faces[face]]).astype(np.float32)
    filled = fill_unseen(splats, rig, means, square, evidence, LIMITS)
    filling = torch.from_numpy(turned_away)
    filling[torch.from_numpy(outline)] = False
    torch.testing.assert_close(filled.colour[filling], torch.tensor([[0.8, 0.6, 0.5]]).expand(int(filling.sum()), 3))
    assert not filled.sh[filling].any() and not filled.correctives[:, filling, 3:].any()
    torch.testing.assert_close(filled.correctives[:, filling, :3], splats.correctives[:, filling, :3])
    for name, value in vars(splats).items():
        kept = filled.correctives[:, ~filling] if name == "correctives" else getattr(filled, name)[~filling]
        torch.testing.assert_close(kept, value[:, ~filling] if name == "correctives" else value[~filling])
    assert float(splats.colour.max()) == 5.0  # the argument is left as it was


def test_what_lies_outside_of_every_picture_goes_on_the_torso_alone(
    sample: Sample, make_trainer: Callable[..., Trainer]
) -> None:
    rig, splats = sample[0], make_trainer().state.splats
    half = np.arange(0, len(rig.faces), 2)
    square = np.full(len(rig.faces), NEVER, np.float32)
    square[half] = 0.5
    assert len(shown(splats, rig, square)) == len(splats)  # a head has no torso
    torso = replace(rig, regions={**rig.regions, "torso": np.arange(100, 4000, dtype=np.int32)})
    kept = shown(splats, torso, square).face.numpy()
    assert not np.isin(kept, np.setdiff1d(torso.regions["torso"], half)).any()
    assert len(kept) == (~np.isin(splats.face.numpy(), np.setdiff1d(torso.regions["torso"], half))).sum() < len(splats)
