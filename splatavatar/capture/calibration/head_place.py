"""Where the head is in the world of known cameras, how large, and which way it looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.calibration.agreement import Agreement
from splatavatar.capture.calibration.known_cameras import KnownCameras
from splatavatar.capture.calibration.sightings import STEADY
from splatavatar.rig.rig import Rig
from splatavatar.rotations import nearest_rotations

RADIUS = 0.09
"""metres from the middle of a head that nobody photographs from"""
BEHIND = 0.07
"""metres from the middle of the landmarks of the face back to that of the head"""
TOGETHER = 0.05
"""radians that cameras lie apart, seen from the head, below which they see no depth"""
NAMES = ("X", "Y", "Z")


@dataclass(frozen=True)
class HeadPlace:
    """The mean head, laid over the landmarks that the cameras saw."""

    unit: float
    """metres that one unit of the world comes to, if the head is of mean size"""
    rotation: Doubles
    """(3, 3) from rig axes to those of the world"""
    centre: Doubles
    """(3) of the head, world"""

    @staticmethod
    def of(found: Agreement, mean: Rig) -> HeadPlace | None:
        """By all faces that were ``found``; None where their landmarks are nowhere."""
        surface = mean.landmarks["mediapipe"]
        corners = mean.template[mean.faces[surface.face[list(STEADY)]]].astype(np.float64)
        wanted = np.einsum("lkj,lk->lj", corners, surface.barycentric[list(STEADY)].astype(np.float64))
        middle = wanted.mean(0)
        rotations, sizes, centres = [], [], []
        for meeting in found.meetings:
            if not np.isfinite(meeting.points).all():
                continue
            at = np.median(meeting.points, 0)
            moved = meeting.points - meeting.points.mean(0)
            rotation = nearest_rotations(moved.T @ (wanted - middle))
            size = float(np.median(np.linalg.norm(moved, axis=1)) / np.median(np.linalg.norm(wanted - middle, axis=1)))
            if size > 0:
                rotations.append(rotation)
                sizes.append(size)
                centres.append(at - rotation @ [0, 0, BEHIND * size])
        if not sizes:
            return None
        rotation = nearest_rotations(np.sum(rotations, 0))
        return HeadPlace(1 / float(np.median(sizes)), rotation, np.median(centres, 0))

    def inside(self, cameras: KnownCameras) -> list[int]:
        """The numbers of the ``cameras`` that stand in the head."""
        away = np.linalg.norm(cameras.positions - self.centre, axis=1) * self.unit
        return [int(number) for number in np.flatnonzero(away < RADIUS)]

    def together(self, cameras: KnownCameras) -> bool:
        """Whether the head is seen from one place alone."""
        towards = cameras.positions - self.centre
        towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
        return bool(np.arccos(np.clip(towards @ towards.T, -1, 1)).max() < TOGETHER)


def named_direction(direction: Doubles) -> str:
    """The axis of the world nearest to ``direction`` (3), such as ``+Z``, and by how much it is off."""
    unit = direction / np.linalg.norm(direction)
    axis = int(np.abs(unit).argmax())
    degrees = float(np.degrees(np.arccos(min(1.0, abs(float(unit[axis]))))))
    return f"{'+' if unit[axis] > 0 else '-'}{NAMES[axis]}" + (f" ({degrees:.0f} degrees off)" if degrees >= 5 else "")
