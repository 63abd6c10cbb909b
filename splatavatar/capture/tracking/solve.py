"""From landmarks to rig parameters: who it is, and what the head did in every timestep."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.tracking.fit import LandmarkFit
from splatavatar.capture.tracking.landmark_model import IRIS, LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.person import TrackedPerson, person
from splatavatar.capture.tracking.personal_expressions import personal_expressions
from splatavatar.capture.tracking.shape_prior import ShapePrior
from splatavatar.capture.tracking.unknowns import Head
from splatavatar.progress import ShareProgress
from splatavatar.rig.rig import Rig
from splatavatar.rotations import axis_angles, rotation_matrices

PICTURES, FEWEST_TIMESTEPS = 48, 12
"""pictures from which shape and focal length are found: more add time, not knowledge"""
GRIMACES = 72
"""pictures from which the person's own expressions are learnt"""
STRETCH, OVERLAP = 4000, 30
"""timesteps whose motion is solved at once, each of which takes 190 kB meanwhile; and those before and behind that are
solved along with them, and again with their own: what is farther away does not count"""


@dataclass(frozen=True)
class Motion:
    """T timesteps of a head."""

    expression: Doubles
    """(T, E)"""
    head_rotation: Doubles
    """(T, 3) axis-angle of the head against the torso, rig axes"""
    translation: Doubles
    """(T, 3) metres, of the whole rig"""
    reprojection: Doubles
    """(N) median distance between detected and fitted landmarks of each observation, in eye spans"""


@dataclass(frozen=True)
class Track:
    """A person, the cameras and the motion."""

    person: TrackedPerson
    habits: Doubles
    """(L, 3) metres: see ``LandmarkFit.habits``"""
    lenses: Lenses
    motion: Motion


def track(mean: Rig, observations: Observations, lenses: Lenses, progress: ShareProgress | None = None) -> Track:
    """Everything, from the landmarks alone.

    ``mean`` is the ``arkit_form`` of the rig of nobody in particular; ``lenses`` say what is known of the cameras.
    """
    told = progress or (lambda done: None)
    prior = ShapePrior.of(mean)
    told(0.1)
    some = observations.of_timesteps(_keyframes(observations))
    first = LandmarkFit(LandmarkModel.of(mean, prior), some)
    head = first.fit_shape(first.start(lenses))
    told(0.5)
    someone = person(mean, prior, head.shape)
    model = LandmarkModel.of(someone.rig, None)
    again = LandmarkFit(model, some)
    settled = again.fit_motion(replace(head, shape=np.zeros(0)))
    habits = again.habits(settled)
    lenses = _facing(head.lenses, settled, model, some)
    told(0.55)
    more = observations.of_timesteps(_keyframes(observations, GRIMACES))
    someone = someone.expressing(personal_expressions(someone.rig, habits, more, lenses))
    told(0.6)
    return Track(someone, habits, lenses, track_motion(someone.rig, habits, observations, lenses))


def place_camera(rig: Rig, observations: Observations, lenses: Lenses) -> Lenses:
    """The focal length and the place of one camera before a known person, whose ``rig`` is an ``arkit_form``."""
    some = observations.of_timesteps(_keyframes(observations))
    model = LandmarkModel.of(rig, None)
    fit = LandmarkFit(model, some)
    head = fit.fit_shape(fit.start(lenses))
    return _facing(head.lenses, head, model, some)


def track_motion(rig: Rig, habits: Doubles, observations: Observations, lenses: Lenses) -> Motion:
    """The motion of a known person, whose ``rig`` is an ``arkit_form``, in front of known cameras."""
    model = LandmarkModel.of(rig, None)
    model = replace(model, base=model.base + habits)
    fit = LandmarkFit(model, observations)
    known = replace(lenses, free_focal=False, free_scale=False, free_place=False)
    found = [_stretch(fit, known, start) for start in range(0, observations.timesteps, STRETCH)]
    expression, rotation, moved, errors = (np.concatenate(parts) for parts in zip(*found, strict=True))
    head_rotation = axis_angles(rotation)
    at_rest = model.pivot + carried(rig, head_rotation, model.pivot)
    return Motion(expression, head_rotation, model.pivot + moved - at_rest, errors)


def _stretch(fit: LandmarkFit, lenses: Lenses, start: int) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """What ``fit`` finds of the ``STRETCH`` timesteps from ``start`` on: expressions, turns and ways of the head, and
    the median error of each of their observations."""
    stop = min(start + STRETCH, fit.observations.timesteps)
    first = max(start - OVERLAP, 0)
    part = fit.part(first, min(stop + OVERLAP, fit.observations.timesteps))
    head = part.fit_motion(part.start(lenses))
    kept = slice(start - first, stop - first)
    rows = slice(*np.searchsorted(part.observations.timestep, [kept.start, kept.stop]))
    errors = np.median(part.errors(head)[rows, : IRIS.start], 1)
    return head.expression[kept], head.rotation[kept], head.translation[kept], errors


def joint_rotations(rig: Rig, head_rotation: Doubles) -> dict[str, Doubles]:
    """The rotations (T, 3) by joint name: ``head_rotation`` (T, 3) shared out over the neck."""
    return {rig.joint_names[joint]: share * head_rotation for joint, share in rig.head_chain}


def _keyframes(observations: Observations, pictures: int = PICTURES) -> Longs:
    """Timesteps, in all of ``pictures``, that differ in turn and expression, each the farthest from those before it."""
    views = len(observations.timestep) / observations.timesteps
    count = max(int(pictures / views), FEWEST_TIMESTEPS)
    if observations.timesteps <= count:
        return np.arange(observations.timesteps)
    first = np.searchsorted(observations.timestep, np.arange(observations.timesteps))
    features = np.concatenate(
        [2.0 * observations.rotation[first].reshape(len(first), 9), observations.scores[first]], 1
    )
    chosen, distance = [0], np.full(len(first), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, ((features - features[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(distance.argmax()))
    return np.array(sorted(chosen))


def _facing(lenses: Lenses, head: Head, model: LandmarkModel, observations: Observations) -> Lenses:
    """The cameras where the rig is where its torso is: the mean place, turned about the upright as the mean head.

    What is known of the cameras stays. A single camera, and cameras placed by the head alone, have no other world;
    takes of one camera have a world each.
    """
    if not lenses.free_focal:
        return lenses
    T_camera_rig = lenses.T_camera_rig.copy()
    first = np.searchsorted(observations.timestep, np.arange(observations.timesteps))
    world = np.zeros(observations.timesteps, int) if lenses.free_place else observations.camera[first]
    for w in np.unique(world):
        rows = world == w
        forward = head.rotation[rows][:, :, 2].mean(0)
        turn = rotation_matrices(np.array([0.0, np.arctan2(forward[0], forward[2]), 0.0]))
        centre = np.median(model.pivot + head.translation[rows], 0)
        T_old_new = np.eye(4)
        T_old_new[:3, :3], T_old_new[:3, 3] = turn, centre - turn @ model.pivot
        cameras = slice(None) if lenses.free_place else w
        T_camera_rig[cameras] = T_camera_rig[cameras] @ T_old_new
    return replace(lenses, T_camera_rig=T_camera_rig)


def carried(rig: Rig, head_rotation: Doubles, point: Doubles) -> Doubles:
    """The way (T, 3) that ``point`` (3), fixed to the head, is carried from its rest place by a turn of the neck."""
    chain = {joint: share for joint, share in rig.head_chain}
    line = [rig.head_joint]
    while rig.parents[line[-1]] >= 0:
        line.append(int(rig.parents[line[-1]]))
    at = np.broadcast_to(point, head_rotation.shape)
    for joint in line:  # from the head down: each joint turns what lies above it
        turn = rotation_matrices(chain.get(joint, 0.0) * head_rotation)
        at = np.einsum("tij,tj->ti", turn, at - rig.joints[joint]) + rig.joints[joint]
    return np.asarray(at - point)
