"""What every method starts from: pictures resident on the device, the rig, and its parameters at each timestep."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.errors import RigError
from splatavatar.render.camera import Camera
from splatavatar.rig import skinning
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

GREY = 0.6
"""the background of the scores (``splatavatar.bake.scoring.metrics``)"""


@dataclass(frozen=True)
class Pose:
    """Parameters of the rig; leading dimensions, if any, are those of timesteps."""

    expression: Tensor
    """(..., E)"""
    joint_rotations: Tensor
    """(..., J, 3) axis-angle, radians"""
    translation: Tensor
    """(..., 3) metres"""

    def __getitem__(self, index: int) -> Pose:
        return Pose(self.expression[index], self.joint_rotations[index], self.translation[index])

    def stacked(self, indices: list[int]) -> Pose:
        """Those timesteps; nothing is copied to the device for it."""
        return Pose(*(torch.stack([tensor[index] for index in indices]) for tensor in vars(self).values()))

    def __len__(self) -> int:
        return len(self.expression)


@dataclass(frozen=True)
class View:
    """A camera with the tensors that rendering needs of it."""

    camera: Camera
    T_camera_world: Tensor
    """(4, 4)"""
    eye: Tensor
    """(3) centre of projection, metres"""

    @staticmethod
    def of(camera: Camera, device: torch.device) -> View:
        """``camera`` on ``device``."""
        matrix = torch.as_tensor(camera.T_camera_world, dtype=torch.float32, device=device)
        return View(camera, matrix, torch.as_tensor(camera.position, dtype=torch.float32, device=device))


@dataclass(frozen=True)
class Picture:
    """A picture to match."""

    rgba: Tensor
    """(H, W, 4) uint8, straight colour and matte"""
    view: View
    timestep: int

    def over(self, background: Tensor) -> Tensor:
        """(H, W, 3) in [0, 1] over ``background`` (3)."""
        rgba = self.rgba.float() / 255
        matte = rgba[..., 3:]
        return rgba[..., :3] * matte + (1 - matte) * background


@dataclass(frozen=True)
class Scene:
    """A capture on a device."""

    capture: Capture
    rig: Rig
    """with the identity and the template offset of the capture"""
    tensors: skinning.TensorRig
    faces: Tensor
    """(F, 3) int64"""
    poses: Pose
    """of all timesteps, as the capture has them"""
    pictures: list[Picture]
    """of the training split"""
    device: torch.device

    @property
    def extent(self) -> float:
        """Metres: 1.1 times the distance of the farthest training camera from their mean (Kerbl et al. 2023)."""
        eyes = np.stack([frame.camera.position for frame in self.capture.split("train")])
        return 1.1 * float(np.linalg.norm(eyes - eyes.mean(0), axis=1).max())

    def vertices(self, pose: Pose) -> Tensor:
        """(..., V, 3) posed vertices, metres."""
        return skinning.pose(self.tensors, pose.expression, pose.joint_rotations, pose.translation)


def load_scene(folder: Path, device: torch.device) -> Scene:
    """Reads the capture in ``folder``; the pictures of its training split go to ``device``.

    Raises:
        CaptureError: it cannot be read.
        RigError: it has no rig parameters.
    """
    capture = read_capture(folder)
    parameters = capture.rig_parameters
    if parameters is None:
        raise RigError(f"{folder}: the comparison needs a capture with rig parameters (rig_params.npz)")
    rig = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    motion = RigMotion(rig, parameters)
    poses = Pose(motion.expression.to(device), motion.joint_rotations.to(device), motion.translation.to(device))
    pictures = [
        Picture(torch.from_numpy(target.rgba).to(device), View.of(target.camera, device), target.timestep)
        for target in load_targets(capture.split("train"))
    ]
    tensors = skinning.tensor_rig(rig, torch.float32, device)
    faces = torch.from_numpy(rig.faces).long().to(device)
    return Scene(capture, rig, tensors, faces, poses, pictures, device)


class Pace:
    """How far training is: a share of the seconds, or of the steps, that it was given."""

    def __init__(self, seconds: float, steps: int | None = None, began: float | None = None) -> None:
        """``steps`` replaces ``seconds``; ``began`` is the ``time.monotonic()`` from which the seconds count."""
        self.seconds, self.steps = seconds, steps
        self.began = time.monotonic() if began is None else began

    def progress(self, step: int) -> float:
        """In [0, 1], before step number ``step`` (from 0)."""
        if self.steps is not None:
            return min(step / self.steps, 1.0)
        return min((time.monotonic() - self.began) / self.seconds, 1.0)


class Shuffled:
    """Indices of pictures: all of them in a random order, then all again in another."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.random = count, np.random.default_rng(seed)
        self.order: list[int] = []

    def take(self, number: int) -> list[int]:
        """The next ``number`` of them."""
        while len(self.order) < number:
            self.order += self.random.permutation(self.count).tolist()
        taken, self.order = self.order[:number], self.order[number:]
        return taken


def exponential(start: float, end: float, share: float) -> float:
    """A learning rate, log-linear from ``start`` to ``end`` while ``share`` goes from 0 to 1, then constant."""
    return float(start * (end / start) ** min(max(share, 0.0), 1.0))
