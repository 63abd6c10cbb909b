"""A person who is not there: the real rig, moved as told, and where a landmark detector would see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.solve import Motion
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import rotation_matrices

FOCAL, CENTRE = 1100.0, np.array([320.0, 240.0])
NOISE = 0.003
"""of a landmark, in eye spans"""
TURN_NOISE = 0.03
"""radians, of the turn that the detector tells"""
MOVING = tuple(INDEX[n] for n in ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight"))


@dataclass(frozen=True)
class Take:
    """T timesteps before C cameras: the truth and what is seen of it."""

    rig: Rig
    expression: np.ndarray
    """(T, E)"""
    turn: np.ndarray
    """(T, 3) axis-angle of the head, radians"""
    translation: np.ndarray
    """(T, 3) metres"""
    T_camera_rig: np.ndarray
    """(C, 4, 4)"""
    points: np.ndarray
    """(T, L, 3) metres, landmarks in the rig's world"""
    seen: Observations

    def in_camera(self, camera: int = 0) -> np.ndarray:
        """(T, L, 3) landmarks."""
        T = self.T_camera_rig[camera]
        return np.asarray(self.points @ T[:3, :3].T + T[:3, 3])

    def lenses(self, **changes: bool) -> Lenses:
        """The cameras as they are; ``changes`` free some of their parameters."""
        free = {"free_focal": False, "free_scale": False, "free_place": False} | changes
        C = len(self.T_camera_rig)
        return Lenses(self.T_camera_rig.copy(), np.full(C, FOCAL), np.tile(CENTRE, (C, 1)), **free)


def movement(steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expression (T, 52), turn (T, 3) and translation (T, 3) of a head that looks about, speaks, smiles and blinks."""
    phase = 2 * np.pi * np.arange(steps) / 50
    expression = np.zeros((steps, 52))
    expression[:, INDEX["jawOpen"]] = 0.25 * (1 - np.cos(3 * phase))
    smile = np.clip(np.sin(phase), 0, None)[:, None]
    expression[:, [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]] = 0.7 * smile
    blink = (np.arange(steps) % 20 >= 14) & (np.arange(steps) % 20 <= 17)
    for lid in ("eyeBlinkLeft", "eyeBlinkRight"):
        expression[blink, INDEX[lid]] = 0.9
    turn = np.stack([0.12 * np.sin(1.3 * phase), 0.4 * np.sin(phase), 0.08 * np.cos(phase)], 1)
    shift = np.stack([0.01 * np.sin(phase), 0.005 * np.cos(2 * phase), 0.01 * np.sin(0.7 * phase)], 1)
    return expression, turn, shift


def take(
    rig: Rig,
    expression: np.ndarray,
    turn: np.ndarray,
    translation: np.ndarray,
    T_camera_rig: np.ndarray | None = None,
    noise: float = NOISE,
    seed: int = 0,
) -> Take:
    """``rig`` in motion; without cameras there is one, 70 cm in front of the face."""
    rng = np.random.default_rng(seed)
    surface, T = rig.landmarks["mediapipe"], len(expression)
    points = np.empty((T, len(surface.face), 3))
    pose = PoseParameters.neutral(rig)
    for t in range(T):
        pose.expression[:], pose.translation[:] = expression[t], translation[t]
        for joint, share in rig.head_chain:
            pose.joint_rotations[joint] = share * turn[t]
        corners = pose_numpy(rig, pose)[rig.faces[surface.face]]
        points[t] = np.einsum("lkj,lk->lj", corners, surface.barycentric)
    if T_camera_rig is None:
        T_camera_rig = facing(rig)[None]
    C = len(T_camera_rig)
    timestep, camera = np.repeat(np.arange(T), C), np.tile(np.arange(C), T)
    at = np.einsum("nij,nlj->nli", T_camera_rig[camera][:, :3, :3], points[timestep])
    at += T_camera_rig[camera][:, None, :3, 3]
    pixels = FOCAL * at[..., :2] / at[..., 2:] + CENTRE
    span = np.median(np.linalg.norm(pixels[:, 33] - pixels[:, 263], axis=1))
    pixels += rng.normal(0, noise * span, pixels.shape)
    heads = rotation_matrices(rng.normal(0, TURN_NOISE, (T * C, 3))) @ rotation_matrices(turn)[timestep]
    rotation = np.diag([1.0, -1.0, -1.0]) @ T_camera_rig[camera][:, :3, :3] @ heads
    # Scores are half as large as the coefficients, and a brow that never moves is scored all the same.
    scores = (0.5 * expression[timestep] + rng.normal(0, 0.03, (T * C, 52))).clip(0, 1)
    scores[:, INDEX["browInnerUp"]] += 0.3
    linked = np.arange(T) > 0
    seen = Observations(timestep, camera, pixels, rotation, scores, linked)
    return Take(rig, expression, turn, translation, T_camera_rig, points, seen)


def facing(rig: Rig, distance: float = 0.7, yaw: float = 0.0) -> np.ndarray:
    """(4, 4) T_camera_rig of a camera that looks at the face from ``yaw`` radians to the subject's left."""
    surface = rig.landmarks["mediapipe"]
    centre = np.einsum("lkj,lk->j", rig.template[rig.faces[surface.face]], surface.barycentric) / len(surface.face)
    T = FACING_CAMERA.copy()
    T[:3, :3] = T[:3, :3] @ rotation_matrices(np.array([0.0, -yaw, 0.0]))
    T[:3, 3] = np.array([0, 0, distance]) - T[:3, :3] @ centre
    return T


def placed(rig: Rig, motion: Motion, T_camera_rig: np.ndarray) -> np.ndarray:
    """(T, L, 3) landmarks in a camera, of ``rig`` in ``motion``."""
    still = take(rig, motion.expression, motion.head_rotation, motion.translation, T_camera_rig[None], 0.0)
    return still.in_camera()


def without_scale(points: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """``points`` (T, L, 3) with the one size and the one distance from the camera that fit ``truth`` best.

    A camera alone cannot tell a large head from a near one.
    """
    return np.asarray(points * ((points * truth).sum() / (points**2).sum()))
