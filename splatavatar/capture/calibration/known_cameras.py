"""Known cameras as arrays, and the rays of what they saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.capture import Capture
from splatavatar.capture.lens import Lens


@dataclass(frozen=True)
class KnownCameras:
    """C cameras as a capture has them; one that moves is several."""

    T_camera_world: Doubles
    """(C, 4, 4)"""
    focal: Doubles
    """(C, 2) pixels, across and down"""
    centre: Doubles
    """(C, 2) principal points, pixels"""
    size: Doubles
    """(C, 2) width and height of the picture, pixels"""
    lenses: tuple[Lens | None, ...]
    """(C) what bends rays on their way to the stored picture"""

    @staticmethod
    def of(capture: Capture) -> KnownCameras:
        """The cameras of ``capture`` in the order of ``lens_numbers``."""
        numbers = lens_numbers(capture)
        frames = [capture.frames[numbers.index(number)] for number in range(1 + max(numbers))]
        cameras = [frame.camera for frame in frames]
        return KnownCameras(
            np.stack([camera.T_camera_world for camera in cameras]),
            np.array([np.diag(camera.K)[:2] for camera in cameras]),
            np.array([camera.K[:2, 2] for camera in cameras]),
            np.array([(camera.width, camera.height) for camera in cameras], np.float64),
            tuple(frame.lens for frame in frames),
        )

    @property
    def positions(self) -> Doubles:
        """(C, 3) in the world."""
        T = self.T_camera_world
        return np.asarray(-np.einsum("cji,cj->ci", T[:, :3, :3], T[:, :3, 3]))

    def stored(self, camera: Longs, pixels: Doubles) -> Doubles:
        """Where in stored pictures the ``pixels`` (N, L, 2) of pinholes are, of the cameras ``camera`` (N)."""
        tangents = (pixels - self.centre[camera][:, None]) / self.focal[camera][:, None]
        return np.asarray(
            self._lensed(camera, tangents, False) * self.focal[camera][:, None] + self.centre[camera][:, None]
        )

    def pinhole(self, camera: Longs, pixels: Doubles) -> Doubles:
        """The inverse of ``stored``."""
        return self.tangents(camera, pixels) * self.focal[camera][:, None] + self.centre[camera][:, None]

    def tangents(self, camera: Longs, pixels: Doubles) -> Doubles:
        """The rays (N, L, 2), by their tangents right and down of the axis, of ``pixels`` (N, L, 2) of stored
        pictures."""
        return self._lensed(camera, (pixels - self.centre[camera][:, None]) / self.focal[camera][:, None], True)

    def _lensed(self, camera: Longs, tangents: Doubles, straightened: bool) -> Doubles:
        out = tangents.astype(np.float64)
        for lens in {id(lens): lens for lens in self.lenses if lens is not None}.values():
            rows = np.flatnonzero([self.lenses[c] is lens for c in camera])
            if len(rows):
                places = out[rows].reshape(-1, 2)
                places = lens.straightened(places) if straightened else lens.bent(places)
                out[rows] = places.reshape(out[rows].shape)
        return out


def lens_numbers(capture: Capture) -> list[int]:
    """The number of the camera that each frame was taken with: by ascending camera index, then where one moves by its
    places."""
    keys = [
        (frame.camera_index, frame.camera.T_camera_world.tobytes(), frame.camera.K.tobytes())
        for frame in capture.frames
    ]
    # In the order of the frames within a camera index, which stays the same wherever the world is placed.
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    order = {key: number for number, key in enumerate(sorted(first, key=lambda key: (key[0], first[key])))}
    return [order[key] for key in keys]
