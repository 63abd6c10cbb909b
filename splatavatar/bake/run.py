"""``splatavatar bake`` and ``splatavatar eval``: from a capture to an avatar file, and from an avatar to scores."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

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
from splatavatar.bake.initialise import first_splats
from splatavatar.bake.interrupt import deferred_interrupt
from splatavatar.bake.monitor import Display, Readout, mean_psnr
from splatavatar.bake.portrait import portrait_metadata
from splatavatar.bake.posed_view import all_round, looked_at
from splatavatar.bake.rig_motion import RigMotion
from splatavatar.bake.schedule import Schedule
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.splats import Splats
from splatavatar.bake.summary import frame_renderer, write_summary
from splatavatar.bake.trainer import Trainer, fresh_state
from splatavatar.bake.unseen import fill_unseen, shown, squareness
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.extract import ExtractOptions
from splatavatar.capture.prepare import AUTO, is_footage, prepare
from splatavatar.capture.prepare_calibrated import tracked_parameters
from splatavatar.capture.prepared import CAPTURE, TRACK, read_json
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.errors import OutputError, RigError, SettingsError
from splatavatar.output import check_writable, shortened
from splatavatar.rig.loader import KINDS, load_rig
from splatavatar.rig.rig import PoseParameters, Rig

CHECKPOINT_SECONDS = 30.0
FINISHING_SECONDS = 4.0
"""of the budget, for writing the avatar and scoring the pictures of the report"""
VIEWS = 16
"""pictures of a single camera from which the first Gaussians get their colours and hair its height"""
NOTES = 50
"""points of the curve of a bake"""


def bake(settings: BakeSettings) -> Path:
    """Bakes the capture of ``settings`` and returns the path of the avatar file; the report is written beside it.

    Raises:
        SplatAvatarError: anything wrong with the input, the settings or the output folder.
    """
    if settings.rig not in (AUTO, *KINDS):
        raise RigError(f"unknown rig {settings.rig!r}; the rigs are {', '.join(KINDS)}")
    # Whatever can be wrong with the command is found before anything takes long.
    footage = _is_footage(settings)
    capture = None if footage else read_capture(settings.capture, settings.rig_params)
    if capture is not None and capture.rig_parameters is not None:
        rig_parameters(capture, settings)
    out = output_path(settings)
    began = time.monotonic()
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
        held_out = load_targets(spread_frames(capture, "val", 6) + spread_frames(capture, "test", 6))
        job = Job(settings, device, display, rig, parameters, targets, held_out, out)
        job.run()
    return job.finish(capture)


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
    capture = read_capture(settings.capture)
    kind = KINDS[0] if settings.rig == AUTO else settings.rig
    tracked = tracked_parameters(capture, kind, options.extract.model, display.stage)
    return read_capture(settings.capture, tracked)


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
        self.watched = held_out or [targets[i] for i in spread(len(targets), 8)]
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
            resumed = checkpoint.load(out, settings, self.motion)
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

        Leaves a checkpoint after the first step, every half minute, when interrupted and at the end.
        """
        saved, began, first = -math.inf, time.monotonic(), self.trainer.state.iteration
        self.prepared += self.elapsed - self.elapsed_before
        noted = self.curve[-1]["progress"] if self.curve else 0.0
        with deferred_interrupt() as interrupted:
            while (progress := self.progress()) < 1:
                if interrupted():
                    self._checkpoint()
                    at = self.trainer.state.iteration
                    self.display.say(f"interrupted at step {at}; go on with the same command and --resume")
                    raise KeyboardInterrupt
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

    def finish(self, capture: Capture) -> Path:
        """Writes the avatar and the report."""
        avatar = self.avatar(capture)
        save_avatar(self.out, avatar)
        remember(self.out)
        checkpoint.path_of(self.out).unlink(missing_ok=True)
        parameters = self.motion.refined(self.parameters) if self.monocular else self.parameters
        report = write_summary(self.out, avatar, capture, parameters, self.settings, self.curve, self.elapsed)
        size = self.out.stat().st_size / 1e6
        self.display.say(
            f"{self.out}: {len(avatar.gaussians)} Gaussians, {size:.1f} MB, {self.trainer.state.iteration} steps, "
            f"{self._psnr():.1f} dB held out, {self.elapsed:.0f} s\n{report}: the report"
        )
        return self.out

    def avatar(self, capture: Capture) -> Avatar:
        """The avatar as the optimiser has it now."""
        rig = replace(self.rig, template=self.rig.template + self.motion.template_offset.numpy(force=True))
        state, settings = self.trainer.state, self.settings
        learned = self.trainer.learning[state.splats.face.long()] * state.seen
        splats = self._filled(state.splats.to(torch.device("cpu")), learned.numpy(force=True))
        gaussians, correctives = splats.activated(self.weights, self.bias)
        metadata: dict[str, Any] = {
            "name": self.out.stem,
            "capture": self._described(capture),
            "calibration": self._calibration(capture).to_json(),
            **self._footage(capture),
            "bake": {
                "preset": settings.preset,
                "seed": settings.seed,
                "iterations": self.trainer.state.iteration,
                "fixed_rig": settings.fix_rig,
                "held_out_psnr": round(self._psnr(), 2),
            },
        }
        bare = Avatar(rig, gaussians, correctives, metadata)
        return replace(bare, metadata={**metadata, **portrait_metadata(bare, capture)})

    def _calibration(self, capture: Capture) -> Calibration:
        """What the face did: in all frames of a video, in the timesteps of the training pictures else."""
        track = capture.root / TRACK
        if track.is_file():
            with np.load(track, allow_pickle=False) as file:
                return measure(file["expression"], file["head_rotation"], self.rig.expression_names)
        trained = sorted({t.timestep for t in self.targets})
        chain = [joint for joint, _ in self.rig.head_chain]
        turns = self.motion.joint_rotations[trained][:, chain].sum(1).numpy(force=True)
        return measure(self.motion.expression[trained].numpy(force=True), turns, self.rig.expression_names)

    def _described(self, capture: Capture) -> dict[str, Any]:
        """The capture in a few words, and what tracking frames of the same footage needs."""
        described: dict[str, Any] = {
            "pictures": len(self.targets),
            "timesteps": len({t.timestep for t in self.targets}),
        }
        found = footage_of(capture)
        if found:
            described["clips"] = [clip["name"] for clip in found["clips"]]
            described["holdout"] = self.settings.prepare.holdout
            described["reprojection_median"] = found["tracking"]["reprojection_median"]
        return described

    def _footage(self, capture: Capture) -> dict[str, Any]:
        """What tracking other frames of the same video needs; nothing for other captures."""
        found = footage_of(capture)
        if not found:
            return {}
        kept = {name: found[name] for name in ("window", "tracking")}
        return {"footage": {**kept, "sha256": [clip["sha256"] for clip in found["clips"]]}}

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


def footage_of(capture: Capture) -> dict[str, Any]:
    """``capture.json`` of a capture prepared from video, empty for others."""
    path = capture.root / CAPTURE
    return read_json(path) if path.is_file() else {}


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
    """The avatar file to write: ``settings.out``, or out/CAPTURE.splatavatar in a folder that is made if absent.

    Raises:
        OutputError: it cannot be written.
    """
    if settings.out is not None:
        out = settings.out
    else:
        resolved = settings.capture.resolve()
        name = shortened(resolved.stem if resolved.is_file() else resolved.name, 200)
        out = Path("out") / f"{name}.splatavatar"
        try:
            out.parent.mkdir(exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot make the folder {out.parent}: {reason}; name a file with -o") from error
    check_writable(out)
    return out


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
) -> dict[str, Any]:
    """Scores of ``avatar`` on a split of a capture; see ``evaluate``. ``options`` say which face, and by which model.

    ``device`` is where the avatar is drawn: one of ``frame_path.DEVICES``.

    Raises:
        RigError: the capture has no rig parameters.
        DependencyError: the device cannot work on this machine.
    """
    from splatavatar.avatar.frame_path import open_path

    path = open_path(avatar, device)
    if is_footage(capture):
        return evaluate_footage(avatar, capture, split, out, progress, options, path)
    read = read_capture(capture)
    if read.rig_parameters is None:
        return evaluate_untracked(avatar, read, split, out, progress, options, path)
    return evaluate(avatar, read, split, out, frame_renderer(path, read.rig_parameters), progress)
