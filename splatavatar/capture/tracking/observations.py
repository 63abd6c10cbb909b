"""Landmarks as a fit sees them: pixels of timesteps in cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Longs

FACING_CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])
"""T_camera_rig of a camera at the origin that looks at a face looking at it"""


@dataclass(frozen=True)
class Observations:
    """N detections of one face, ordered by timestep."""

    timestep: Longs
    """(N) from 0 to T - 1, ascending; every timestep occurs"""
    camera: Longs
    """(N) from 0 to C - 1"""
    pixels: Doubles
    """(N, L, 2)"""
    rotation: Doubles
    """(N, 3, 3) the detector's idea of how the head is turned, seen from the camera: rig axes to (right, up, back)"""
    scores: Doubles
    """(N, E) the detector's idea of the expression coefficients of the rig"""
    linked: NDArray[np.bool_]
    """(T) whether a timestep follows the one before it by one frame of the same clip"""

    @property
    def timesteps(self) -> int:
        """T."""
        return len(self.linked)

    @property
    def span(self) -> Doubles:
        """The pixels (N) between the outer corners of the eyes of a face seen from the front: the unit of all errors.

        From the size of the whole face, which a turned head keeps: the height between brows and chin, at the mean ratio
        over the frames that are seen squarely.
        """
        eyes = np.linalg.norm(self.pixels[:, 33] - self.pixels[:, 263], axis=1)
        yaw = np.abs(np.arctan2(self.rotation[:, 0, 2], self.rotation[:, 2, 2]))
        return np.asarray(eyes / np.maximum(np.cos(yaw), 0.35))

    def of_timesteps(self, chosen: Longs) -> Observations:
        """The observations of the timesteps ``chosen`` (ascending), renumbered from 0; none of them is linked."""
        place = np.full(self.timesteps, -1)
        place[chosen] = np.arange(len(chosen))
        rows = np.flatnonzero(place[self.timestep] >= 0)
        return Observations(
            place[self.timestep[rows]],
            self.camera[rows],
            self.pixels[rows],
            self.rotation[rows],
            self.scores[rows],
            np.zeros(len(chosen), bool),
        )

    def part(self, start: int, stop: int) -> Observations:
        """The observations of the timesteps from ``start`` to before ``stop``, renumbered from 0."""
        rows = slice(*np.searchsorted(self.timestep, [start, stop]))
        return Observations(
            self.timestep[rows] - start,
            self.camera[rows],
            self.pixels[rows],
            self.rotation[rows],
            self.scores[rows],
            self.linked[start:stop],
        )


@dataclass(frozen=True)
class Lenses:
    """C cameras, and which of their parameters a fit may change."""

    T_camera_rig: Doubles
    """(C, 4, 4)"""
    focal: Doubles
    """(C) pixels"""
    centre: Doubles
    """(C, 2) principal points, pixels"""
    free_focal: bool
    """one unknown factor for all"""
    free_scale: bool
    """the distances between the cameras are known up to one factor"""
    free_place: bool
    """where the cameras stand is not known, but for the first"""

    @property
    def moved(self) -> int:
        """How many of the cameras have a turn and a place to be found; of a camera that goes round a head, and is known
        in every picture, none of thousands."""
        return len(self.focal) - 1 if self.free_place else 0
