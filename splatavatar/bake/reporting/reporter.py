"""What a bake tells when it is done: scores of a few pictures of every split, speed, curves; as a page."""

from __future__ import annotations

import base64
import logging
import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.events import AvatarWritten, Event, Listener, Measured, ReportWritten, Resumed
from splatavatar.bake.reporting.page import Report, write_report
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.scoring.split import frame_renderer, score_split
from splatavatar.bake.scoring.views import views_picture
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.preparation.folder import CAPTURE, read_facts
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.errors import CaptureError
from splatavatar.output import fitting, scratch_folder
from splatavatar.printable import printable
from splatavatar.render import _native
from splatavatar.rig.rig import PoseParameters

PICTURES = 5
"""of each split in the report"""
TIMED_FRAMES = 20
SIZE = 512
"""pixels of the picture whose speed is reported"""

_log = logging.getLogger("splatavatar")


class Reporter:
    """A listener to a bake that writes its report beside the avatar file."""

    def __init__(self, tell: Listener) -> None:
        """``tell`` is told when the report is written."""
        self._tell = tell
        self._curve: list[Measured] = []

    def __call__(self, event: Event) -> None:
        """Collects the curve; writes the report once the avatar is in its file.

        Raises:
            OutputError: the report cannot be written.
        """
        if isinstance(event, Resumed):
            self._curve = list(event.curve)
        elif isinstance(event, Measured):
            self._curve.append(event)
        elif isinstance(event, AvatarWritten):
            write_summary(event, self._curve)
            self._tell(ReportWritten(report_path(event.path)))


def write_summary(written: AvatarWritten, curve: Sequence[Measured]) -> None:
    """Writes the report of a bake with some pictures of every split scored; it says of one that cannot be why not.

    Raises:
        OutputError: it cannot be written.
    """
    out, avatar, capture, parameters = written.path, written.avatar, written.capture, written.parameters
    few = {name: tuple(split[i] for i in spread(len(split), PICTURES)) for name, split in capture.splits.items()}
    brief = replace(capture, splits=few)
    metrics: dict[str, dict[str, float | None]] = {}
    renderer = CpuRenderer(avatar)
    render = frame_renderer(renderer, parameters)

    def pose(frame: Frame) -> PoseParameters:
        return pose_parameters(avatar.rig, parameters, frame.timestep)

    with scratch_folder() as folder:
        sheets: dict[str, Path] = {}
        unscored: list[str] = []
        for split in ("val", "test") if few["val"] or few["test"] else ("train",):
            if few[split]:
                where = folder / split
                try:
                    metrics[split] = score_split(avatar, brief, split, where, render, pose=pose)["mean"]
                    sheets[split] = where / "contact_sheet.png"
                except CaptureError as error:
                    # The avatar is in its file, and no worse for pictures that nothing was learnt from.
                    unscored.append(f"not scored: {printable(error)}")
                    _log.warning("%s", unscored[-1])
        report = Report(
            title=printable(avatar.metadata.get("name", out.stem)),
            thumbnail=base64.b64decode(avatar.metadata.get("thumbnail", "")),
            loss=[(point.seconds, point.loss) for point in curve],
            psnr=[(point.seconds, point.psnr) for point in curve if point.psnr is not None],
            metrics=metrics,
            contact_sheets=sheets,
            file_bytes=out.stat().st_size,
            gaussians=len(avatar.gaussians),
            fps=_fps(avatar, capture, parameters),
            machine=f"at {SIZE}x{SIZE} on {_native.thread_count()} threads ({_native.instruction_set()})",
            seconds=written.seconds,
            settings=_described(written.settings, avatar),
            command=f"splatavatar drive {_quoted(out)} --signal SIGNAL -o {_quoted(out.with_suffix('.mp4').name)}",
            views=views_picture(renderer),
            lacks=[*_lacks(capture.root), *unscored],
            completed=avatar.metadata["bake"].get("completed", ()),
            held_out=written.held_out,
            unfinished="" if written.unfinished is None else str(written.unfinished),
        )
        write_report(report_path(out), report)


def report_path(out: Path) -> Path:
    """The path of the report of the bake that writes ``out``: NAME.report.html beside NAME.splatavatar."""
    return out.with_name(fitting(out.stem, ".report.html", out.parent))


def _quoted(path: Path | str) -> str:
    """As a shell takes it; a path that is no text is shown."""
    return printable(shlex.quote(os.fspath(path)))


def _lacks(root: Path) -> list[str]:
    """What preparing the capture has found it to lack; nothing where it was not prepared."""
    return read_facts(root).lacks if os.path.isfile(root / CAPTURE) else []


def _fps(avatar: Avatar, capture: Capture, parameters: RigParameters) -> float:
    """Pictures a second of the whole drive path, from the median of a few."""
    renderer, frame = CpuRenderer(avatar), capture.frames[0]
    camera = frame.camera.resized(SIZE, SIZE)
    pose = pose_parameters(avatar.rig, parameters, frame.timestep)
    totals = []
    for _ in range(TIMED_FRAMES):
        renderer.render(pose, camera, (1.0, 1.0, 1.0))
        totals.append(renderer.timings()["total"])
    return 1000 / median(totals[TIMED_FRAMES // 4 :])


def _described(settings: BakeSettings, avatar: Avatar) -> dict[str, str]:
    length = f"{settings.iterations} steps" if settings.iterations else f"{settings.budget:g} s"
    return {
        "capture": printable(settings.capture),
        "rig": settings.rig,
        "preset": settings.preset,
        "length": length,
        "steps taken": str(avatar.metadata["bake"]["iterations"]),
        "seed": str(settings.seed),
        "device": settings.device,
        "rig parameters": "fixed" if settings.fix_rig else "refined",
        "correctives": str(len(avatar.correctives)),
    }
