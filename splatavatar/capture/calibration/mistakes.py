"""The usual mistakes in files of cameras: each undone, to see whether the rays of a face meet then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.calibration.agreement import Agreement, agreement, groups_of, shifted
from splatavatar.capture.calibration.known_cameras import KnownCameras
from splatavatar.capture.calibration.sightings import Sightings
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import Convention, T_opengl_opencv

DOUBTFUL, TWISTED = 0.05, 0.35
"""eye spans that landmarks miss, and radians between what two cameras make of the turn of the head, from which cameras
are not what they say; good ones have 0.02 to 0.04, and 0.1. From afar a mirrored world is but a face turned inside out,
whose rays meet: its turns tell it"""
MISSED = 0.2
"""eye spans that landmarks may miss by where a mistake is undone"""
GOOD_MISS, GOOD_TWIST = 0.03, 0.15
"""of good cameras, which make both comparable"""
BETTER = 0.6
"""of the error, that undoing a mistake must come down to"""
CLEARLY = 0.8
"""of what landmarks miss, the same where only the rays within a camera change; of good cameras no other meaning comes
below 0.99"""
OFF = 0.07
"""eye spans that landmarks of a camera miss at least by which is taken to be off"""
FRONTAL = 0.6
"""cosine between the view and the nose, from which a camera is judged by itself"""
APART = 3.0
"""times what landmarks of a camera miss by in the middle, from which one is taken to be off"""
SURELY = 0.003
"""eye spans by which it must come down at least"""
ALIKE = 1.03
"""times the smallest error that counts as no larger: of those the plainer mistake is named"""
FACTORS = (2.0, 4.0, 0.5, 0.25)
"""between pictures and those that cameras were computed for"""
BENDS = (-0.16, -0.08, -0.04, -0.02, 0.02, 0.04, 0.08, 0.16)
"""by which share a lens may move what lies in the corner of the picture"""
WAYS = {-1: "previous", 1: "next"}
"""by the step that undoes it"""
CLEAR = 0.01
"""of the size of a picture, below which two principal points are the same"""

MIRRORED = np.diag([-1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Trial:
    """The cameras, or what belongs together, with one mistake undone."""

    said: str
    """what the mistake is, a sentence without its end"""
    cameras: KnownCameras
    sightings: Sightings
    fitted: bool = False
    """whether a number was chosen so that it fits"""


@dataclass(frozen=True)
class Named:
    """A mistake that explains what is wrong."""

    said: str
    found: Agreement
    """of the cameras without it"""
    fitted: bool


def error_of(found: Agreement) -> float:
    """One number of how far cameras disagree; 1 of those that are just good."""
    return float(np.hypot(found.missed / GOOD_MISS, found.twisted / GOOD_TWIST))


def is_doubtful(found: Agreement) -> bool:
    """Whether cameras that agree so far are not what they say."""
    return not (found.missed <= DOUBTFUL and found.twisted <= TWISTED)


def named_mistake(sightings: Sightings, found: Agreement, convention: Convention) -> str | None:
    """The mistake without which the cameras, which agree as ``found``, would agree clearly better, a sentence without
    its end; None where none of the usual ones is it. Of two mistakes made at once both are named."""
    best = _best(_single(sightings, convention))
    if best is None or is_doubtful(best.found):
        pairs = _best(_paired(sightings, convention))
        if pairs is not None and (best is None or error_of(pairs.found) < BETTER * error_of(best.found)):
            best = pairs
    if best is not None and best.found.missed <= MISSED and _explains(best, found):
        return best.said
    return _late(sightings, found)


def _explains(best: Named, found: Agreement) -> bool:
    if found.twisted - best.found.twisted > GOOD_TWIST:
        return error_of(best.found) < BETTER * error_of(found)
    share = BETTER if best.fitted else CLEARLY
    return best.found.missed < min(share * found.missed, found.missed - SURELY)


def off_cameras(sightings: Sightings, found: Agreement) -> Longs:
    """The camera indices whose landmarks miss by far more than those of the others; none where many do."""
    away = by_camera(sightings, found)
    middle = float(np.median(list(away.values()))) if away else 0.0
    off = [index for index, missed in away.items() if missed > max(OFF, APART * middle)]
    return np.array(off if len(off) < len(away) / 2 else [], np.int64)


def by_camera(sightings: Sightings, found: Agreement) -> dict[int, float]:
    """The eye spans that the landmarks of each camera index miss, in the median.

    Cameras that see a face from the side are left out, for a detector sees such a face badly; not those that, where
    they are, would see the back of a head in which a face was found.
    """
    rows = np.concatenate([meeting.rows for meeting in found.meetings])
    away = np.concatenate([np.median(meeting.distance, 1) for meeting in found.meetings]) / sightings.span[rows]
    axes = sightings.cameras.T_camera_world[sightings.camera[rows]][:, 2, :3]
    turns = np.concatenate([np.tile(meeting.turn[:, 2], (len(meeting.rows), 1)) for meeting in found.meetings])
    towards = -np.einsum("ni,ni->n", axes, turns)
    front = (towards > FRONTAL) | (towards < 0)
    rows, away = rows[front], away[front]
    of = np.array([sightings.frames[row].camera_index for row in rows])
    return {int(index): float(np.median(away[of == index])) for index in np.unique(of)}


def _best(trials: Iterator[Trial]) -> Named | None:
    tried = []
    for trial in trials:
        found = agreement(trial.sightings, trial.cameras, groups_of(trial.sightings))
        if found is not None:
            tried.append((error_of(found), Named(trial.said, found, trial.fitted)))
    if not tried:
        return None
    least = min(error for error, _ in tried)
    return next(named for error, named in tried if error <= ALIKE * least)


def _single(sightings: Sightings, convention: Convention) -> Iterator[Trial]:
    """Every mistake by itself, the plainest first."""
    for said, cameras in (*_poses(sightings.cameras, convention), *_intrinsics(sightings.cameras)):
        yield Trial(said, cameras, sightings)
    for said, cameras in _bent(sightings.cameras):
        yield Trial(said, cameras, sightings, fitted=True)
    for step, way in WAYS.items():
        poses = sightings.poses[step]
        if ((poses >= 0) & (poses != sightings.camera)).sum() > 1:
            moved = shifted(sightings, step)
            yield Trial(
                f"every picture seems to have the camera of the {way} one: frame numbers are off by one",
                moved.cameras,
                moved,
            )


def _paired(sightings: Sightings, convention: Convention) -> Iterator[Trial]:
    """A mistake in the poses, and one in what the camera does with rays."""
    for one, turned in _poses(sightings.cameras, convention):
        for other, cameras in _intrinsics(turned):
            yield Trial(f"{one}; moreover {other}", cameras, sightings)


def _poses(cameras: KnownCameras, convention: Convention) -> Iterator[tuple[str, KnownCameras]]:
    T, C = cameras.T_camera_world, T_opengl_opencv
    axes = {"OpenCV": "OpenCV's (y down, z forward)", "OpenGL": "OpenGL's (y up, z back)"}
    own = convention.axes
    other = "OpenGL" if own == "OpenCV" else "OpenCV"
    negated = "row of every rotation and translation" if convention.inverted else "column of every transform_matrix"
    wrong_axes = (
        f"the axes of the cameras seem to be {axes[other]}, this layout has {axes[own]}; negate the second and third "
        f"{negated}"
    )
    ways = ("from the camera to the world", "from the world to the camera")
    found, expected = ways[not convention.inverted], ways[convention.inverted]
    matrix = "the poses seem" if convention.inverted else "transform_matrix seems"
    mirrored = (
        "the world of the cameras is mirrored (left-handed) against the pictures; export it right-handed, or negate one"
        " axis of the world in every camera"
    )
    W = convention.T_rig_world @ convention.T_opencv  # between the axes of world and camera in the file, and ours
    back = np.linalg.inv(W)
    inverse = back @ np.linalg.inv(T) @ back

    def posed(T_camera_world: Doubles) -> KnownCameras:
        return replace(cameras, T_camera_world=T_camera_world)

    yield wrong_axes, posed(C @ T)
    yield f"{matrix} to go {found}, expected {expected}; invert it", posed(inverse)
    yield (
        f"{matrix} to go {found} with {other}'s axes, expected {expected} with {own}'s axes; invert it, then negate"
        f" the second and third {negated}",
        posed(back @ C @ np.linalg.inv(T) @ back if convention.inverted else C @ inverse),
    )
    yield mirrored, posed(MIRRORED @ T @ MIRRORED)
    yield f"{mirrored}; moreover {wrong_axes}", posed(MIRRORED @ C @ T @ MIRRORED)


def _intrinsics(cameras: KnownCameras) -> Iterator[tuple[str, KnownCameras]]:
    focal, centre, size = cameras.focal, cameras.centre, cameras.size
    below = np.stack([centre[:, 0], size[:, 1] - centre[:, 1]], 1)
    if _differ(below, centre, size):
        yield (
            "cy seems to count from below, expected from the upper edge; take it from the height",
            replace(cameras, centre=below),
        )
    if _differ(centre[:, ::-1], centre, size):
        yield "cx and cy seem to be exchanged", replace(cameras, centre=centre[:, ::-1], focal=focal[:, ::-1])
    for factor in FACTORS:
        times = f"{factor:g} times" if factor > 1 else f"1/{1 / factor:g} of"
        said = f"the focal lengths and the principal point seem to be of pictures {times} the size of these"
        yield said, replace(cameras, focal=focal / factor, centre=centre / factor)
        yield f"the focal lengths seem to be {times} what they should be", replace(cameras, focal=focal / factor)
    ratio = size[:, :1] / size[:, 1:]
    if np.abs(ratio - 1).max() > CLEAR:
        for said, change in (("width", 1 / ratio), ("height", ratio)):
            yield (
                f"the focal lengths seem to be computed from the wrong side of the picture, its {said}",
                replace(cameras, focal=focal * change),
            )
    if any(cameras.lenses):
        yield (
            "the pictures seem to be straightened already; leave out the distortion (k1, k2, p1, p2)",
            replace(cameras, lenses=(None,) * len(cameras.lenses)),
        )
        opposite = tuple(lens and replace(lens, coefficients=_times(lens, -1.0)) for lens in cameras.lenses)
        yield "the distortion (k1, k2, p1, p2) seems to have the opposite sign", replace(cameras, lenses=opposite)
        half = tuple(lens and replace(lens, coefficients=_times(lens, 0.5)) for lens in cameras.lenses)
        yield "the distortion (k1, k2, p1, p2) seems to be twice what it should be", replace(cameras, lenses=half)


def _bent(cameras: KnownCameras) -> Iterator[tuple[str, KnownCameras]]:
    """With a lens, where none is stated."""
    if any(cameras.lenses):
        return
    corner = float(np.median(((cameras.size / 2 / cameras.focal) ** 2).sum(1)))
    for bend in BENDS:
        k1 = bend / corner
        lens = Lens("opencv", (k1, 0.0, 0.0, 0.0), np.eye(3))
        said = f"the pictures seem to be bent by a lens that is not stated (k1 about {k1:.2g}); straighten them"
        yield said, replace(cameras, lenses=(lens,) * len(cameras.lenses))


def _late(sightings: Sightings, found: Agreement) -> str | None:
    """Whether some cameras show the timestep before or behind that of the others."""
    off = off_cameras(sightings, found)
    if not len(off):
        return None
    before = by_camera(sightings, found)
    for step, way in WAYS.items():
        moved = shifted(sightings, step, off)
        again = agreement(moved)
        if again is not None:
            after = by_camera(moved, again)
            if all(after.get(index, np.inf) < BETTER * before[index] for index in off.tolist()):
                numbers = ", ".join(map(str, off.tolist()))
                of = "camera" if len(off) == 1 else "cameras"
                return f"the pictures of {of} {numbers} seem to be of the {way} timestep, against the other cameras"
    return None


def _times(lens: Lens, factor: float) -> tuple[float, ...]:
    return tuple(factor * number for number in lens.coefficients)


def _differ(one: Doubles, other: Doubles, size: Doubles) -> bool:
    return bool((np.abs(one - other) / size).max() > CLEAR)
