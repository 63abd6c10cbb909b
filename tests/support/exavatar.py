"""A person who moves before one camera, as ExAvatar lays it out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from splatavatar.capture.readers.colmap_files import ColmapCamera, ColmapImage
from splatavatar.rotations import quaternions, rotation_matrices
from support.colmap import write_text
from support.flame_like import draw, projected

WIDTH, HEIGHT = 96, 128
NUMBERS = (3, 4, 7, 10)
POINTS = np.random.default_rng(4).uniform([-0.2, -0.3, -0.1], [0.2, 0.3, 0.1], (40, 3))
K = np.array([[150.0, 0, 50.0], [0, 152.0, 60.0], [0, 0, 1]])


def place(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Axis-angle and translation from the world to the camera, OpenCV's axes."""
    return np.array([0.05 * number, 0.1, 3.0]), np.array([0.01 * number, 0.02, 1.5])


def pixels(number: int) -> np.ndarray:
    """Where the points of the world are in a picture."""
    turn, shift = place(number)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation_matrices(turn), shift
    return projected(POINTS, T, K)


def custom(root: Path) -> Path:
    """A video of the user's, with a file a camera and lists of numbers."""
    for number in NUMBERS:
        draw(root / "frames" / f"{number}.png", pixels(number), (WIDTH, HEIGHT))
        matte = root / "masks" / f"{number}.png"
        matte.parent.mkdir(exist_ok=True)
        Image.new("L", (WIDTH, HEIGHT), 255).save(matte)
        turn, shift = place(number)
        values = {"R": rotation_matrices(turn).tolist(), "t": shift.tolist()}
        values |= {"focal": [K[0, 0], K[1, 1]], "princpt": [K[0, 2], K[1, 2]]}
        (root / "cam_params").mkdir(exist_ok=True)
        (root / "cam_params" / f"{number}.json").write_text(json.dumps(values))
    (root / "smplx_optimized").mkdir()
    (root / "smplx_optimized" / "shape_param.json").write_text("[0.1]")
    (root / "frame_list_train.txt").write_text("3\n4\n10\n")
    (root / "frame_list_test.txt").write_text("7\n")
    return root


def neuman(root: Path, name: str = "{:05d}.png") -> Path:
    """A scene of NeuMan, with COLMAP and lists of names; ``name`` is what COLMAP calls pictures."""
    images = []
    for number in NUMBERS:
        draw(root / "images" / f"{number:05d}.png", pixels(number), (WIDTH, HEIGHT), alpha=True)
        turn, shift = place(number)
        w, x, y, z = quaternions(turn).tolist()
        images.append(ColmapImage(name.format(number), 1, (w, x, y, z), tuple(shift.tolist())))
    camera = ColmapCamera("PINHOLE", WIDTH, HEIGHT, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]))
    write_text(root / "sparse", {1: camera}, images)
    (root / "smplx_optimized" / "smplx_params").mkdir(parents=True)
    (root / "train_split.txt").write_text("00003.png\n00004.png\n")
    (root / "test_split.txt").write_text("00007.png\n")
    return root
