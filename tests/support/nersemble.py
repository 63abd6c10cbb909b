"""Captures of NeRSemble as they are laid out, of a head of ours; by their own formulas, not by ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from splatavatar.rotations import rotation_matrices
from support.flame_like import FlameLike, dots, projected
from support.footage import write_video

MODEL = FlameLike()
SERIALS = ("222200042", "222200037")
WIDTH, HEIGHT = 110, 160
"""of pictures made smaller as a whole from 2200x3208, within a pixel"""
PERSON = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""from a world that is not upright to the head"""


def poses() -> dict[str, np.ndarray]:
    """(4, 4) from the world to each camera, OpenCV's axes."""
    out = {}
    for serial, yaw in zip(SERIALS, (0.0, 0.4), strict=True):
        T = np.eye(4)
        T[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ rotation_matrices([0.0, -yaw, 0.0]) @ PERSON
        T[:3, 3] = [0.0, 0.01, 1.0]
        out[serial] = T
    return out


def camera_params(path: Path, intrinsics: Any, **more: Any) -> Path:
    """The file of the calibration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    world = {serial: T.tolist() for serial, T in poses().items()}
    path.write_text(json.dumps({"world_2_cam": world, "intrinsics": intrinsics, **more}))
    return path


def flame(timestep: int) -> dict[str, np.ndarray]:
    """One row of each array of a tracking."""
    rng = np.random.default_rng(timestep)
    return {
        "expression": rng.normal(0, 1, 100),
        "rotation": np.array([0.3, 0.4 - 0.3 * timestep, -0.2]),
        "translation": np.array([0.02, -0.01, 0.03]),
        "jaw": np.array([0.2, 0.01, 0.0]),
        "neck": rng.normal(0, 0.1, 3),
        "eyes": rng.normal(0, 0.1, 6),
    }


SHAPE = np.random.default_rng(11).normal(0, 1, 300)
SCALE = 1.3


def world_points(timestep: int) -> np.ndarray:
    """(80, 3) in the world of the cameras: scaled, turned and moved outside of FLAME."""
    row = flame(timestep)
    turns = {"neck": row["neck"], "jaw": row["jaw"], "left_eye": row["eyes"][:3], "right_eye": row["eyes"][3:]}
    points = MODEL.points(SHAPE, row["expression"], {name: rotation_matrices(turn) for name, turn in turns.items()})
    turn = PERSON.T @ Rotation.from_euler("XYZ", row["rotation"]).as_matrix()
    return np.asarray(SCALE * points @ turn.T + row["translation"])


def tracked_rows(count: int) -> dict[str, np.ndarray]:
    """The arrays of a tracking, whose turn is into a world that is not upright."""
    rows = [flame(timestep) for timestep in range(count)]
    turns = [PERSON.T @ Rotation.from_euler("XYZ", row["rotation"]).as_matrix() for row in rows]
    arrays = {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in rows[0]}
    arrays["rotation"] = np.stack([Rotation.from_matrix(turn).as_euler("XYZ") for turn in turns]).astype(np.float32)
    return arrays | {
        "shape": SHAPE[None].astype(np.float32),
        "scale": np.array([[SCALE]], np.float32),
        "frames": np.arange(count),
        "rotation_matrices": np.stack(turns).astype(np.float32),
    }


def benchmark(root: Path, count: int = 3, sequence: str = "EXP-1-head", side: int = 128) -> Path:
    """One person of the benchmark ``mono_flame_avatar``; returns its folder."""
    K = np.array([[300.0, 0, 60.0], [0, 300.0, 66.0], [0, 0, 1]])
    camera_params(root / "calibration" / "camera_params.json", {serial: K.tolist() for serial in SERIALS})
    folder = root / "sequences" / sequence
    serial = SERIALS[1]
    films = [dots(projected(world_points(step), poses()[serial], K), (side, side)) for step in range(count)]
    for name, pictures in (("images", films), ("alpha_maps", [np.full_like(film, 255) for film in films])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_video(folder / name / f"cam_{serial}.mp4", pictures, options={"crf": "4"})
    (folder / "tracking").mkdir()
    np.savez(folder / "tracking" / "flame2023_tracking_v2.npz", **tracked_rows(count))  # type: ignore[arg-type]
    return root


def intrinsics() -> np.ndarray:
    """(3, 3) for the whole pictures of the cameras."""
    return np.array([[6000.0, 0, 1080.0], [0, 6000.0, 1640.0], [0, 0, 1]])


def small_pixels(serial: str, timestep: int) -> np.ndarray:
    """(80, 2) in a picture of ``WIDTH`` x ``HEIGHT``."""
    seen = projected(world_points(timestep), poses()[serial], intrinsics())
    return np.asarray(seen * np.array([WIDTH / 2200, HEIGHT / 3208]))


def version_1(root: Path, sequence: str = "EXP-2-eyes") -> Path:
    """One sequence of person 074 as VHAP lays it out, with affine colours; returns its folder."""
    camera_params(root / "camera_params" / "074" / "camera_params.json", intrinsics().tolist())
    folder = root / "074" / sequence
    for number, serial in enumerate(SERIALS):
        colours = np.eye(4)[:, :4].astype(np.float32)
        colours[:3, :3] *= 0.8 + 0.1 * number
        colours[:3, 3] = [0.02, 0.03, 0.04]
        (root / "color_correction" / "074").mkdir(parents=True, exist_ok=True)
        np.save(root / "color_correction" / "074" / f"{serial}.npy", colours)
        for timestep in (4, 8):
            image = dots(small_pixels(serial, timestep), (WIDTH, HEIGHT))
            for name, picture in (("images", image), ("alpha_maps", np.full_like(image[..., 0], 255))):
                (folder / name).mkdir(parents=True, exist_ok=True)
                suffix = "jpg" if name == "images" else "png"
                file = folder / name / f"cam_{serial}_{timestep:06d}.{suffix}"
                Image.fromarray(picture).save(file, quality=98, subsampling=0)
    return folder


def version_2(root: Path, sequences: tuple[str, ...] = ("EXP-1-head", "EXP-10-x"), count: int = 4) -> Path:
    """Person 240 with films and a polynomial of linear light; returns its folder."""
    camera_params(root / "calibration" / "camera_params.json", intrinsics().tolist())
    colours = {serial: np.concatenate([0.9 * np.eye(3), np.zeros((3, 7))], 1).tolist() for serial in SERIALS}
    (root / "calibration" / "color_calibration.json").write_text(json.dumps(colours))
    for sequence in sequences:
        folder = root / "sequences" / sequence / "images"
        folder.mkdir(parents=True)
        for serial in SERIALS:
            films = [dots(small_pixels(serial, step), (WIDTH, HEIGHT)) for step in range(count)]
            write_video(folder / f"cam_{serial}.mp4", films, options={"crf": "4"})
    background = root / "sequences" / "BACKGROUND"
    background.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(background / f"image_{SERIALS[0]}.jpg")
    return root
