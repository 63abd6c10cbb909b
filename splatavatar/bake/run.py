"""``splatavatar bake`` and ``splatavatar eval``: from a capture to an avatar file, and from an avatar to scores."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from splatavatar.arrays import read_npz
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration, measure
from splatavatar.avatar.drive_path import DrivePath
from splatavatar.avatar.file import save_avatar
from splatavatar.avatar.library import remember
from splatavatar.bake import checkpoint
from splatavatar.bake.contact_sheet import spread
from splatavatar.bake.corrective_basis import corrective_basis
from splatavatar.bake.data import load_targets
from splatavatar.bake.device import Device, choose_device
from splatavatar.bake.engine import Target
from splatavatar.bake.evaluate import evaluate
from splatavatar.bake.footage import evaluate_footage, evaluate_untracked
from splatavatar.bake.hair import free_reach, hair_heights
from splatavatar.bake.head_check import sound
from splatavatar.bake.initialise import first_splats
from splatavatar.bake.monitor import Display, Readout, mean_psnr
from splatavatar.bake.portrait import portrait_metadata
from splatavatar.bake.posed_view import all_round, counting_head, looked_at
from splatavatar.bake.rig_motion import RigMotion
from splatavatar.bake.schedule import Schedule
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.splats import Splats
from splatavatar.bake.summary import frame_renderer, report_path, write_summary
from splatavatar.bake.trainer import Trainer, fresh_state
from splatavatar.bake.unfinished import unfinished
from splatavatar.bake.unseen import fill_unseen, shown, squareness
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.extract import ExtractOptions
from splatavatar.capture.prepare import AUTO, is_footage, prepare
from splatavatar.capture.prepare_calibrated import tracked_parameters
from splatavatar.capture.prepared import CAPTURE, TRACK, Facts, read_facts
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters, posed_vertices
from splatavatar.errors import CaptureError, OutputError, RigError, SettingsError
from splatavatar.interrupts import deferred_signals
from splatavatar.output import fitting, outputs_ready
from splatavatar.printable import printable
from splatavatar.rig import loader
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import arkit_of
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import PoseParameters, Rig

CHECKPOINT_SECONDS = 30.0
FINISHING_SECONDS = 4.0
"""of the budget, for writing the avatar and scoring the pictures of the report"""
VIEWS = 16
"""pictures of a single camera from which the first Gaussians get their colours and hair its height"""
NOTES = 50
"""points of the curve of a bake"""


@dataclass(frozen=True)
class Baked:
    """What a bake has made."""

    path: Path
    """of the avatar file"""
    unfinished: str | None
    """why it is none yet, in a sentence"""


def bake(settings: BakeSettings) -> Baked:
    """Bakes the capture of ``settings``; the report is written beside the avatar file.

    Raises:
        SplatAvatarError: anything wrong with the input, the settings or the output folder.
    """
    if settings.rig not in (AUTO, *loader.names()):
        raise RigError(f"unknown rig {settings.rig!r}; the rigs are {', '.join(loader.names())}")
    # Whatever can be wrong with the command is found before anything takes long.
    footage = _is_footage(settings)
    capture = None if footage else read_capture(settings.capture, settings.rig_params, settings.allow_outside)
    if capture is not None and capture.rig_parameters is not None:
        rig_parameters(capture, settings)
    out = output_path(settings)
    with outputs_ready(out, checkpoint.path_of(out), report_path(out)):
        return _baked(settings, capture, out)


def _baked(settings: BakeSettings, capture: Capture | None, out: Path) -> Baked:
    """``capture`` is None where it is made from footage first."""
    footage, began = capture is None, time.monotonic()
    device = choose_device(settings.device)
    if device.name != "cpu":
        # Kernels are compiled once on a machine, as an installation is: not out of the budget.
        settings = replace(settings, started=settings.started + time.monotonic() - began)
    if settings.resume:
        checkpoint.check(out, settings)
    display = Display(Console(stderr=True))
    with display.running():
        if device.remark:
            display.say(device.remark)
        capture = prepared(settings, display) if capture is None or capture.rig_parameters is None else capture
        parameters = rig_parameters(capture, settings)
        rig, spent = timed_rig(parameters.rig, parameters.identity, display)
        rig = fitted_rig(rig, parameters)
        settings = replace(settings, started=settings.started + spent)
        frames = capture.split("train")
        one_camera = len({frame.timestep for frame in frames}) == len(frames)
        targets = load_targets(frames, lambda done, total: display.stage("reading pictures", done / total), one_camera)
        targets = sound(frames, targets, rig, lambda timestep: posed_vertices(rig, parameters, timestep), footage)
        held_out = load_targets(spread_frames(capture, "val", 6) + spread_frames(capture, "test", 6))
        job = Job(settings, device, display, rig, parameters, targets, held_out, out)
        job.run()
    try:
        return job.finish(capture)
    except (KeyboardInterrupt, SystemExit):
        if os.path.exists(checkpoint.path_of(out)):
            display.say("interrupted; go on with the same command and --resume")
        raise


def _is_footage(settings: BakeSettings) -> bool:
    """Raises SettingsError for options that contradict it."""
    if is_footage(settings.capture):
        if settings.rig_params is not None:
            raise SettingsError(f"--rig-params goes with a capture of known cameras; {settings.capture} is footage")
        return True
    if settings.clips:
        raise SettingsError(f"{settings.capture} is a capture of its own; only videos can be given together")
    if settings.prepare.holdout:
        raise SettingsError(f"--holdout goes with video; {settings.capture} is a capture, whose pictures are chosen")
    return False


def prepared(settings: BakeSettings, display: Display) -> Capture:
    """The capture with rig parameters, made from footage or from a capture of known cameras."""
    options = replace(settings.prepare, rig=settings.rig)
    if is_footage(settings.capture):
        return read_capture(prepare((settings.capture, *settings.clips), options, display.stage))
    capture = read_capture(settings.capture, allow_outside=settings.allow_outside)
    kind = loader.DEFAULT if settings.rig == AUTO else settings.rig
    tracked = tracked_parameters(capture, kind, options.extract.model, display.stage)
    return read_capture(settings.capture, tracked, settings.allow_outside)


class Job:
    """One bake between the reading of its input and the writing of its result."""

    def __init__(
        self,
        settings: BakeSettings,
        device: Device,
        display: Display,
        rig: Rig,
        parameters: RigParameters,
        targets: list[Target],
        held_out: list[Target],
        out: Path,
    ) -> None:
        self.settings, self.display, self.out = settings, display, out
        self.rig, self.parameters = rig, parameters
        final_rate = PRESETS[settings.preset].final_rate
        self.monocular = len({t.timestep for t in targets}) == len(targets)
        schedule = Schedule.monocular(final_rate) if self.monocular else Schedule(final_rate=final_rate)
        self.schedule = replace(schedule, pictures=device.pictures)
        self.motion = RigMotion(rig, parameters, device.torch_device)
        if self.monocular:
            targets = [looked_at(target, self.motion) for target in targets]
        self.targets = targets
        watched = held_out or [targets[i] for i in spread(len(targets), 8)]
        self.watched = [counting_head(target, self.motion) for target in watched]
        trained = sorted({t.timestep for t in targets})
        weights, bias = corrective_basis(
            rig, self.motion.inputs[trained], self.schedule.turn_correctives, self.schedule.expression_correctives
        )
        self.weights, self.bias = torch.from_numpy(weights), torch.from_numpy(bias)
        self.curve: list[dict[str, float]] = []
        self.elapsed_before = self.prepared = 0.0
        gaussians = PRESETS[settings.preset].gaussians
        views = all_round(targets, self.motion, VIEWS)
        heights = hair_heights(rig, views)
        self.square = squareness(self.motion, targets)
        if settings.resume:
            resumed = checkpoint.load(out, settings, self.motion, len(bias))
            state, self.curve = resumed.state, resumed.curve
            self.elapsed_before, self.prepared = resumed.elapsed, resumed.prepared
        else:
            count = int(gaussians * self.schedule.initial_share)
            splats = first_splats(rig, views, heights, count, len(bias), settings.seed)
            splats = shown(splats, rig, self.square)
            if self.monocular:
                splats = self._filled(splats, np.zeros(len(splats), np.float32))
            state = fresh_state(splats.to(device.torch_device), self.motion)
        self.trainer = Trainer(
            device.engine(rig),
            self.schedule,
            self.motion,
            self.weights,
            self.bias,
            targets,
            state,
            torch.from_numpy(free_reach(rig, heights, self.schedule.far, self.schedule.clothes)),
            torch.from_numpy(self.square),
            gaussians,
            settings.seed,
            not settings.fix_rig,
        )

    @property
    def elapsed(self) -> float:
        """Seconds since the command began, those before an interruption included."""
        return self.elapsed_before + time.monotonic() - self.settings.started

    def progress(self) -> float:
        """In [0, 1]: of the iterations, or of the budget less what preparing took and finishing needs."""
        if self.settings.iterations is not None:
            return self.trainer.state.iteration / self.settings.iterations
        budget = max(self.settings.budget - FINISHING_SECONDS - self.prepared, 1.0)
        return min((self.elapsed - self.prepared) / budget, 1.0)

    def run(self) -> None:
        """Optimises until the end of the budget.

        Leaves a checkpoint after the first step, every half minute, when a signal asks to end, and at the end.
        """
        saved, began, first = -math.inf, time.monotonic(), self.trainer.state.iteration
        self.prepared += self.elapsed - self.elapsed_before
        noted = self.curve[-1]["progress"] if self.curve else 0.0
        # A step that is cut in two leaves parameters and moments that do not belong together, and a bake resumed from
        # them would not end where an uninterrupted one ends. Who asks twice does not want to wait for it.
        with deferred_signals(patient=False) as asked:
            while (progress := self.progress()) < 1:
                if asked():
                    self._checkpoint()
                    at = self.trainer.state.iteration
                    self.display.say(f"interrupted at step {at}; go on with the same command and --resume")
                    raise asked.ending()
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
        self._note(1.0)
        self._try_checkpoint()

    def finish(self, capture: Capture) -> Baked:
        """Writes the avatar and the report."""
        avatar = self.avatar(capture)
        save_avatar(self.out, avatar)
        remember(self.out)
        steps = self.trainer.state.iteration
        why = unfinished(self.settings, self.schedule, steps)
        if why is None:
            with suppress(OSError):
                checkpoint.path_of(self.out).unlink(missing_ok=True)
        parameters = self.motion.refined(self.parameters) if self.monocular else self.parameters
        seconds, size = self.elapsed, self.out.stat().st_size / 1e6
        self.display.say(
            f"{self.out}: {len(avatar.gaussians)} Gaussians, {size:.1f} MB, {steps} steps, "
            f"{self._psnr():.1f} dB held out, {seconds:.0f} s"
        )
        report = write_summary(self.out, avatar, capture, parameters, self.settings, self.curve, seconds, why or "")
        self.display.say(f"{report}: the report")
        if why is not None:
            self.display.say(f"{self.out}: {why}")
        return Baked(self.out, why)

    def avatar(self, capture: Capture) -> Avatar:
        """The avatar as the optimiser has it now."""
        rig = replace(self.rig, template=self.rig.template + self.motion.template_offset.numpy(force=True))
        state, settings = self.trainer.state, self.settings
        learned = self.trainer.learning[state.splats.face.long()] * state.seen
        splats = self._filled(state.splats.to(torch.device("cpu")), learned.numpy(force=True))
        gaussians, correctives = splats.activated(self.weights, self.bias)
        metadata: dict[str, Any] = {
            "name": printable(self.out.stem),
            "capture": self._described(capture),
            "calibration": self._calibration(capture).to_json(),
            **self._footage(capture),
            "bake": {
                "preset": settings.preset,
                "seed": settings.seed,
                "iterations": self.trainer.state.iteration,
                "fixed_rig": settings.fix_rig,
                **({"unfinished": True} if unfinished(settings, self.schedule, self.trainer.state.iteration) else {}),
                "held_out_psnr": round(self._psnr(), 2),
            },
        }
        bare = Avatar(rig, gaussians, correctives, metadata)
        return replace(bare, metadata={**metadata, **portrait_metadata(bare, capture)})

    def _calibration(self, capture: Capture) -> Calibration:
        """What the face did: in all frames of a video, in the timesteps of the training pictures else."""
        track = capture.root / TRACK
        if os.path.isfile(track):
            expected = "what capture track writes"
            found = read_npz(track, CaptureError, ("expression", "head_rotation"), expected)
            shapes = [found[name].shape for name in ("expression", "head_rotation") if name in found]
            count = shapes[0][0] if shapes and shapes[0] else 0
            if shapes != [(count, len(self.rig.expression_names)), (count, 3)] or not count:
                raise CaptureError(f"{track}: arrays of another shape, expected {expected}.")
            return measure(arkit_of(self.rig, found["expression"]), found["head_rotation"], NAMES)
        trained = sorted({t.timestep for t in self.targets})
        chain = [joint for joint, _ in self.rig.head_chain]
        turns = self.motion.joint_rotations[trained][:, chain].sum(1).numpy(force=True)
        expression, rotations = (
            values[trained].numpy(force=True) for values in (self.motion.expression, self.motion.joint_rotations)
        )
        return measure(arkit_of(self.rig, expression, rotations), turns, NAMES)

    def _described(self, capture: Capture) -> dict[str, Any]:
        """The capture in a few words, and what tracking frames of the same footage needs."""
        described: dict[str, Any] = {
            "pictures": len(self.targets),
            "timesteps": len({t.timestep for t in self.targets}),
        }
        found = footage_of(capture)
        if found is not None:
            described["clips"] = [printable(name) for name in found.names]
            described["holdout"] = self.settings.prepare.holdout
            described["reprojection_median"] = found.reprojection_median
        return described

    def _footage(self, capture: Capture) -> dict[str, Any]:
        """What tracking other frames of the same video needs; nothing for other captures."""
        found = footage_of(capture)
        if found is None:
            return {}
        return {"footage": {"window": found.window, "tracking": found.tracking, "sha256": found.sha256}}

    def _filled(self, splats: Splats, evidence: NDArray[np.float32]) -> Splats:
        """``splats`` with the colours of neighbours where there is no ``evidence`` (N) of their own."""
        rig = replace(self.rig, template=self.rig.template + self.motion.template_offset.numpy(force=True))
        bound, correctives = splats.activated(self.weights, self.bias)
        means = DrivePath(Avatar(rig, bound, correctives)).gaussians(PoseParameters.neutral(rig))[0].mean
        return fill_unseen(splats, rig, means, self.square, evidence, self.schedule.unseen)

    def _note(self, progress: float) -> None:
        """Adds a point to the curve; every fifth, and the last, with the PSNR of pictures held out.

        Raises:
            SettingsError: the loss is no longer a number.
        """
        if not math.isfinite(self.trainer.mean_loss):
            at = self.trainer.state.iteration
            raise SettingsError(
                f"the optimisation diverged before step {at}; check the cameras and the rig parameters of the capture"
            )
        point = {"seconds": self.elapsed, "progress": progress, "loss": self.trainer.mean_loss}
        if len(self.curve) % 5 == 4 or progress >= 1:
            point["psnr"] = mean_psnr(self.trainer, self.watched)
        self.curve.append(point)

    def _psnr(self) -> float:
        """The newest measurement; NaN before the first."""
        return next((point["psnr"] for point in reversed(self.curve) if "psnr" in point), math.nan)

    def _show(self, progress: float, rate: float) -> None:
        state, loss = self.trainer.state, self.trainer.mean_loss
        self.display.training(Readout(state.iteration, progress, rate, loss, self._psnr(), len(state.splats)))

    def _try_checkpoint(self) -> None:
        # Too little room for a checkpoint may still be enough for the avatar, which is much smaller.
        try:
            self._checkpoint()
        except OutputError as error:
            self.display.say(f"no checkpoint: {error}")

    def _checkpoint(self) -> None:
        state = checkpoint.Checkpoint(self.trainer.state, self.elapsed, self.prepared, self.curve)
        checkpoint.save(self.out, self.settings, state, self.motion)


def footage_of(capture: Capture) -> Facts | None:
    """What is known of a capture prepared from video; None for others."""
    return read_facts(capture.root) if os.path.isfile(capture.root / CAPTURE) else None


def timed_rig(kind: str, identity: Mapping[str, float], display: Display) -> tuple[Rig, float]:
    """The rig, and the seconds that preparing the body model for the first time on this machine took.

    They happen once, as an installation does, and are not taken out of the budget.
    """
    began, prepared = time.monotonic(), False

    def progress(name: str, done: float) -> None:
        nonlocal prepared
        prepared = True
        display.stage(name, done)

    rig = load_rig(kind, identity, progress)
    spent = time.monotonic() - began if prepared else 0.0
    if prepared:
        display.say(f"the body model is prepared ({spent:.0f} s, once); the budget counts without it")
    return rig, spent


def output_path(settings: BakeSettings) -> Path:
    """The avatar file to write: ``settings.out``, or out/CAPTURE.splatavatar.

    Raises:
        OutputError: it is what is baked.
    """
    if settings.out is None:
        resolved = Path(os.path.realpath(settings.capture))
        stem = resolved.stem if os.path.isfile(resolved) else resolved.name
        return Path("out") / fitting(stem or "avatar", ".splatavatar")
    read = [settings.capture, *settings.clips, *([] if settings.rig_params is None else [settings.rig_params])]
    if os.path.realpath(settings.out) in map(os.path.realpath, read) and os.path.isfile(settings.out):
        raise OutputError(f"{settings.out}: what is baked would be overwritten; give the avatar another name")
    return settings.out


def rig_parameters(capture: Capture, settings: BakeSettings) -> RigParameters:
    """Those of the capture, for the rig that was asked for.

    Raises:
        RigError: it has none, or they are of another rig.
    """
    parameters = capture.rig_parameters
    assert parameters is not None  # read, or tracked
    if settings.rig not in (AUTO, parameters.rig):
        raise RigError(
            f"the rig parameters are of {parameters.rig}, the bake asks for {settings.rig}; give --rig {parameters.rig}"
        )
    return parameters


def spread_frames(capture: Capture, split: str, count: int) -> list[Frame]:
    """At most ``count`` frames of a split, evenly from the whole of it."""
    frames = capture.split(split)
    return [frames[i] for i in spread(len(frames), count)]


def evaluate_avatar(
    avatar: Avatar,
    capture: Path,
    split: str,
    out: Path | None,
    progress: Callable[[int, int], None] | None = None,
    options: ExtractOptions | None = None,
    device: str = "cpu",
    allow_outside: bool = False,
) -> dict[str, Any]:
    """Scores of ``avatar`` on a split of a capture; see ``evaluate``. ``options`` say which face, and by which model;
    ``allow_outside`` is that of ``read_capture``.

    ``device`` is where the avatar is drawn: one of ``frame_path.DEVICES``.

    Raises:
        RigError: the capture has no rig parameters.
        DependencyError: the device cannot work on this machine.
    """
    from splatavatar.avatar.frame_path import open_path

    path = open_path(avatar, device)
    if is_footage(capture):
        return evaluate_footage(avatar, capture, split, out, progress, options, path)
    read = read_capture(capture, allow_outside=allow_outside)
    if read.rig_parameters is None:
        return evaluate_untracked(avatar, read, split, out, progress, options, path)
    known = read.rig_parameters

    def pose(frame: Frame) -> PoseParameters:
        return pose_parameters(avatar.rig, known, frame.timestep)

    return evaluate(avatar, read, split, out, frame_renderer(path, known), progress, pose=pose)
