"""Rig parameters for a capture whose cameras are known and whose rig is not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.capture.calibration.known_cameras import lens_numbers
from splatavatar.capture.calibration.sightings import Sightings, faces_in, observations_of
from splatavatar.capture.calibration.verdict import judged
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.faces.landmarks import FaceRow
from splatavatar.capture.preparation.folder import VERSION
from splatavatar.capture.readers.rig_params import read_rig_params, write_rig_params
from splatavatar.capture.tracking.fit import LandmarkFit
from splatavatar.capture.tracking.landmark_model import LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.parameters import parameters_of
from splatavatar.capture.tracking.placement import first_placement, settled_placement
from splatavatar.capture.tracking.solve import track, track_motion
from splatavatar.errors import CaptureError, RigError
from splatavatar.folders import cache_folder, plain_name
from splatavatar.kept.private import make_private, private_folder
from splatavatar.kept.use import note_used
from splatavatar.models import locate
from splatavatar.printable import printable
from splatavatar.progress import Progress
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.loader import DEFAULT, edition, load_rig
from splatavatar.rig.rig import Rig

PLACED = 2
"""version of how the person is found and the world of the cameras placed, for what is kept in the cache"""
LOST = 0.5
"""share of the timesteps that may show no face: heads turn away, and detectors miss one now and then"""
MISSED = 0.1
"""eye spans between detected and tracked landmarks, in the median; captures have 0.01 to 0.02"""


def tracked_parameters(
    capture: Capture, kind: str, model: Path | None, progress: Progress, said: Callable[[str], None] | None = None
) -> Path:
    """A file of rig parameters, in the cache, for every timestep of ``capture``: see ``rig_params``.

    Timesteps without a face in any picture, at most half of all, are left out where the capture is read with it.

    Who it is comes from the landmarks of the training pictures. So does the motion of their timesteps; that of the
    others from what pictures they have. The world of the cameras may have any unit, orientation and origin: the
    parameters are for one in which the mean head of the training timesteps stands as the rig does at rest, and hold the
    way there (``RigParameters.placement``). Where they are not in the cache yet, ``said`` hears how far the cameras
    agree on where the face is.

    Raises:
        RigError: the rig is not known, or its file is not there.
        CaptureError: too many timesteps without a face in any picture, or cameras that contradict the faces.
        DependencyError: the landmark model is absent.
    """
    path = kept_parameters(capture, kind)
    note_used(path)
    if _is_intact(path, capture):
        private_folder(path.parent)
        make_private(path)
        return path
    faces, known = _faces(capture, model, progress)
    if not known.all():
        capture = capture.of_timesteps(np.flatnonzero(known).tolist())
    faces = _of(capture, faces)
    seen = _observations(capture, faces)
    verdict = judged(capture, Sightings.of(capture, [frame for frame, _ in faces], seen))
    if verdict is not None and verdict.refusal is not None:
        raise CaptureError(f"{capture.descriptions[-1]}: {verdict.refusal}. ({verdict.line})")
    if verdict is not None and said is not None:
        said(verdict.line if verdict.mistake is None else f"{verdict.line}; {verdict.mistake}")
    placement = placement_of(capture, seen, load_rig(DEFAULT, None, progress))
    trained = training_timesteps(capture)
    lenses = lenses_of(capture.placed(placement))
    nobody = arkit_form(load_rig(kind, None, progress))
    found = track(nobody, seen.of_timesteps(trained), lenses, lambda done: progress("tracking the head", done))
    rig = found.person.rig
    placement = settled_placement(rig, found.motion, np.arange(len(trained))) @ placement
    motion = track_motion(rig, found.habits, seen, lenses_of(capture.placed(placement)))
    missed = float(np.median(motion.reprojection))
    if not missed <= MISSED:
        raise CaptureError(
            f"{capture.descriptions[-1]}: the head, seen through these cameras, misses the faces found by {missed:.2f} "
            "of the distance between the eyes; check the poses, focal lengths and principal points."
        )
    person = found.person
    own = load_rig(kind, person.identity)
    parameters = parameters_of(own, motion, person.identity, person.template_offset, person.expression_offset)
    private_folder(path.parent)
    if not known.all():
        # A row for each timestep, that of a neighbour where nothing is known.
        parameters = replace(parameters.of_timesteps((np.cumsum(known) - 1).clip(0)), seen=known)
    write_rig_params(path, replace(parameters, placement=placement))
    make_private(path)
    return path


def kept_parameters(capture: Capture, kind: str) -> Path:
    """Where in the cache the parameters of the rig ``kind`` are kept: by all that they are made of."""
    digest = hashlib.sha256(f"{kind} {edition(kind)} {VERSION} {PLACED} {sorted(capture.splits.items())}".encode())
    for frame in capture.frames:
        # One description is another camera to another layout (``--format``), and some layouts have many files.
        digest.update(frame.fingerprint())
    name = os.path.basename(os.path.realpath(capture.root))
    return cache_folder() / "captures" / f"{plain_name(name)}-{digest.hexdigest()[:16]}.npz"


def placement_of(capture: Capture, seen: Observations, mean: Rig) -> Doubles:
    """A first idea (4, 4) of where the world of the cameras lies to the rig ``mean``: a factor that makes metres of its
    unit (1 where that is about the mean size of a head), the turn and the place of the mean head of the training
    timesteps."""
    fit = LandmarkFit(LandmarkModel.of(mean, None), seen)
    points = fit.model.points(np.zeros(0), fit.goal)
    return first_placement(points, fit.model.pivot, seen, lenses_of(capture), training_timesteps(capture))


def training_timesteps(capture: Capture) -> Longs:
    """The timesteps of the training pictures, ascending."""
    return np.unique([frame.timestep for frame in capture.split("train")])


def _is_intact(path: Path, capture: Capture) -> bool:
    """Whether an earlier run has left the parameters there."""
    if not path.is_file():
        return False
    try:
        read_rig_params(path, 1 + max(frame.timestep for frame in capture.frames))
    except RigError:
        return False
    return True


def tracking_frames(capture: Capture) -> list[Frame]:
    """The pictures that may say how the rig stood: training pictures, and all of timesteps that have none."""
    trained = {frame.timestep for frame in capture.split("train")}
    others = [frame for frame in capture.frames if frame.timestep not in trained]
    return [*capture.split("train"), *others]


def lenses_of(capture: Capture) -> Lenses:
    """The known cameras of ``capture``: by ascending camera index, then where one moves by its places."""
    numbers = lens_numbers(capture)
    cameras = [capture.frames[numbers.index(number)].camera for number in range(1 + max(numbers))]
    return Lenses(
        np.stack([camera.T_camera_world for camera in cameras]),
        np.array([camera.K[0, 0] for camera in cameras]),
        np.stack([camera.K[:2, 2] for camera in cameras]),
        free_focal=False,
        free_scale=False,
        free_place=False,
    )


def observed(capture: Capture, model: Path | None, progress: Progress) -> tuple[Capture, Observations]:
    """The face in the pictures of ``capture`` by which the head is tracked, and the capture without timesteps in which
    there is none, at most half of them, as a warning says.

    Raises:
        CaptureError: more timesteps than that without a face.
    """
    faces, known = _faces(capture, model, progress)
    capture = capture.showing_faces(known)
    return capture, _observations(capture, _of(capture, faces))


def _faces(capture: Capture, model: Path | None, progress: Progress) -> tuple[list[tuple[Frame, FaceRow]], Mask]:
    """The faces in the ``tracking_frames``, and in which timesteps (T) there are any.

    Raises:
        CaptureError: more timesteps without one than the share ``LOST``, or none with one among those to train on.
    """
    frames = tracking_frames(capture)
    rows = faces_in(frames, locate(given=model), progress)
    known = np.isin(np.arange(1 + max(frame.timestep for frame in frames)), [frame.timestep for frame, _ in rows])
    if not known.all() and (known.mean() < 1 - LOST or not known[training_timesteps(capture)].any()):
        missing = (frame for frame in frames if not known[frame.timestep])
        first = min(missing, key=lambda frame: (frame.timestep, frame.camera_index))
        raise CaptureError(
            f"{capture.root}: no face found in any picture of {(~known).sum()} of {len(known)} timesteps, "
            f"the first is that of {printable(first.name)}"
        )
    return rows, known


def _of(capture: Capture, rows: Sequence[tuple[Frame, FaceRow]]) -> list[tuple[Frame, FaceRow]]:
    """The same faces with the frames that ``capture`` has of those names."""
    frames = {frame.name: frame for frame in capture.frames}
    return [(frames[frame.name], row) for frame, row in rows]


def _observations(capture: Capture, rows: Sequence[tuple[Frame, FaceRow]]) -> Observations:
    lens = dict(zip((frame.name for frame in capture.frames), lens_numbers(capture), strict=True))
    return observations_of(rows, np.array([lens[frame.name] for frame, _ in rows]))
