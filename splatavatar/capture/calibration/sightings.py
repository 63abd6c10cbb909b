"""The face in some pictures of a capture, by what its known cameras say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.calibration.known_cameras import KnownCameras, lens_numbers
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.faces.landmarks import FaceRow, detect_pictures
from splatavatar.capture.images import load_frame
from splatavatar.capture.tracking.observations import Observations
from splatavatar.progress import Progress
from splatavatar.rotations import nearest_rotations

T = TypeVar("T")
STEADY = (33, 133, 362, 263, 1, 4, 6, 168, 98, 327, 61, 291, 0, 17, 199, 9, 151, 50, 280, 205, 425)
"""landmarks that a detector puts on the same place of a face from most sides"""
MOST = 96
"""pictures that are looked at"""
VIEWS = 16
"""of them of one timestep, where there are several"""
RUN = 3
"""timesteps that are chosen together: pictures that belong to the next one are found by it"""

FACING_CAMERA = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class Sightings:
    """N pictures in which a face was found, by ascending timestep."""

    frames: tuple[Frame, ...]
    timestep: Longs
    """(N)"""
    camera: Longs
    """(N) into ``cameras``"""
    pixels: Doubles
    """(N, L, 2) all landmarks, in the stored pictures"""
    rotation: Doubles
    """(N, 3, 3) see ``Observations``"""
    span: Doubles
    """(N) pixels, see ``Observations``"""
    cameras: KnownCameras
    poses: dict[int, Longs]
    """(N) by -1 and 1: the camera that the frame before, and behind, was taken with where the camera moves; -1 where
    there is none"""

    @staticmethod
    def of(capture: Capture, frames: Sequence[Frame], observations: Observations) -> Sightings:
        """What was observed in the ``frames`` (N) of ``capture``."""
        cameras, numbers = KnownCameras.of(capture), lens_numbers(capture)
        number = {frame.name: at for frame, at in zip(capture.frames, numbers, strict=True)}
        camera = np.array([number[frame.name] for frame in frames])
        return Sightings(
            tuple(frames),
            np.array([frame.timestep for frame in frames]),
            camera,
            cameras.stored(camera, observations.pixels),
            observations.rotation,
            observations.span,
            cameras,
            {step: _neighbours(capture, numbers, frames, step) for step in (-1, 1)},
        )

    def in_world_of(self, capture: Capture) -> Sightings:
        """The same by the cameras of ``capture``, which has the same pictures in another world."""
        frames = {frame.name: frame for frame in capture.frames}
        return replace(self, frames=tuple(frames[f.name] for f in self.frames), cameras=KnownCameras.of(capture))


def chosen_frames(capture: Capture) -> list[Frame]:
    """Enough pictures of ``capture`` to check its cameras by, in its order; at most ``MOST``."""
    steps: dict[int, list[Frame]] = {}
    for frame in capture.frames:
        steps.setdefault(frame.timestep, []).append(frame)
    timesteps = sorted(steps)
    if len(timesteps) == 1 or len(timesteps) == len(capture.frames):
        return _spread(list(capture.frames), MOST)
    chosen = {timestep: _spread(steps[timestep], VIEWS) for timestep in timesteps}
    runs = max(1, int(MOST / np.mean([len(frames) for frames in chosen.values()])) // RUN)
    starts = _spread(list(range(0, len(timesteps), RUN)), runs)
    kept = {id(f) for start in starts for timestep in timesteps[start : start + RUN] for f in chosen[timestep]}
    return [frame for frame in capture.frames if id(frame) in kept]


def faces_in(frames: Sequence[Frame], model: Path, progress: Progress) -> list[tuple[Frame, FaceRow]]:
    """The largest face of each of ``frames`` that shows one, by timestep and camera.

    Raises:
        CaptureError: a picture that cannot be read.
        DependencyError: ``model`` is no landmark model.
    """
    # Films are decoded from their beginning: one after the other, not all of them in turn.
    frames = sorted(frames, key=lambda frame: (frame.camera_index, frame.timestep))
    rows = []
    for done, (frame, row) in enumerate(
        zip(frames, detect_pictures((load_frame(frame)[0] for frame in frames), model), strict=True)
    ):
        progress("finding the face", (done + 1) / len(frames))
        if row is not None:
            rows.append((frame, row))
    return sorted(rows, key=lambda row: (row[0].timestep, row[0].camera_index))


def observations_of(found: Sequence[tuple[Frame, FaceRow]], camera: Longs) -> Observations:
    """The faces ``found``, of the cameras ``camera`` (N); timesteps without one are left out of the numbers."""

    def stacked(name: str) -> Doubles:
        return np.stack([row[name] for _, row in found]).astype(np.float64)

    steps, timestep = np.unique([frame.timestep for frame, _ in found], return_inverse=True)
    return Observations(
        timestep=timestep,
        camera=camera,
        pixels=stacked("points")[..., :2],
        rotation=nearest_rotations(stacked("transform")[:, :3, :3]),
        scores=stacked("scores"),
        linked=np.zeros(len(steps), bool),
    )


def _neighbours(capture: Capture, numbers: Sequence[int], frames: Sequence[Frame], step: int) -> Longs:
    """See ``Sightings.poses``."""
    ordered = sorted(
        range(len(capture.frames)), key=lambda at: (capture.frames[at].camera_index, capture.frames[at].timestep)
    )
    places = {id(capture.frames[at]): place for place, at in enumerate(ordered)}
    out = []
    for frame in frames:
        other = places[id(frame)] + step
        there = ordered[other] if 0 <= other < len(ordered) else None
        same = there is not None and capture.frames[there].camera_index == frame.camera_index
        out.append(numbers[there] if there is not None and same else -1)
    return np.array(out)


def _spread(of: list[T], most: int) -> list[T]:
    return (
        of if len(of) <= most else [of[at] for at in np.unique(np.linspace(0, len(of) - 1, most).round().astype(int))]
    )
