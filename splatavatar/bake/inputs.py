"""What a bake reads: which capture, prepared how, for which rig, and where its avatar goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.events import CamerasChecked, Event, Listener, Preparing, RigPrepared
from splatavatar.bake.scene.head_check import sound
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.preparation.calibrated import tracked_parameters
from splatavatar.capture.preparation.estimated_mattes import with_mattes
from splatavatar.capture.preparation.folder import CAPTURE, Facts, read_facts
from splatavatar.capture.preparation.prepare import AUTO, is_footage, prepare
from splatavatar.capture.rig_pose import means_the_same, posed_vertices
from splatavatar.errors import OutputError, RigError, SettingsError
from splatavatar.output import fitting
from splatavatar.progress import Progress
from splatavatar.rig.first_use import STAGES
from splatavatar.rig.loader import DEFAULT, load_rig
from splatavatar.rig.rig import Rig


def of_footage(settings: BakeSettings) -> bool:
    """Whether the capture is made from footage first.

    Raises:
        SettingsError: there are settings that contradict it.
    """
    if is_footage(settings.capture):
        if settings.rig_params is not None:
            raise SettingsError(f"rig parameters go with a capture of known cameras; {settings.capture} is footage")
        if settings.layout is not None:
            raise SettingsError(f"--format goes with a capture of known cameras; {settings.capture} is footage")
        return True
    if settings.clips:
        raise SettingsError(f"{settings.capture} is a capture of its own; only videos can be given together")
    if settings.prepare.holdout:
        raise SettingsError(f"only video can be held out; {settings.capture} is a capture, whose pictures are chosen")
    return False


def preparing(tell: Listener) -> Progress:
    """A ``Progress`` that tells ``Preparing``."""
    return lambda stage, fraction: tell(Preparing(stage, fraction))


def rig_without_parameters(settings: BakeSettings) -> str:
    """The rig of a capture of known cameras that brings no rig parameters."""
    return DEFAULT if settings.rig == AUTO else settings.rig


def prepared(settings: BakeSettings, tell: Listener) -> Capture:
    """The capture with rig parameters, made from footage or from a capture of known cameras."""
    options = replace(settings.prepare, rig=settings.rig)
    if is_footage(settings.capture):
        return read_capture(prepare((settings.capture, *settings.clips), options, preparing(tell)))
    capture = read_capture(settings.capture, None, settings.allow_outside, settings.layout)
    kind = rig_without_parameters(settings)
    tracked = tracked_parameters(
        capture, kind, options.extract.model, preparing(tell), lambda remark: tell(CamerasChecked(remark))
    )
    return read_capture(settings.capture, tracked, settings.allow_outside, settings.layout)


def without_others(capture: Capture, settings: BakeSettings) -> tuple[Capture, RigParameters | None]:
    """``capture`` without rig parameters that another program has found for a rig that the bake is not on, and what was
    left out; the head is tracked anew then."""
    found = capture.rig_parameters
    if found is None or not found.tracker or settings.rig == found.rig:
        return capture, None
    if settings.rig != AUTO and means_the_same(found, settings.rig):
        return replace(capture, rig_parameters=replace(found, rig=settings.rig)), None
    return replace(capture, rig_parameters=None), found


def rig_parameters(capture: Capture, settings: BakeSettings) -> RigParameters:
    """The rig parameters of the capture, for the rig that was asked for.

    Raises:
        RigError: it has none, or they are of another rig.
    """
    parameters = capture.rig_parameters
    assert parameters is not None  # read, or tracked
    if settings.rig not in (AUTO, parameters.rig):
        raise RigError(
            f"the rig parameters are of {parameters.rig}, the bake asks for {settings.rig}; ask for {parameters.rig}"
        )
    return parameters


def timed_rig(kind: str, identity: Mapping[str, float], tell: Listener) -> tuple[Rig, float]:
    """The rig, and the seconds that preparing the body model for the first time on this machine took.

    They happen once, as an installation does, and are not taken out of the budget.
    """
    began, first_time = time.monotonic(), False

    def progress(stage: str, fraction: float) -> None:
        nonlocal first_time
        first_time = True
        tell(Preparing(stage, fraction))

    rig = load_rig(kind, identity, progress)
    spent = time.monotonic() - began if first_time else 0.0
    if first_time:
        tell(RigPrepared(spent))
    return rig, spent


class FirstUse:
    """A listener that passes on what it is told, and sums up the seconds in which a body model was prepared for the
    first time on this machine, as where a head is tracked on it."""

    def __init__(self, tell: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds."""
        self.seconds = 0.0
        self._tell, self._clock = tell, clock
        self._since: float | None = None

    def __call__(self, event: Event) -> None:
        now = self._clock()
        if self._since is not None:
            self.seconds += now - self._since
        going_on = isinstance(event, Preparing) and event.stage in STAGES and event.fraction < 1
        self._since = now if going_on else None
        self._tell(event)


def with_all_mattes(
    capture: Capture, rig: Rig, parameters: RigParameters, settings: BakeSettings, tell: Listener
) -> tuple[Capture, bool]:
    """``capture`` whose pictures all have a matte, and whether any was estimated; see ``estimated_mattes``."""
    return with_mattes(capture, rig, parameters, settings.prepare.matting, preparing(tell))


def pictures(
    capture: Capture, rig: Rig, parameters: RigParameters, footage: bool, tell: Listener
) -> tuple[list[Target], list[Target]]:
    """The pictures to train on, and at most twelve of those held out; ``rig`` is the ``fitted_rig`` of ``parameters``.

    ``footage``: whether mattes were made with this very head.

    Raises:
        CaptureError: a picture cannot be read, or too many do not show the head of the rig.
    """
    frames = capture.split("train")
    one_camera = len({frame.timestep for frame in frames}) == len(frames)
    targets = load_targets(frames, preparing(tell), one_camera)
    targets = sound(frames, targets, rig, lambda timestep: posed_vertices(rig, parameters, timestep), footage)
    return targets, load_targets(spread_frames(capture, "val", 6) + spread_frames(capture, "test", 6))


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


def spread_frames(capture: Capture, split: str, count: int) -> list[Frame]:
    """At most ``count`` frames of a split, evenly from the whole of it."""
    frames = capture.split(split)
    return [frames[i] for i in spread(len(frames), count)]


def footage_of(capture: Capture) -> Facts | None:
    """What is known of a capture prepared from video; None for others."""
    return read_facts(capture.root) if os.path.isfile(capture.root / CAPTURE) else None
