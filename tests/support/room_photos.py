"""Photos of the sample's head in an armchair in a room, whose texture is the same from wherever it is seen.

Walls, floor, chair and shirt are boxes and an ellipsoid, cut with the ray of each pixel of the known cameras; what they
show is noise of several scales that fills space, read where the ray meets them. The head is laid over it by its matte.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from splatavatar.array_types import Doubles
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Frame
from splatavatar.capture.images import load_frame
from splatavatar.pictures import write_picture
from splatavatar.render.camera import Camera

CHAIR = (
    ((-0.36, -0.6, -0.20), (0.36, 0.36, -0.16)),
    ((-0.36, -0.6, -0.20), (-0.32, 0.40, 0.06)),
    ((0.32, -0.6, -0.20), (0.36, 0.40, 0.06)),
)
"""lowest and highest corner of back and wings, metres in the rig frame"""
ROOM = ((-2.2, -1.1, -1.8), (2.4, 1.5, 3.0))
SHIRT = ((0.0, -0.12, -0.01), (0.2, 0.12, 0.11))
"""centre and half axes"""
ORIENTATION, EXIF, FOCAL_LENGTH_35MM = 0x0112, 0x8769, 0xA405
"""tags of EXIF"""
ON_ITS_SIDE = 6
"""the first row of the file is the right side of the picture"""
FILM = 36.0
"""millimetres, the longer side of film"""
WAVES = (0.003, 0.006, 0.012, 0.025)
"""lengths of the waves of the noise, metres; on the walls, which are farther, four times as long"""


def moment(source: Path, timestep: int = 0) -> list[Frame]:
    """The frames of one timestep of the capture in ``source``, by camera."""
    frames = [frame for frame in read_capture(source).frames if frame.timestep == timestep]
    return sorted(frames, key=lambda frame: frame.camera_index)


def room_picture(camera: Camera) -> np.ndarray:
    """(H, W, 3) uint8 of the room without anybody in it."""
    columns, rows = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    pixels = np.stack([columns, rows, np.ones_like(rows)], -1).reshape(-1, 3)
    rays = pixels @ np.linalg.inv(camera.K).T @ camera.T_camera_world[:3, :3]
    eye = camera.position
    far = _box(eye, rays, *ROOM)[1]
    hits = [far, _ellipsoid(eye, rays, *SHIRT), *(_entered(eye, rays, *box) for box in CHAIR)]
    which = np.argmin(hits, axis=0)
    points = eye + rays * np.min(hits, axis=0)[:, None]
    grey = np.empty((len(rays), 2))
    for walls in (True, False):
        here = (which == 0) == walls
        grey[here] = _noise(points[here] / (4 if walls else 1))
    tints = np.array([[0.55, 0.60, 0.62], [0.25, 0.35, 0.62], [0.62, 0.42, 0.25], [0.58, 0.44, 0.25], [0.6, 0.4, 0.3]])
    colour = tints[which] * (1 + 0.7 * grey[:, :1]) + 0.15 * grey[:, 1:] * np.array([1, 0, -1])
    return np.asarray(np.clip(colour * 255, 0, 255).reshape(camera.height, camera.width, 3), np.uint8)


def write_photos(source: Path, folder: Path, cameras: Sequence[int] = range(10), phone: bool = False) -> list[Frame]:
    """Writes a photo of each of ``cameras`` at the first timestep of ``source`` to ``folder``; returns the true frames.

    Those of a ``phone`` are JPEG stored on their side, with EXIF that says so and what lens on film
    shows as much; others say nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames = [frame for frame in moment(source) if frame.camera_index in cameras]
    for frame in frames:
        image, matte = load_frame(frame)[:2]
        share = (np.asarray(matte, np.float64) / 255)[..., None]
        picture = np.asarray(image * share + room_picture(frame.camera) * (1 - share) + 0.5, np.uint8)
        if not phone:
            write_picture(folder / photo_name(frame), picture)
            continue
        exif = Image.Exif()
        exif[ORIENTATION] = ON_ITS_SIDE
        exif.get_ifd(EXIF)[FOCAL_LENGTH_35MM] = round(float(frame.camera.K[0, 0]) / frame.camera.width * FILM)
        Image.fromarray(np.rot90(picture)).save(folder / photo_name(frame, ".jpg"), quality=95, exif=exif)
    return frames


def photo_name(frame: Frame, suffix: str = ".png") -> str:
    """The name of the photo of a frame."""
    return f"IMG {frame.camera_index:02d}{suffix}"


def _box(eye: Doubles, rays: Doubles, low: tuple[float, ...], high: tuple[float, ...]) -> tuple[Doubles, Doubles]:
    """(N,) where along each ray the box is entered and left; entered after it is left where it is missed."""
    with np.errstate(divide="ignore"):
        ends = (np.array([low, high])[:, None] - eye) / rays
    return ends.min(0).max(1), ends.max(0).min(1)


def _entered(eye: Doubles, rays: Doubles, low: tuple[float, ...], high: tuple[float, ...]) -> Doubles:
    enters, leaves = _box(eye, rays, low, high)
    return np.where((enters < leaves) & (enters > 0), enters, np.inf)


def _ellipsoid(eye: Doubles, rays: Doubles, centre: tuple[float, ...], half: tuple[float, ...]) -> Doubles:
    start, way = (eye - np.array(centre)) / np.array(half), rays / np.array(half)
    a, b, c = (way**2).sum(1), way @ start, start @ start - 1
    inside = b * b - a * c
    return np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)


def _noise(points: Doubles) -> Doubles:
    """(N, 2) noise about 0 at points in metres: two kinds, each the sum of some lengths of waves."""
    volume = np.random.default_rng(5).uniform(-0.5, 0.5, (2, 48, 48, 48))
    found = np.zeros((len(points), 2))
    for at, wave in enumerate(WAVES):
        places = (points / wave + 7.3 * at).T
        found += np.stack([map_coordinates(kind, places, order=1, mode="grid-wrap") for kind in volume], 1)
    return found
