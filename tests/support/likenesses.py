"""Clips of people who are not there, as a landmark detector would see them, and the likeness that a bake learns."""

from __future__ import annotations

from functools import cache

import numpy as np

from splatavatar.avatar.likeness import Likeness
from splatavatar.bake.likeness import likeness_of
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.tracking.observations import FACING_CAMERA
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import rotation_matrices
from support.synthetic_track import FOCAL, Take, movement, take

FPS = 25.0
STEPS = 200
ADA, BOB = {"gender": 0.1, "age": 0.6, "weight": 0.35}, {"gender": 0.9, "age": 0.75, "weight": 0.8}
"""two people by their phenotypes"""
ASKEW = np.array([0.06, -0.03, 0.02])
"""radians by which the turn that the detector tells is off"""


@cache
def person(name: str) -> Rig:
    """The rig of ``ada`` or ``bob``."""
    return load_rig("anny-head", ADA if name == "ada" else BOB)


@cache
def filmed(name: str, first: int = 0, steps: int = STEPS) -> tuple[Take, Landmarks]:
    """The frames from ``first`` on of somebody who looks about, speaks, smiles and blinks, and what is seen of them."""
    expression, turn, shift = (values[first:] for values in movement(first + steps))
    taken = take(person(name), expression, 0.5 * turn, shift, seed=first)
    at = taken.in_camera()
    depth = FOCAL * (at[..., 2] / at[:, :, 2].mean(1, keepdims=True) - 1)
    transform = np.tile(np.eye(4, dtype=np.float32), (steps, 1, 1))
    transform[:, :3, :3] = rotation_matrices(0.5 * turn) @ rotation_matrices(ASKEW)
    transform[:, :3, 3] = (0, 0, -50)
    return taken, Landmarks(
        time=np.arange(steps) / FPS,
        found=np.ones(steps, bool),
        points=np.concatenate([taken.seen.pixels, depth[..., None]], -1).astype(np.float32),
        scores=taken.seen.scores.astype(np.float32).clip(0, 1),
        transform=transform,
        faces=np.ones(steps, np.int32),
        sharpness=np.full(steps, 100.0, np.float32),
        brightness=np.full(steps, 0.5, np.float32),
        width=640,
        height=480,
    )


def poses_of(taken: Take) -> list[PoseParameters]:
    """How the rig stood."""
    out = []
    for expression, turn, shift in zip(taken.expression, taken.turn, taken.translation, strict=True):
        pose = PoseParameters.neutral(taken.rig)
        pose.expression[:], pose.translation[:] = expression, shift
        for joint, share in taken.rig.head_chain:
            pose.joint_rotations[joint] = share * turn
        out.append(pose)
    return out


def turns_of(taken: Take) -> np.ndarray:
    """(T, 3, 3) how the camera sees the heads turned."""
    return np.asarray(FACING_CAMERA[:3, :3] @ taken.T_camera_rig[0, :3, :3] @ rotation_matrices(taken.turn))


@cache
def likeness(name: str = "ada") -> Likeness:
    """What a bake learns of all frames of ``filmed``."""
    taken, landmarks = filmed(name)
    rows = np.stack([np.zeros(STEPS, np.int64), np.arange(STEPS)], 1)
    return likeness_of([landmarks], rows, taken.rig, poses_of(taken), turns_of(taken))
