"""What a bake tells when it is done: scores of a few pictures of every split, speed, curves; as a report."""

from __future__ import annotations

import base64
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.drive_path import DrivePath
from splatavatar.avatar.frame_path import FramePath
from splatavatar.bake.contact_sheet import spread
from splatavatar.bake.evaluate import evaluate
from splatavatar.bake.report import Report, write_report
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.preparation.folder import CAPTURE, read_facts
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.output import scratch_folder
from splatavatar.printable import printable
from splatavatar.render import _native
from splatavatar.rig.rig import PoseParameters

PICTURES = 5
"""of each split in the report"""
TIMED_FRAMES = 20
SIZE = 512
"""pixels of the picture whose speed is reported"""


def frame_renderer(path: FramePath, parameters: RigParameters) -> Callable[[Frame], NDArray[np.float32]]:
    """Renders the avatar as a frame of a capture shows it: RGBA (H, W, 4) in [0, 1], straight alpha."""

    def render(frame: Frame) -> NDArray[np.float32]:
        pose = pose_parameters(path.avatar.rig, parameters, frame.timestep)
        return path.render(pose, frame.camera).astype(np.float32) / np.float32(255)

    return render


def write_summary(
    out: Path,
    avatar: Avatar,
    capture: Capture,
    parameters: RigParameters,
    settings: BakeSettings,
    curve: Sequence[dict[str, float]],
    seconds: float,
    unfinished: str = "",
) -> Path:
    """Writes ``report.html`` beside the avatar file ``out`` and returns its path.

    ``unfinished`` is what the report says of an avatar that is none yet.

    Raises:
        OutputError: it cannot be written.
    """
    few = {name: tuple(split[i] for i in spread(len(split), PICTURES)) for name, split in capture.splits.items()}
    brief = replace(capture, splits=few)
    metrics: dict[str, dict[str, float | None]] = {}
    path = report_path(out)
    render = frame_renderer(DrivePath(avatar), parameters)

    def pose(frame: Frame) -> PoseParameters:
        return pose_parameters(avatar.rig, parameters, frame.timestep)

    with scratch_folder() as folder:
        sheets: dict[str, Path] = {}
        for split in ("val", "test") if few["val"] or few["test"] else ("train",):
            if few[split]:
                where = folder / split
                metrics[split] = evaluate(avatar, brief, split, where, render, pose=pose)["mean"]
                sheets[split] = where / "contact_sheet.png"
        report = Report(
            title=printable(avatar.metadata.get("name", out.stem)),
            thumbnail=base64.b64decode(avatar.metadata.get("thumbnail", "")),
            loss=[(p["seconds"], p["loss"]) for p in curve],
            psnr=[(p["seconds"], p["psnr"]) for p in curve if "psnr" in p],
            metrics=metrics,
            contact_sheets=sheets,
            file_bytes=out.stat().st_size,
            gaussians=len(avatar.gaussians),
            fps=_fps(avatar, capture, parameters),
            machine=f"at {SIZE}x{SIZE} on {_native.thread_count()} threads ({_native.instruction_set()})",
            seconds=seconds,
            settings=_described(settings, avatar),
            command=f"splatavatar drive {_quoted(out)} --signal SIGNAL -o {_quoted(out.with_suffix('.mp4').name)}",
            lacks=_lacks(capture.root),
            unfinished=unfinished,
        )
        write_report(path, report)
    return path


def report_path(out: Path) -> Path:
    """Where the report of the bake that writes ``out`` is."""
    return out.with_name("report.html")


def _quoted(path: Path | str) -> str:
    """As a shell takes it; a path that is no text is shown."""
    return printable(shlex.quote(os.fspath(path)))


def _lacks(root: Path) -> list[str]:
    """What preparing the capture has found it to lack; nothing where it was not prepared."""
    return read_facts(root).lacks if os.path.isfile(root / CAPTURE) else []


def _fps(avatar: Avatar, capture: Capture, parameters: RigParameters) -> float:
    """Pictures a second of the whole drive path, from the median of a few."""
    path, frame = DrivePath(avatar), capture.frames[0]
    camera = frame.camera.resized(SIZE, SIZE)
    pose = pose_parameters(avatar.rig, parameters, frame.timestep)
    totals = []
    for _ in range(TIMED_FRAMES):
        path.render(pose, camera, (1.0, 1.0, 1.0))
        totals.append(path.timings()["total"])
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
