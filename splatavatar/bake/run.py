"""A bake from beginning to end: a capture is read, an avatar is optimised and written, a report is left beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from splatavatar.avatar.file import Sign, save_avatar
from splatavatar.avatar.library import remember
from splatavatar.bake.consent import with_sources
from splatavatar.bake.engines.device import choose_device
from splatavatar.bake.events import (
    AvatarWritten,
    Baked,
    CaptureRecognised,
    DeviceChosen,
    Event,
    FootageForgotten,
    FootageKept,
    Interrupted,
    Listener,
    ParametersLeftOut,
    RigPrepared,
    nobody,
)
from splatavatar.bake.inputs import (
    FirstUse,
    footage_of,
    of_footage,
    output_path,
    pictures,
    prepared,
    rig_parameters,
    rig_without_parameters,
    timed_rig,
    with_all_mattes,
    without_others,
)
from splatavatar.bake.reporting.reporter import Reporter, report_path
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.spoken import with_spoken_proof
from splatavatar.bake.training import checkpoint
from splatavatar.bake.training.job import Job
from splatavatar.bake.training.trainer import StepHook
from splatavatar.bake.unfinished import unfinished
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.preparation.forget import forget_footage
from splatavatar.capture.preparation.prepare import AUTO
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.errors import RigError
from splatavatar.kept.use import Used, note_used, using
from splatavatar.output import outputs_ready
from splatavatar.rig import loader


def bake(
    settings: BakeSettings,
    on_event: Listener = nobody,
    on_step: StepHook | None = None,
    sign: Sign | None = None,
) -> Baked:
    """Bakes the capture of ``settings``; the report is written beside the avatar file.

    ``on_event`` is told what happens, ``on_step`` is called within every step of the optimiser (see ``BakeStep``),
    ``sign`` makes the signature of the avatar, see ``save_avatar``.

    Raises:
        SplatAvatarError: anything wrong with the input, the settings or the output folder.
    """
    # Whatever can be wrong with the command is found before anything takes long.
    capture, left_out = opened(settings)
    out = output_path(settings)
    report = Reporter(on_event)

    def tell(event: Event) -> None:
        on_event(event)
        report(event)

    with outputs_ready(out, checkpoint.path_of(out), report_path(out)), _footage_in_use(settings, out, tell):
        return _baked(settings, capture, left_out, out, tell, on_step, sign)


@contextmanager
def _footage_in_use(settings: BakeSettings, out: Path, tell: Listener) -> Iterator[None]:
    """Nobody removes what the cache holds of the footage within the block; where that is asked for, it goes in the end.

    So it does after an error. Only who ends the bake, by Ctrl-C or otherwise, finds it all there for ``resume``.
    """
    with using() as used:
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            if settings.forget_footage and any(map(os.path.lexists, used.paths)):
                tell(FootageKept())
            raise
        except Exception:
            if settings.forget_footage:
                _forget(used, (), tell)
            raise
        if settings.forget_footage:
            _forget(used, (f"{report_path(out)} shows pictures of it, and names it",), tell)


def _forget(used: Used, known: tuple[str, ...], tell: Listener) -> None:
    gone = forget_footage(used)
    tell(FootageForgotten(len(gone.removed), sum(thing.bytes for thing in gone.removed), (*gone.kept, *known)))


def opened(settings: BakeSettings) -> tuple[Capture | None, RigParameters | None]:
    """The capture as it lies there, and the rig parameters that it brings in vain.

    None and None where it is made from footage first.

    Raises:
        SplatAvatarError: it cannot be read, or the settings contradict it.
    """
    if settings.rig not in (AUTO, *loader.names()):
        raise RigError(f"unknown rig {settings.rig!r}; the rigs are {', '.join(loader.names())}")
    if of_footage(settings):
        return None, None
    capture = read_capture(settings.capture, settings.rig_params, settings.allow_outside, settings.layout)
    capture, left_out = without_others(capture, settings)
    if capture.rig_parameters is not None:
        rig_parameters(capture, settings)
    return capture, left_out


def with_parameters(
    settings: BakeSettings, capture: Capture | None, left_out: RigParameters | None, tell: Listener
) -> Capture:
    """What was ``opened`` as a capture that has rig parameters; prepared and tracked where it had none.

    Raises:
        SplatAvatarError: it shows no head that can be tracked, or what tracks it is not installed.
    """
    if capture is not None:
        tell(CaptureRecognised(capture.recognised))
    if left_out is not None:
        tell(ParametersLeftOut(left_out.tracker, left_out.rig, rig_without_parameters(settings)))
    return prepared(settings, tell) if capture is None or capture.rig_parameters is None else capture


def _baked(
    settings: BakeSettings,
    capture: Capture | None,
    left_out: RigParameters | None,
    out: Path,
    tell: Listener,
    on_step: StepHook | None,
    sign: Sign | None,
) -> Baked:
    """``capture`` is None where it is made from footage first; ``left_out`` are parameters that it brings in vain."""
    footage, began = capture is None, time.monotonic()
    device = choose_device(settings.device)
    if device.name != "cpu":
        # Kernels are compiled once on a machine, as an installation is: not out of the budget.
        settings = replace(settings, started=settings.started + time.monotonic() - began)
    if settings.resume:
        said = checkpoint.check(out, settings)
        settings = replace(settings, consent=settings.consent or said)
    tell(DeviceChosen(device.name, device.remark))
    first_use = FirstUse(tell)
    capture = with_parameters(settings, capture, left_out, first_use)
    if first_use.seconds:
        tell(RigPrepared(first_use.seconds))
        settings = replace(settings, started=settings.started + first_use.seconds)
    facts = footage_of(capture)
    note_used(capture.root, () if facts is None else facts.sha256)
    if facts is not None:
        settings = with_spoken_proof(settings, capture, tell)
    settings = replace(settings, consent=with_sources(settings.consent, capture))
    parameters = rig_parameters(capture, settings)
    rig, spent = timed_rig(parameters.rig, parameters.identity, tell)
    rig = fitted_rig(rig, parameters)
    settings = replace(settings, started=settings.started + spent)
    capture, estimated = with_all_mattes(capture, rig, parameters, settings, tell)
    # Nothing here holds the pictures: of one camera the bake goes on with others, evenly exposed.
    job = Job(
        settings,
        device,
        tell,
        rig,
        parameters,
        *pictures(capture, rig, parameters, footage or estimated, tell),
        out,
        on_step,
    )
    job.run()
    try:
        return _finished(job, capture, tell, sign)
    except (KeyboardInterrupt, SystemExit):
        if os.path.exists(checkpoint.path_of(out)):
            tell(Interrupted(None))
        raise


def _finished(job: Job, capture: Capture, tell: Listener, sign: Sign | None) -> Baked:
    """Writes the avatar and has the report written."""
    avatar, out, scene = job.avatar(capture), job.out, job.scene
    save_avatar(out, avatar, sign)
    if job.settings.remembered:
        remember(out)
    steps = job.trainer.state.iteration
    why = unfinished(job.settings, scene.schedule, steps)
    if why is None:
        with suppress(OSError):
            checkpoint.path_of(out).unlink(missing_ok=True)
    parameters = scene.motion.refined(scene.parameters) if scene.one_camera else scene.parameters
    score = job.psnr, scene.held_out
    written = AvatarWritten(out, avatar, capture, parameters, job.settings, steps, *score, job.elapsed, why)
    tell(written)
    baked = Baked(out, report_path(out), avatar, why, not job.settings.forget_footage)
    tell(baked)
    return baked
