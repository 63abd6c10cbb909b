"""What there is to say of a capture of known cameras: what it holds, and whether the face is where they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.calibration.head_place import HeadPlace, named_direction
from splatavatar.capture.calibration.known_cameras import KnownCameras, lens_numbers
from splatavatar.capture.calibration.parameters import parameters_miss
from splatavatar.capture.calibration.sightings import STEADY, Sightings, chosen_frames, faces_in, observations_of
from splatavatar.capture.calibration.verdict import Verdict, judged
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.faces.landmarks import FaceRow
from splatavatar.capture.images import has_alpha
from splatavatar.capture.preparation.calibrated import lenses_of
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.capture.tracking.solve import track_motion
from splatavatar.errors import DependencyError, RigError
from splatavatar.models import locate
from splatavatar.progress import Progress
from splatavatar.rig.loader import DEFAULT, load_rig

FEW = 0.5
"""share of the pictures with a face, below which it is said"""
FAIR = (0.8, 1.25)
"""metres of a unit that still pass for the metre: heads differ by a tenth, and the estimate is right within some
percent"""


@dataclass(frozen=True)
class CameraReport:
    """Sentences on a capture of known cameras, and what to draw."""

    lines: list[str]
    """what it is"""
    wrong: list[str] = field(default_factory=list)
    """what is wrong with it"""
    landmarks: dict[str, tuple[Doubles, Doubles]] = field(default_factory=dict)
    """by the name of a picture: where some landmarks were seen, and where their rays meet; (L', 2) pixels each"""
    pixels: dict[str, float] = field(default_factory=dict)
    """by the name of a picture: how far both lie apart, median"""


def camera_report(capture: Capture, model: Path | None, progress: Progress) -> CameraReport:
    """What can be said of ``capture``; landmarks are looked for in some of its pictures by ``model``.

    Raises CaptureError for pictures that cannot be read.
    """
    lines = [capture.recognised, *_contents(capture)]
    try:
        found = faces_in(chosen_frames(capture), locate(given=model), progress)
    except DependencyError as error:
        return CameraReport([*lines, f"whether the face is where the cameras say was not checked: {error}"])
    looked = len(chosen_frames(capture))
    lines.append(f"face found in {len(found)} of {looked} pictures that were looked at")
    if not found:
        return CameraReport(lines, ["no picture shows a face: turned by a quarter, or of something else?"])
    wrong = []
    if len(found) < FEW * looked:
        wrong.append(f"a face is seen in {len(found)} of {looked} pictures alone")
    parameters = capture.rig_parameters
    observed = observations_of(found, np.zeros(len(found), np.int64))
    sightings = Sightings.of(capture, [frame for frame, _ in found], observed)
    if parameters is not None:
        said, off = _of_parameters(capture, sightings, progress)
        lines += said
        wrong += off
        if parameters.placement is not None:
            capture = capture.placed(np.asarray(np.linalg.inv(parameters.placement), np.float64))
            sightings = sightings.in_world_of(capture)
    verdict = judged(capture, sightings)
    if verdict is None:
        return CameraReport([*lines, _alone(capture, found, progress)], wrong)
    lines.append(verdict.line)
    wrong += _wrong(verdict)
    place = HeadPlace.of(verdict.found, load_rig(DEFAULT, None, progress)) if verdict.mistake is None else None
    if place is not None:
        lines.append(_placed(capture, place))
        wrong += _misplaced(capture, place, KnownCameras.of(capture))
    return CameraReport(lines, wrong, *_drawn(sightings, verdict))


def _contents(capture: Capture) -> list[str]:
    """What is in the capture, without looking at pixels."""
    frames = capture.frames
    sizes = Counter(f"{frame.camera.width}x{frame.camera.height}" for frame in frames)
    cameras = len({frame.camera_index for frame in frames})
    poses = 1 + max(lens_numbers(capture))
    moves = (
        "" if poses == cameras else f" that move ({poses} places)" if cameras > 1 else f" that moves ({poses} places)"
    )
    splits = ", ".join(f"{len(rows)} {name}" for name, rows in capture.splits.items() if rows)
    lenses = Counter(frame.lens.model if frame.lens else "pinhole" for frame in frames)
    masked = sum(frame.mask is not None for frame in frames)
    if masked:
        mattes = f"{masked} mattes"
    else:
        mattes = "mattes in the alpha channel" if has_alpha(frames[0].picture) else "no mattes"
    return [
        f"{len(frames)} pictures of {', '.join(sizes)}: {_counted(cameras, 'camera')}{moves}, "
        f"{_counted(len({frame.timestep for frame in frames}), 'timestep')}; {splits}; {', '.join(lenses)}; {mattes}"
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def _of_parameters(capture: Capture, sightings: Sightings, progress: Progress) -> tuple[list[str], list[str]]:
    """What its rig parameters are worth, and what is wrong with them."""
    parameters = capture.rig_parameters
    assert parameters is not None
    try:
        rig = fitted_rig(load_rig(parameters.rig, parameters.identity, progress), parameters)
    except (RigError, DependencyError) as error:
        if not parameters.tracker:
            raise
        return [f"its parameters of {parameters.rig} by {parameters.tracker} were not checked: {error}"], []
    missed, step = parameters_miss(sightings, rig, parameters)
    said = [f"its rig parameters ({parameters.rig}) put landmarks of the face {missed:.1f} px from where they are seen"]
    if not step:
        return said, []
    way = "next" if step > 0 else "previous"
    return said, [f"rig parameters of the {way} timestep fit the pictures better: frame numbers are off by one"]


def _alone(capture: Capture, found: Sequence[tuple[Frame, FaceRow]], progress: Progress) -> str:
    """How well the mean head fits what one camera sees."""
    numbers = {frame.name: number for frame, number in zip(capture.frames, lens_numbers(capture), strict=True)}
    observed = observations_of(found, np.array([numbers[frame.name] for frame, _ in found]))
    mean = load_rig(DEFAULT, None, progress)
    motion = track_motion(mean, np.zeros((1, 3)), observed, lenses_of(capture))
    away = motion.reprojection * observed.span
    return (
        f"one camera that stands still: the mean head fits the landmarks of the face within {np.median(away):.1f} px "
        f"({np.percentile(away, 90):.1f} px in 90 % of the pictures), which tells nothing of where it stands"
    )


def _wrong(verdict: Verdict) -> list[str]:
    if verdict.mistake is not None:
        return [verdict.mistake]
    worst = sorted(verdict.off.items(), key=lambda item: -item[1])
    off = [
        f"camera {index} misses the landmarks that the others agree on by {missed:.1f} px" for index, missed in worst
    ]
    return off if verdict.refusal is None else [verdict.refusal, *off]


def _placed(capture: Capture, place: HeadPlace) -> str:
    axes = np.linalg.inv(capture.convention.T_rig_world[:3, :3]) @ place.rotation
    return (
        f"one unit of the world is about {place.unit:.3g} m, if the head is of mean size; up is "
        f"{named_direction(axes[:, 1])}, the face looks along {named_direction(axes[:, 2])}"
    )


def _misplaced(capture: Capture, place: HeadPlace, cameras: KnownCameras) -> list[str]:
    said = []
    inside = place.inside(cameras)
    if inside:
        first = capture.frames[lens_numbers(capture).index(inside[0])]
        said.append(f"{_counted(len(inside), 'camera')} stand inside the head, the first is that of {first.name}")
    if place.together(cameras):
        said.append("all cameras look from about one place: how deep the face is cannot be told")
    if capture.rig_parameters is not None and not FAIR[0] < place.unit < FAIR[1]:
        said.append("a capture with rig parameters has cameras in metres: the unit, or the focal lengths, are wrong")
    return said


def _drawn(sightings: Sightings, verdict: Verdict) -> tuple[dict[str, tuple[Doubles, Doubles]], dict[str, float]]:
    landmarks, pixels = {}, {}
    for meeting in verdict.found.meetings:
        camera = sightings.camera[meeting.rows]
        seen = sightings.cameras.pinhole(camera, sightings.pixels[meeting.rows][:, list(STEADY)])
        for row, at, away in zip(meeting.rows, seen, meeting.away, strict=True):
            if np.isfinite(at).all() and np.isfinite(away).all():
                name = sightings.frames[row].name
                landmarks[name], pixels[name] = (at, at + away), float(np.median(np.linalg.norm(away, axis=1)))
    return landmarks, pixels
