"""How squarely a place was seen at best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.unseen import NEVER, shown, squareness
from splatavatar.bake.training.trainer import Trainer
from splatavatar.capture.capture import RigParameters
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

UNSEEN, SEEN = 0.1, 0.3
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
