"""How fast an avatar plays on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.drive.measuring.motion import SECONDS, moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

WARM_UP = 10
BACKGROUND = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class BenchmarkResult:
    """Speed of the drive path: rig parameters in, composited 8-bit picture out."""

    gaussians: int
    width: int
    height: int
    device: str
    """what computes"""
    frames: int
    stages: dict[str, float]
    """median milliseconds a frame by stage, and ``total``: of one picture after another, each waited for.

    The stages of a GPU are measured one by one, on it alone; its total has the numbers before and the way back as well.
    """
    fps: float
    """frames over the wall time of all of them, retargeting and Python included.

    On a GPU each is made while the one before it is on its way back.
    """


def benchmark(
    avatar: Avatar, width: int, height: int, frames: int, renderer: Renderer | None = None
) -> BenchmarkResult:
    """Play ``frames`` frames of the built-in moving signal, after a few that do not count, and time every stage.

    ``renderer`` is what draws ``avatar``, see ``open_renderer``; the CPU where none is given.
    """
    recording = moving_signal(SECONDS)
    performer = Performer(avatar, limit=None, renderer=renderer)
    camera, renderer = performer.camera(width, height), performer.renderer
    picture = np.empty((height, width, 3), np.uint8)

    def pose(number: int) -> PoseParameters:
        return performer.pose(recording.frame(number % len(recording)))

    samples: dict[str, list[float]] = {}
    started = perf_counter()
    for number in range(-WARM_UP, frames):
        if number == 0:
            started = perf_counter()
        renderer.render(pose(number), camera, BACKGROUND, picture)
        if number >= 0:
            for stage, milliseconds in renderer.timings().items():
                samples.setdefault(stage, []).append(milliseconds)
    elapsed = perf_counter() - started
    stages = {stage: median(values) for stage, values in samples.items()}
    if renderer.kind == "cuda":
        stages = {**renderer.stage_milliseconds([pose(0)], [camera], BACKGROUND), **stages}
        _stream(renderer, map(pose, range(-WARM_UP, 0)), camera)
        started = perf_counter()
        _stream(renderer, map(pose, range(frames)), camera)
        elapsed = perf_counter() - started
    return BenchmarkResult(len(avatar.gaussians), width, height, renderer.device, frames, stages, frames / elapsed)


def _stream(renderer: Renderer, poses: Iterable[PoseParameters], camera: Camera) -> None:
    for _ in renderer.stream((([pose], [camera]) for pose in poses), BACKGROUND):
        pass
