"""A person's likeness, learnt from the pictures of a bake: ridge regression on principal components.

What the landmark detector says of each picture stands on one side, what the bake has made of expression and turn of the
head on the other. How hard the map is pulled to the mean is found by leaving out one stretch of the clip after the
other.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.avatar.likeness import Likeness, feature_distance
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.faces.face_shape import AlignedFaces, aligned, features, mean_shape
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import CAPTURE, landmarks_path, read_extraction
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.capture.tracking.observations import FACING_CAMERA
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.face.seen import seen_at
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.arkit_map import arkit_of
from splatavatar.rig.posing import head_turn
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import axis_angles, nearest_rotations

FEWEST = 30
"""pictures from which something can be learnt"""
COMPONENTS, HABITS = 32, 16
PARTS = 5
"""stretches of the clip that are left out in turn"""
PULLS = (1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
"""of the map to the mean, by the mean variance of the components. Softer ones fit a clip to its own jitter: within it
they seem better, on the held-out end of `liveportrait-d18` 0.001 instead of 0.01 for the turn costs 0.15 dB"""
APART = (slice(0, len(NAMES)), slice(len(NAMES), None))
"""outputs that have a pull of their own: coefficients and the turn"""
WITHIN = 0.95
"""share of the frames left out that are within ``reach`` of the others"""


def learn_likeness(capture: Capture, rig: Rig, parameters: RigParameters, trained: Sequence[int]) -> Likeness | None:
    """What the pictures of the timesteps ``trained`` say of the person.

    ``parameters`` are those of ``rig`` as the bake has refined them. None where the capture is no video of one camera,
    its landmarks are not kept, or it has too few pictures.

    Raises:
        CaptureError: what lies in the folder of the prepared capture is damaged.
    """
    if not os.path.isfile(capture.root / CAPTURE):
        return None
    extraction = read_extraction(capture.root)
    paths = [landmarks_path(capture.root, clip) for clip in range(len(extraction.clips))]
    if extraction.synchronised or not all(os.path.isfile(path) for path in paths):
        return None
    place = {extraction.image_name(n): chosen for n, chosen in enumerate(extraction.chosen)}
    wanted = set(trained)
    frames = [frame for frame in capture.frames if frame.timestep in wanted and frame.name in place]
    if len(frames) < FEWEST:
        return None
    clips = [Landmarks.load(path) for path in paths]
    rows = np.array([place[frame.name] for frame in frames])
    poses = [pose_parameters(rig, parameters, frame.timestep) for frame in frames]
    turn = np.stack([seen_turn(rig, pose, frame) for pose, frame in zip(poses, frames, strict=True)])
    return likeness_of(clips, rows, rig, poses, turn)


def seen_turn(rig: Rig, pose: PoseParameters, frame: Frame) -> Doubles:
    """The turn (3, 3) of the head from rig axes to right, up, back of the camera of ``frame``."""
    return np.asarray(FACING_CAMERA[:3, :3] @ frame.camera.T_camera_world[:3, :3] @ head_turn(rig, pose))


def likeness_of(
    clips: Sequence[Landmarks], rows: Longs, rig: Rig, poses: Sequence[PoseParameters], turn: Doubles
) -> Likeness:
    """Of N pictures: ``rows`` (N, 2) are clip and frame of each, ``turn`` (N, 3, 3) is ``seen_turn``."""
    points = np.stack([clips[c].points[f] for c, f in rows]).astype(np.float64)
    scores = np.stack([clips[c].scores[f] for c, f in rows]).astype(np.float64)
    shape = mean_shape(points)
    # In rig axes, so that the mean head needs no putting right.
    shape = shape @ nearest_rotations(_put_right(aligned(points, shape), turn).mean(0)[None])[0]
    faces = aligned(points, shape)
    inputs = features(faces, scores, shape)
    arkit = arkit_of(rig, np.stack([p.expression for p in poses]), np.stack([p.joint_rotations for p in poses]))
    outputs = np.concatenate([np.clip(arkit, 0.0, 1.0), axis_angles(_put_right(faces, turn))], 1)
    usual = _detected(clips, rows)
    bones = faces.bones(shape).reshape(len(rows), -1)
    _, spread, axes = np.linalg.svd(bones - bones.mean(0), full_matrices=False)
    mean, basis = _components(inputs)
    along = (inputs - mean) @ basis.T
    maps = [_ridge(along, outputs[:, part], _best_pull(inputs, outputs[:, part])) for part in APART]
    return Likeness(
        shape=shape,
        bone_axes=axes[:HABITS],
        bone_deviation=spread[:HABITS] / np.sqrt(len(rows)),
        mean=mean,
        basis=basis,
        deviation=along.std(0),
        weights=np.concatenate([weights for weights, _ in maps]),
        bias=np.concatenate([bias for _, bias in maps]),
        low=outputs.min(0),
        high=outputs.max(0),
        usual_low=usual.min(0),
        usual_high=usual.max(0),
        reach=_reach(inputs),
    )


def _put_right(faces: AlignedFaces, turn: Doubles) -> Doubles:
    """(N, 3, 3) what takes the turns of ``faces`` to ``turn``, from the right."""
    return np.asarray(faces.rotation.transpose(0, 2, 1) @ turn)


def _detected(clips: Sequence[Landmarks], rows: Longs) -> Doubles:
    """(N, 52) the coefficients of pictures as a drive finds them without a likeness, the clips played one by one."""
    found = []
    for clip in clips:
        signal = LandmarkSignal()
        found.append([signal(seen_at(clip, frame), float(clip.time[frame])).arkit for frame in range(len(clip.time))])
    return np.stack([found[c][f] for c, f in rows]).astype(np.float64)


def _components(inputs: Doubles) -> tuple[Doubles, Doubles]:
    """Mean (F) and principal components (K, F) of ``inputs`` (N, F), of which there are fewer rows than columns."""
    mean = inputs.mean(0)
    off = inputs - mean
    _, along = np.linalg.eigh(off @ off.T)
    axes = along[:, ::-1][:, : min(COMPONENTS, len(inputs) // 2)].T @ off
    return mean, axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-12)


def _ridge(along: Doubles, outputs: Doubles, pull: float) -> tuple[Doubles, Doubles]:
    """Weights (O, K) and bias (O) from ``along`` (N, K), whose mean is 0, to ``outputs`` (N, O)."""
    bias = outputs.mean(0)
    square = along.T @ along
    square += pull * np.trace(square) / len(square) * np.eye(len(square))
    return np.linalg.solve(square, along.T @ (outputs - bias)).T, bias


def _best_pull(inputs: Doubles, outputs: Doubles) -> float:
    """The hardest pull whose map of the other stretches errs on each that is left out hardly more than the best does.

    Within one standard error of the mean over the stretches, as L. Breiman and others have it ("Classification and
    Regression Trees", 1984): a clip differs from itself less than from the next.
    """
    errors = np.zeros((PARTS, len(PULLS)))
    for part, left_out in enumerate(_stretches(len(inputs))):
        mean, basis = _components(inputs[~left_out])
        known, new = ((inputs[rows] - mean) @ basis.T for rows in (~left_out, left_out))
        for n, pull in enumerate(PULLS):
            weights, bias = _ridge(known, outputs[~left_out], pull)
            errors[part, n] = float(((new @ weights.T + bias - outputs[left_out]) ** 2).mean())
    error = errors.mean(0)
    best = int(np.argmin(error))
    allowed = error[best] + float(errors[:, best].std()) / np.sqrt(PARTS)
    return max(pull for pull, one in zip(PULLS, error, strict=True) if one <= allowed)


def _reach(inputs: Doubles) -> float:
    """The distance from the others that most frames of a stretch left out have, by ``Likeness.distance``."""
    distances = []
    for left_out in _stretches(len(inputs)):
        mean, basis = _components(inputs[~left_out])
        deviation = ((inputs[~left_out] - mean) @ basis.T).std(0)
        distances.append(feature_distance(inputs[left_out] - mean, basis, deviation))
    return float(np.quantile(np.concatenate(distances), WITHIN))


def _stretches(count: int) -> list[Mask]:
    """``PARTS`` masks (N), each of frames that follow one another: neighbours know too much of each other."""
    part = np.arange(count) * PARTS // count
    return [part == number for number in range(PARTS)]
