"""One row of the comparison: how good, how fast and how large a trained avatar is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from published.player import Player, draw
from published.scene import GREY, Pose, Scene, View
from splatavatar.bake.scoring.metrics import FrameScore, score, unit
from splatavatar.capture.images import load_frame
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.retarget import retarget
from splatavatar.render.camera import Camera

THREADS = 2
WARM_UP, FRAMES = 20, 180


@dataclass(frozen=True)
class Row:
    """What is said of one method."""

    method: str
    scores: dict[str, dict[str, float | None]]
    """means by split, then by the names of ``FrameScore``"""
    bake_seconds: float
    """from the command to the finished avatar, reading the capture included"""
    steps: int
    gaussians: int
    fps: float
    """the same torch code for every method: rig, deformation, rasterizer; one over the median time of a frame"""
    file_bytes: int
    own_fps: float | None = None
    """of the toolkit's own drive path, to bytes on the CPU"""


def scores(player: Player, scene: Scene, poses: Pose, split: str, out: Path | None) -> dict[str, float | None]:
    """Mean scores of a split, rendered at ``poses`` over the grey of the scores; pictures go to the folder ``out``."""
    frames = scene.capture.split(split)
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = []
        for number, frame in enumerate(frames):
            view = View.of(frame.camera, scene.device)
            image = draw(player, scene, poses[frame.timestep], view, GREY)
            rgb = (image.colour.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
            truth, matte = load_frame(frame)
            jobs.append(pool.submit(score, opaque(rgb), truth, matte))
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                behind = round(255 * GREY)
                wanted = (truth * (matte[..., None] / 255) + behind * (1 - matte[..., None] / 255)).astype(np.uint8)
                cv2.imwrite(str(out / f"{number:03d}.png"), np.hstack([rgb, wanted])[..., ::-1])
        return means([job.result() for job in jobs])


def opaque(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 4) in [0, 1] of a picture (H, W, 3) that is already over the grey of the scores."""
    return np.dstack([unit(rgb), np.ones(rgb.shape[:2], np.float32)])


def means(results: list[FrameScore]) -> dict[str, float | None]:
    """Of each score over the pictures that have it."""
    found = {}
    for name in (field.name for field in fields(FrameScore)):
        values = [value for result in results if (value := asdict(result)[name]) is not None]
        found[name] = mean(values) if values else None
    return found


def frames_a_second(player: Player, scene: Scene, camera: Camera) -> float:
    """One over the median time from the rig's parameters to a picture on the device; every frame has another pose."""
    recording, device, view = moving_signal(), scene.device, View.of(camera, scene.device)

    def pose(number: int) -> Pose:
        parameters = retarget(recording.frame(number % len(recording)), scene.rig)
        return Pose(*(torch.from_numpy(values).to(device) for values in vars(parameters).values()))

    poses = [pose(number) for number in range(FRAMES)]
    wait: Callable[[], object] = torch.cuda.synchronize if device.type == "cuda" else (lambda: None)
    for number in range(WARM_UP):
        draw(player, scene, poses[number], view)
    times = []
    for one in poses:
        wait()
        began = perf_counter()
        draw(player, scene, one, view)
        wait()
        times.append(perf_counter() - began)
    return 1 / median(times)
