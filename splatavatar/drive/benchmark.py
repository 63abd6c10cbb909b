"""How fast an avatar plays on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.drive_path import DrivePath
from splatavatar.drive.motion import SECONDS, moving_signal
from splatavatar.drive.retarget import retarget
from splatavatar.drive.view import default_camera

WARM_UP = 10
BACKGROUND = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class BenchmarkResult:
    """Speed of the drive path: rig parameters in, composited 8-bit picture out."""

    gaussians: int
    width: int
    height: int
    frames: int
    stages: dict[str, float]
    """median milliseconds a frame by stage, ``total`` among them"""
    fps: float
    """frames over the wall time of all of them, retargeting and Python included"""


def benchmark(avatar: Avatar, width: int, height: int, frames: int) -> BenchmarkResult:
    """Play ``frames`` frames of the built-in moving signal, after a few that do not count, and time every stage."""
    recording = moving_signal(SECONDS)
    camera = default_camera(avatar, width, height)
    path = DrivePath(avatar)
    samples: dict[str, list[float]] = {}
    started = perf_counter()
    for number in range(-WARM_UP, frames):
        if number == 0:
            started = perf_counter()
        path.render(retarget(recording.frame(number % len(recording)), avatar.rig), camera, BACKGROUND)
        if number >= 0:
            for stage, milliseconds in path.timings().items():
                samples.setdefault(stage, []).append(milliseconds)
    elapsed = perf_counter() - started
    stages = {stage: median(values) for stage, values in samples.items()}
    return BenchmarkResult(len(avatar.gaussians), width, height, frames, stages, frames / elapsed)
