"""The sample capture as other cameras would have taken it: at the same places, turned aside, with another lens.

A turn about its centre, and other focal lengths, move the picture of a camera by a homography, whatever it shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.pictures import write_picture
from splatavatar.rotations import rotation_matrices

WIDTH, HEIGHT = 640, 480
K = np.array([[900.0, 0, 290.0], [0, 880.0, 200.0], [0, 0, 1]])
ASIDE = 0.16
"""radians by which every other camera looks past the head"""
HALF = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
"""OpenCV has the centre of the first pixel at 0"""


def retake(
    source: Path,
    root: Path,
    timesteps: Sequence[int] = (0, 1),
    lens: Lens | None = None,
    edit: Callable[[dict[str, Any]], object] = lambda data: None,
) -> Path:
    """Writes the capture without mattes and rig parameters to ``root``, and what ``edit`` makes of its description."""
    (root / "images").mkdir(parents=True)
    frames = []
    bend = None if lens is None else _bend(lens.coefficients)
    for frame in read_capture(source).frames:
        if frame.timestep not in timesteps:
            continue
        number = frame.camera_index
        turn = np.eye(4)
        angles = ASIDE * np.array([0.5 * (number % 3 - 1), (-1) ** number, 0.3])
        turn[:3, :3] = rotation_matrices(angles)
        H = HALF @ K @ turn[:3, :3] @ np.linalg.inv(HALF @ frame.camera.K)
        image = cv2.warpPerspective(load_frame(frame)[0], H, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        if bend is not None:
            image = cv2.remap(image, *bend, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        name = f"images/t{frame.timestep:02d}_cam{number:02d}.png"
        write_picture(root / name, image)
        T = turn @ frame.camera.T_camera_world
        matrix = np.linalg.inv(T_rig_world) @ np.linalg.inv(T) @ T_opengl_opencv
        frames.append(
            {
                "file_path": name,
                "transform_matrix": matrix.tolist(),
                "timestep_index": frame.timestep,
                "camera_index": number,
            }
        )
    data = {"fl_x": K[0, 0], "fl_y": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "w": WIDTH, "h": HEIGHT, "frames": frames}
    edit(data)
    (root / "transforms.json").write_text(json.dumps(data))
    return root


@cache
def _bend(coefficients: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where in the picture of the pinhole each pixel of that of OpenCV's lens is."""
    columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    focal, centre = np.diag(K)[:2], K[:2, 2]
    tangents = (np.stack([columns.ravel(), rows.ravel()], 1) - centre) / focal
    places = Lens("opencv", coefficients, K).straightened(tangents) * focal + centre - 0.5
    return tuple(places[:, axis].reshape(HEIGHT, WIDTH).astype(np.float32) for axis in (0, 1))
