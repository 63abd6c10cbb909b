"""The avatar that a bake has come to, with what its file says of the bake and of the person's face."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from splatavatar.arrays import read_npz
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration, measure
from splatavatar.bake.completion.account import account
from splatavatar.bake.inputs import footage_of
from splatavatar.bake.likeness import learn_likeness
from splatavatar.bake.portrait import portrait_metadata
from splatavatar.bake.scene.scene import Scene
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.training.trainer import Trainer
from splatavatar.bake.unfinished import unfinished
from splatavatar.capture.capture import Capture
from splatavatar.capture.preparation.folder import TRACK
from splatavatar.errors import CaptureError
from splatavatar.printable import printable
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import arkit_of


def name_of(settings: BakeSettings) -> str:
    """What an avatar is called whoever sees it: as its file where somebody chose that, as the person who is shown else.

    Never after the footage, whose name may tell what nobody meant to.
    """
    if settings.out is not None:
        return settings.out.stem
    return "avatar" if settings.consent is None else settings.consent.consent.subject


def finished_avatar(
    scene: Scene, trainer: Trainer, settings: BakeSettings, capture: Capture, name: str, psnr: float
) -> Avatar:
    """The avatar ``name`` as ``trainer`` has it now, whose watched pictures score ``psnr``, dB.

    Raises:
        CaptureError: the track of a prepared capture is damaged.
    """
    state = trainer.state
    splats = scene.finished(state.splats.to(scene.weights.device))
    gaussians, correctives = splats.activated(scene.weights, scene.bias)
    metadata: dict[str, Any] = {
        "name": printable(name),
        "capture": _described(scene, settings, capture),
        "calibration": _calibration(scene, capture).to_json(),
        **_footage(settings, capture),
        **_likeness(scene, capture),
        **({} if settings.consent is None else {"consent": settings.consent.consent.to_json()}),
        "bake": {
            "preset": settings.preset,
            "seed": settings.seed,
            "iterations": state.iteration,
            "fixed_rig": settings.fix_rig,
            "completed": account(scene.rig, scene.found, scene.hanging is not None),
            **({"unfinished": True} if unfinished(settings, scene.schedule, state.iteration) else {}),
            "held_out_psnr" if scene.held_out else "training_psnr": round(psnr, 2),
        },
    }
    bare = Avatar(scene.moved_rig(), gaussians, correctives, metadata)
    return replace(bare, metadata={**metadata, **portrait_metadata(bare, capture)})


def _calibration(scene: Scene, capture: Capture) -> Calibration:
    """What the face did: in all frames of a video, in the timesteps of the training pictures else."""
    rig, track = scene.rig, capture.root / TRACK
    if os.path.isfile(track):
        expected = "what capture track writes"
        found = read_npz(track, CaptureError, ("expression", "head_rotation"), expected)
        shapes = [found[name].shape for name in ("expression", "head_rotation") if name in found]
        count = shapes[0][0] if shapes and shapes[0] else 0
        if shapes != [(count, len(NAMES)), (count, 3)] or not count:
            raise CaptureError(f"{track}: arrays of another shape, expected {expected}.")
        return measure(found["expression"], found["head_rotation"], NAMES)
    chain = [joint for joint, _ in rig.head_chain]
    turns = scene.motion.joint_rotations[scene.trained][:, chain].sum(1).numpy(force=True)
    expression, rotations = (
        values[scene.trained].numpy(force=True) for values in (scene.motion.expression, scene.motion.joint_rotations)
    )
    return measure(arkit_of(rig, expression, rotations), turns, NAMES)


def _described(scene: Scene, settings: BakeSettings, capture: Capture) -> dict[str, Any]:
    """The capture in a few words, and what tracking frames of the same footage needs."""
    described: dict[str, Any] = {"pictures": len(scene.targets), "timesteps": len(scene.trained)}
    found = footage_of(capture)
    if found is not None:
        if settings.record_sources:
            described["clips"] = [printable(name) for name in found.names]
        described["holdout"], described["holdout_yaw"] = settings.prepare.holdout.last, settings.prepare.holdout.yaw
        described["reprojection_median"] = found.reprojection_median
    return described


def _footage(settings: BakeSettings, capture: Capture) -> dict[str, Any]:
    """What tracking other frames of the same video needs; nothing for other captures."""
    found = footage_of(capture)
    if found is None:
        return {}
    sources = {"sha256": found.sha256} if settings.record_sources else {}
    return {"footage": {"window": found.window, "tracking": found.tracking, **sources}}


def _likeness(scene: Scene, capture: Capture) -> dict[str, Any]:
    """How the landmark detector sees the person; nothing where the pictures do not say it."""
    found = learn_likeness(capture, scene.rig, scene.motion.refined(scene.parameters), scene.trained)
    return {} if found is None else {"likeness": found.to_json()}
