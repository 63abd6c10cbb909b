"""Takes before cameras that are known, as what a check of cameras sees of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.capture.calibration.sightings import Sightings
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.lens import Lens
from splatavatar.capture.references import PictureFile
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import Rig
from support.synthetic_track import Take, facing, movement, take

YAWS = (-0.9, -0.5, 0.1, 0.5, 0.9)
SIZE = (1280, 960)
"""of the pictures, pixels"""
CENTRE = np.array([700.0, 380.0])
FOCAL = np.array([1100.0, 1080.0])
SHIFT = 0.15
"""metres by which every other camera looks past the head"""


def ring_of(rig: Rig, timesteps: int = 6) -> Take:
    """Some timesteps before five cameras, of which no two stand alike or look at the same place."""
    cameras = []
    for number, yaw in enumerate(YAWS):
        T = facing(rig, 0.7 + 0.05 * number, yaw)
        T[:2, 3] += SHIFT * np.array([(-1) ** number, 0.6 * (number % 3 - 1)])
        cameras.append(T)
    expression, turn, shift = (part[::4] for part in movement(4 * timesteps))
    return take(rig, expression, turn, shift, np.stack(cameras))


def known(of: Take, lens: Lens | None = None, moving: bool = False) -> tuple[Capture, Sightings]:
    """The capture and what is seen in it; ``moving``: one camera index for all. Its pictures are nowhere.

    The pixels are those of a camera with another focal length across than down, its middle aside, and ``lens``.
    """
    frames = []
    pixels = np.empty_like(of.seen.pixels)
    K = np.array([[FOCAL[0], 0, CENTRE[0]], [0, FOCAL[1], CENTRE[1]], [0, 0, 1]])
    for row, (timestep, camera) in enumerate(zip(of.seen.timestep.tolist(), of.seen.camera.tolist(), strict=True)):
        at = of.points[timestep] @ of.T_camera_rig[camera][:3, :3].T + of.T_camera_rig[camera][:3, 3]
        pixels[row] = at[:, :2] / at[:, 2:] * FOCAL + CENTRE
        view = Camera(of.T_camera_rig[camera], K, *SIZE)
        name = f"images/{timestep:03d}_{camera}.png"
        index = 0 if moving else camera
        frames.append(Frame(name, PictureFile(Path(name)), None, view, index, timestep, lens=lens))
    pixels += np.random.default_rng(1).normal(0, 0.5, pixels.shape)
    splits: dict[str, tuple[int, ...]] = {"train": tuple(range(len(frames))), "val": (), "test": ()}
    capture = Capture(Path("nowhere"), tuple(frames), splits, None, (Path("nowhere/transforms.json"),))
    return capture, Sightings.of(capture, frames, replace(of.seen, pixels=pixels))
