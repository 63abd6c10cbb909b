"""Rig parameters for a capture whose cameras are known and whose rig is not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.images import load_frame
from splatavatar.capture.landmarks import detect_pictures
from splatavatar.capture.models import locate
from splatavatar.capture.prepared import VERSION
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.capture.readers.transforms import FILE
from splatavatar.capture.tracking.fit import LandmarkFit
from splatavatar.capture.tracking.landmark_model import LandmarkModel
from splatavatar.capture.tracking.observations import Floats, Lenses, Observations
from splatavatar.capture.tracking.solve import Motion, joint_rotations, track, track_motion
from splatavatar.capture.tracking.weak_perspective import metres_per_unit
from splatavatar.errors import CaptureError
from splatavatar.folders import cache_folder, plain_name
from splatavatar.output import make_folder
from splatavatar.rig.loader import KINDS, load_rig
from splatavatar.rig.rig import Rig

Progress = Callable[[str, float], None]


def tracked_parameters(capture: Capture, kind: str, model: Path | None, progress: Progress) -> Path:
    """A file of rig parameters, in the cache, for every timestep of ``capture``: see ``rig_params``.

    Who it is comes from the landmarks of the training pictures. So does the motion of their timesteps; that of the
    others from what pictures they have. Where the heads show that the unit of the cameras is not the metre, the
    parameters are for cameras in metres and hold the factor.

    Raises:
        CaptureError: timesteps without a face in any picture.
        DependencyError: the landmark model is absent.
    """
    digest = hashlib.sha256((capture.root / FILE).read_bytes() + f"{kind} {VERSION}".encode())
    for frame in capture.frames:
        digest.update(frame.image_path.read_bytes())
    name = os.path.basename(os.path.realpath(capture.root))
    path = cache_folder() / "captures" / f"{plain_name(name)}-{digest.hexdigest()[:16]}.npz"
    if path.is_file():
        return path
    seen = observed(capture, tracking_frames(capture), model, progress)
    scale = camera_scale(capture, seen)
    lenses = lenses_of(capture.scaled(scale))
    trained = sorted({frame.timestep for frame in capture.split("train")})
    known = track(kind, seen.of_timesteps(np.array(trained)), lenses, lambda d: progress("tracking the head", d))
    rig = known.person.rig
    motion = track_motion(rig, known.habits, seen, lenses)
    make_folder(path.parent)
    parameters = parameters_of(rig, motion, known.person.identity, known.person.template_offset)
    write_rig_params(path, replace(parameters, camera_scale=scale))
    return path


def camera_scale(capture: Capture, seen: Observations) -> float:
    """Metres in the unit of the cameras of ``capture``, by the size of the head; 1 where that is about the mean one."""
    fit = LandmarkFit(LandmarkModel.of(load_rig(KINDS[0]), None), seen)
    return metres_per_unit(fit.model.points(np.zeros(0), fit.goal), seen, lenses_of(capture))


def parameters_of(rig: Rig, motion: Motion, identity: dict[str, float], offset: np.ndarray | None) -> RigParameters:
    """``motion`` of ``rig`` by the names of its parameters."""
    rotations = joint_rotations(rig, motion.head_rotation)
    return RigParameters(
        rig=rig.kind,
        identity=identity,
        expression=motion.expression.astype(np.float32),
        expression_names=rig.expression_names,
        joint_rotations={name: values.astype(np.float32) for name, values in rotations.items()},
        translation=motion.translation.astype(np.float32),
        template_offset=offset,
    )


def tracking_frames(capture: Capture) -> list[Frame]:
    """The pictures that may say how the rig stood: training pictures, and all of timesteps that have none."""
    trained = {frame.timestep for frame in capture.split("train")}
    others = [frame for frame in capture.frames if frame.timestep not in trained]
    return [*capture.split("train"), *others]


def lenses_of(capture: Capture) -> Lenses:
    """The known cameras of ``capture``, by ascending camera index."""
    cameras = {frame.camera_index: frame.camera for frame in capture.frames}
    order = sorted(cameras)
    return Lenses(
        np.stack([cameras[c].T_camera_world for c in order]),
        np.array([cameras[c].K[0, 0] for c in order]),
        np.stack([cameras[c].K[:2, 2] for c in order]),
        free_focal=False,
        free_scale=False,
        free_place=False,
    )


def observed(capture: Capture, frames: Sequence[Frame], model: Path | None, progress: Progress) -> Observations:
    """The face in ``frames``; timesteps are those of the capture, and numbers without pictures repeat a neighbour.

    Raises:
        CaptureError: pictures of a timestep, and no face in any.
    """
    order = sorted({frame.camera_index for frame in capture.frames})
    frames = sorted(frames, key=lambda f: (f.timestep, f.camera_index))
    rows = []
    for done, (frame, row) in enumerate(
        zip(frames, detect_pictures((load_frame(f)[0] for f in frames), locate(given=model)), strict=True)
    ):
        progress("finding the face", (done + 1) / len(frames))
        if row is not None:
            rows.append((frame, row))
    numbers = np.unique([frame.timestep for frame in frames])
    missing = sorted(set(numbers.tolist()) - {frame.timestep for frame, _ in rows})
    if missing:
        raise CaptureError(
            f"{capture.root}: no face found in any picture of {len(missing)} of {len(numbers)} timesteps, "
            f"the first is {missing[0]}"
        )
    count = 1 + int(numbers[-1])
    standing = numbers[np.abs(np.arange(count)[:, None] - numbers).argmin(1)]
    of_timestep = {number: [row for row in rows if row[0].timestep == number] for number in numbers.tolist()}
    repeated = [(t, *row) for t, number in enumerate(standing.tolist()) for row in of_timestep[number]]

    def stacked(name: str) -> Floats:
        return np.stack([row[name] for _, _, row in repeated]).astype(np.float64)

    left, _, right = np.linalg.svd(stacked("transform")[:, :3, :3])
    return Observations(
        timestep=np.array([timestep for timestep, _, _ in repeated]),
        camera=np.array([order.index(frame.camera_index) for _, frame, _ in repeated]),
        pixels=stacked("points")[..., :2],
        rotation=left @ right,
        scores=stacked("scores"),
        linked=np.zeros(count, bool),
    )
