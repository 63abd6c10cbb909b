"""The sample capture as a scene of COLMAP without masks, before something that is not a grey wall."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Frame
from splatavatar.capture.images import load_frame
from splatavatar.capture.readers.colmap_files import ColmapCamera, ColmapImage
from splatavatar.pictures import write_picture
from splatavatar.rotations import axis_angles
from support.colmap import write_text

SHARDS = 160
"""of one colour each, that a background is littered with"""


def bare_scene(source: Path, root: Path, timestep: int = 0, border: int = 0) -> dict[str, np.ndarray]:
    """Writes all cameras of one timestep to ``root``, ``border`` pixels of background around each picture.

    Returns the true mattes (H, W), 0-255, by the name of the picture.
    """
    truth, images, cameras = {}, [], {}
    (root / "images").mkdir(parents=True)
    for number, frame in enumerate(f for f in read_capture(source).frames if f.timestep == timestep):
        picture, matte = load_frame(frame)
        picture, matte = (_bordered(array, border) for array in (picture, matte))
        alpha = matte[..., None].astype(np.float64) / 255
        seen = picture * alpha + busy(matte.shape[0], matte.shape[1], number) * (1 - alpha)
        name = f"{number:02d}.png"
        write_picture(root / "images" / name, np.rint(seen).astype(np.uint8))
        truth[name] = matte
        cameras[number + 1] = _camera(frame, border)
        T = frame.camera.T_camera_world
        images.append(ColmapImage(name, number + 1, _quaternion(T[:3, :3]), tuple(T[:3, 3].tolist())))
    write_text(root / "sparse" / "0", cameras, images)
    return truth


def busy(height: int, width: int, seed: int) -> np.ndarray:
    """(H, W, 3) a background of shards over a slope of colours, with grain."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(30, 220, (2, 2, 3)).astype(np.float32)
    out = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(SHARDS):
        middle = rng.uniform(0, [width, height])
        shard = middle + rng.uniform(-45, 45, (4, 2))
        cv2.fillPoly(out, [shard.astype(np.int32)], rng.uniform(0, 255, 3).tolist())
    return np.asarray(np.clip(out + rng.normal(0, 8, out.shape), 0, 255))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two mattes (H, W), 0-255."""
    a, b = one > 127, other > 127
    return float((a & b).sum() / (a | b).sum())


def _bordered(array: np.ndarray, border: int) -> np.ndarray:
    return np.asarray(cv2.copyMakeBorder(array, border, border, border, border, cv2.BORDER_CONSTANT))


def _camera(frame: Frame, border: int) -> ColmapCamera:
    K, width, height = frame.camera.K, frame.camera.width + 2 * border, frame.camera.height + 2 * border
    return ColmapCamera("PINHOLE", width, height, (K[0, 0], K[1, 1], K[0, 2] + border, K[1, 2] + border))


def _quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    vector = axis_angles(rotation[None])[0]
    angle = float(np.linalg.norm(vector))
    axis = vector / max(angle, 1e-12) * np.sin(angle / 2)
    return (float(np.cos(angle / 2)), *axis.tolist())
