"""What a drive shows of pictures of a video, for scores: the code of a drive, the head put where the camera sees it.

A drive shows a head from anywhere; where it is in the picture of the camera is not what it is for. So the place of the
whole rig, and nothing else, is solved from the landmarks before pictures are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.limits import DEFAULT_LIMIT
from splatavatar.capture.capture import Frame
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import landmarks_path, read_extraction
from splatavatar.capture.tracking.landmark_model import IRIS, OVAL
from splatavatar.capture.tracking.observations import FACING_CAMERA
from splatavatar.drive.face.likeness_signal import reading_of
from splatavatar.drive.face.seen import seen_at
from splatavatar.drive.performer import Performer
from splatavatar.render.camera import Camera
from splatavatar.rig.posing import head_turn, pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import axis_angles, rotation_matrices

ROUNDS = 3
"""of solving for the place, with less weight to what lay off it"""
OUTLIER = 3.0
"""medians of the distance at which a landmark has lost three quarters of its weight"""


def driven_poses(
    avatar: Avatar, folder: Path, frames: Sequence[Frame], habits: Doubles, who: str
) -> list[PoseParameters]:
    """The parameters of the rig by which a drive as ``who`` shows ``frames``, which were extracted into ``folder``.

    The landmarks of all frames there go through what reads them for a drive, in order, then through ``Performer``;
    neither idle life nor the filter, as where a file is played frame by frame. ``habits`` (L, 3) or (1, 3), metres, are
    those of ``LandmarkFit.habits``.

    Raises:
        CaptureError: what lies in ``folder`` is damaged.
        SettingsError: see ``reading_of``.
    """
    extraction = read_extraction(folder)
    read, performer = reading_of(avatar, who), Performer(avatar, limit=DEFAULT_LIMIT)
    clips = [Landmarks.load(landmarks_path(folder, clip)) for clip in range(len(extraction.clips))]
    signals = []
    for clip in clips:
        sights = [(seen_at(clip, frame), float(time)) for frame, time in enumerate(clip.time)]
        reader = read(sights)
        signals.append([reader(face, time) for face, time in sights])
    place = {extraction.image_name(number): number for number in range(len(extraction.chosen))}
    poses = []
    for frame in frames:
        number = place[frame.name]
        take, index = extraction.chosen[number]
        signal, seen, window = signals[take][index], clips[take], extraction.windows[number]
        # The drive's camera is straight ahead of the rig, that of the bake may not be.
        turn = (FACING_CAMERA @ frame.camera.T_camera_world)[:3, :3]
        straight = turn.T @ rotation_matrices(signal.head_rotation.astype(np.float64))
        pose = performer.pose(replace(signal, head_rotation=axis_angles(straight).astype(np.float32)))
        left, top, _, _ = window.rectangle(seen.width, seen.height)
        pixels = (seen.points[index, :, :2].astype(np.float64) - [window.x, window.y]) * window.scale - [left, top]
        poses.append(placed(avatar.rig, pose, habits, frame.camera, pixels))
    return poses


def placed(rig: Rig, pose: PoseParameters, habits: Doubles, camera: Camera, pixels: Doubles) -> PoseParameters:
    """``pose`` with the translation at which the landmarks of ``rig`` are seen nearest to ``pixels`` (L, 2).

    Linear least squares in the ray of each landmark, reweighted by Geman-McClure.
    """
    still = replace(pose, translation=np.zeros(3, np.float32))
    points = rig.landmarks["mediapipe"]
    corners = pose_numpy(rig, still).astype(np.float64)[rig.faces[points.face]]
    world = np.einsum("lk,lki->li", points.barycentric.astype(np.float64), corners) + habits @ head_turn(rig, pose).T
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    base = world @ R.T + t
    ray = (pixels - camera.K[:2, 2]) / camera.K[[0, 1], [0, 1]]
    matrix = np.zeros((len(base), 2, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = 1.0
    matrix[:, :, 2] = -ray
    wanted = ray * base[:, 2:] - base[:, :2]
    trust = np.ones(len(base))
    trust[IRIS], trust[list(OVAL)] = 0.5, 0.25
    weight, way = trust, np.zeros(3)
    for _ in range(ROUNDS):
        root = np.sqrt(weight)[:, None]
        way = np.linalg.lstsq((matrix * root[..., None]).reshape(-1, 3), (wanted * root).ravel(), rcond=None)[0]
        off = np.linalg.norm(matrix @ way - wanted, axis=1)
        weight = trust / (1 + (off / max(OUTLIER * float(np.median(off)), 1e-12)) ** 2) ** 2
    return replace(pose, translation=(R.T @ way).astype(np.float32))
