"""What is drawn: the avatar of the measurements and the four scenes of the targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from avatar_sizes import only_used, resized

from gpu_figures.session import Session
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.library import resolve
from splatavatar.drive.measuring.motion import SECONDS, moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

GAUSSIANS = 60_000
BETWEEN_EYES = 0.063
"""metres"""
SIGNALS = 32
WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Scene:
    """Pictures of one size that are drawn at once, over and over with other poses."""

    name: str
    cameras: list[Camera]
    pose: list[int]
    """which of the poses each camera looks at"""
    signals: list[int]
    """frames of the moving signal by which each pose is ahead of the first"""
    unit: str
    per_batch: int
    """units in what is drawn at once"""
    target: float
    """units a second, on an H200"""

    @property
    def shape(self) -> str:
        """As the tables say it."""
        camera = self.cameras[0]
        return f"{len(self.cameras)} x {camera.width}x{camera.height}"


@dataclass(frozen=True)
class Motion:
    """The built-in moving signal, and the poses of the rig that it makes."""

    avatar: Avatar
    signal: Callable[[int], PoseParameters]
    """pose of frame i, retargeted anew"""
    poses: list[PoseParameters]
    """of all frames"""

    def at(self, scene: Scene, number: int) -> list[PoseParameters]:
        """The poses of the scene at a frame, made before."""
        return [self.poses[(number + ahead) % len(self.poses)] for ahead in scene.signals]

    def retargeted(self, scene: Scene, number: int) -> list[PoseParameters]:
        """The same, made now."""
        return [self.signal(number + ahead) for ahead in scene.signals]


def measured_avatar(session: Session) -> Avatar:
    """The avatar at 60,000 Gaussians; tiny for a rehearsal."""
    avatar = load_avatar(resolve(session.avatar))
    if session.rehearse:
        return only_used(resized(avatar, 48))
    return resized(avatar, GAUSSIANS)


def motion(avatar: Avatar, rehearse: bool) -> Motion:
    """Of the built-in moving signal."""
    recording, performer = moving_signal(SECONDS), Performer(avatar, limit=None)

    def signal(number: int) -> PoseParameters:
        return performer.pose(recording.frame(number % len(recording)))

    return Motion(avatar, signal, [signal(number) for number in range(4 if rehearse else len(recording))])


def scenes(avatar: Avatar, names: Sequence[str], rehearse: bool) -> list[Scene]:
    """Those of ``names`` of the four of the targets."""
    small, large, eye, thumb = (
        ((16, 16), (32, 16), (16, 20), (16, 16)) if rehearse else ((512, 512), (1024, 1024), (2064, 2208), (256, 256))
    )
    signals = 2 if rehearse else SIGNALS
    ahead = [number * round(SECONDS * 30) // signals for number in range(signals)]
    every = [
        Scene("512", [default_camera(avatar, *small)], [0], [0], "pictures", 1, 1000.0),
        Scene("1024", [default_camera(avatar, *large)], [0], [0], "pictures", 1, 600.0),
        Scene("stereo", eyes(default_camera(avatar, *eye)), [0, 0], [0], "pairs", 1, 250.0),
        Scene(
            "batch",
            [default_camera(avatar, *thumb)] * signals,
            list(range(signals)),
            ahead,
            "pictures",
            signals,
            10_000.0,
        ),
    ]
    return [scene for scene in every if scene.name in names]


def eyes(middle: Camera) -> list[Camera]:
    """Left and right of ``middle``, parallel to it."""
    pair = []
    for side in (-1, 1):
        T = np.array(middle.T_camera_world)
        T[0, 3] -= side * BETWEEN_EYES / 2
        pair.append(replace(middle, T_camera_world=T))
    return pair
