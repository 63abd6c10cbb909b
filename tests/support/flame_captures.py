"""Captures of trackers of FLAME as they lay them out, of a head of ours; by their own formulas, not by ours."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from splatavatar.rotations import matrices_of_two_rows, rotation_matrices
from support.flame_like import FlameLike, draw, projected

SIDE = 128
MODEL = FlameLike()
R_opencv_opengl = np.diag([1.0, -1.0, -1.0])


def saved(path: Path, values: Any, protocol: int = 2, name: str = "archive/data.pkl") -> Path:
    """As ``torch.save`` writes ``values`` that hold no tensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, pickle.dumps(values, protocol))
        archive.writestr("archive/version", "3\n")
    return path


def six(turn: Any, length: float = 1.0) -> np.ndarray:
    """The first two rows of the matrix of an axis-angle vector."""
    return (length * rotation_matrices(np.array(turn, float))[:2]).reshape(1, 6).astype(np.float32)


def flame(number: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    look = [0.1 * number, 0.2, 0.0]
    return {
        "exp": rng.normal(0, 1, (1, 100)).astype(np.float32),
        "shape": np.random.default_rng(1).normal(0, 1, (1, 300)).astype(np.float32),
        "eyes": np.concatenate([six(look), six([-0.1, 0.1 * number, 0.05])], 1),
        "eyelids": np.array([[0.5, 0.4]], np.float32),
        "jaw": six([0.2 + 0.05 * number, 0.02, 0]),
    }


def turned(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The matrices of the joints in FLAME's order: root, neck, jaw, then the two of ``eyes``."""
    eyes = values["eyes"][0]
    rows = {"jaw": values["jaw"][0], "left_eye": eyes[:6], "right_eye": eyes[6:]}
    return {name: matrices_of_two_rows(row) for name, row in rows.items()}


def metrical(number: int) -> tuple[dict[str, Any], np.ndarray]:
    """A checkpoint, and where its picture shows the points of the model."""
    values = flame(number, np.random.default_rng(number))
    K = np.array([[300.0, 0, 70.0], [0, 305.0, 58.0], [0, 0, 1]], np.float32)
    R = R_opencv_opengl @ rotation_matrices([0.1 * number, 0.3 - 0.2 * number, 0.05])
    t = np.array([0.01, -0.02, 0.8])
    points = MODEL.points(values["shape"][0], values["exp"][0], turned(values))
    values |= {"tex": np.zeros((1, 140), np.float32), "sh": np.zeros((1, 9, 3), np.float32)}
    frame = {
        "flame": values,
        # Of PyTorch3D: rows times the matrix, x to the left and y up.
        "camera": {"R": np.zeros((1, 6)), "t": np.zeros((1, 3)), "fl": np.ones((1, 1)), "pp": np.zeros((1, 2))},
        "opencv": {"R": R[None].astype(np.float32), "t": t[None].astype(np.float32), "K": K[None]},
        "img_size": np.array([SIDE, SIDE]),
        "frame_id": f"{number:05d}",
        "global_step": 7,
    }
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, t
    return frame, projected(points, T, K.astype(float))


def pixel3dmm(number: int) -> tuple[dict[str, Any], np.ndarray]:
    """The same of pixel3dmm, by the formula of its projection."""
    values = flame(number, np.random.default_rng(number))
    head, t = [0.1, 0.3 - 0.2 * number, -0.05], np.array([[0.01, 0.02, 0.03]], np.float32)
    values |= {"neck": six([0.05, -0.04, 0.03], 1.1), "R": six(head, 0.9), "t": t}
    values["R_rotation_matrix"] = rotation_matrices(head)[None]
    fl, pp = 2.4, np.array([[0.05, -0.03]], np.float32)
    turns = {**turned(values), "neck": matrices_of_two_rows(values["neck"][0])}
    points = MODEL.points(values["shape"][0], values["exp"][0], turns)
    seen = points @ rotation_matrices(head).T + t[0] + np.array([0, 0, -1.0])  # OpenGL's axes: x right, y up, z back
    centre = SIDE / 2 + 0.5 + pp[0] * (SIDE / 2 + 0.5)
    column = SIDE - 1 - (centre[0] - fl * SIDE * seen[:, 0] / -seen[:, 2])
    row = centre[1] - fl * SIDE * seen[:, 1] / -seen[:, 2]
    frame = {
        "flame": values,
        "img_size": np.array([SIDE, SIDE]),
        "frame_id": number,
        "global_step": 7,
        "camera": {
            "R_base_0": np.eye(3, dtype=np.float32)[None],
            "t_base_0": np.array([[0, 0, -1]], np.float32),
            "fl": np.array([[fl]], np.float32),
            "pp": pp,
        },
        "joint_transforms": np.zeros((1, 5, 4, 4), np.float32),
    }
    return frame, np.stack([column, row], 1) + 0.5


def gaussian_blendshapes(root: Path, made: Any = metrical, count: int = 3) -> Path:
    for number in range(count):
        frame, pixels = made(number)
        saved(root / "checkpoint" / f"{number:05d}.frame", frame)
        draw(root / "images" / f"{number:05d}.png", pixels, (SIDE, SIDE), alpha=True)
    return root


def flash_avatar(root: Path, checkpoints: Path) -> Path:
    for number in range(3):
        frame, pixels = metrical(number)
        saved(checkpoints / f"{number:05d}.frame", frame)
        draw(root / "imgs" / f"{number + 1:05d}.jpg", pixels, (SIDE, SIDE))
        (root / "alpha").mkdir(exist_ok=True)
        Image.fromarray(np.full((SIDE, SIDE), 255, np.uint8)).save(root / "alpha" / f"{number + 1:05d}.jpg")
        (root / "parsing").mkdir(exist_ok=True)
        Image.new("L", (SIDE, SIDE), 255).save(root / "parsing" / f"{number + 1:05d}_mouth.png")
    draw(root / "imgs" / "00000.jpg", np.full((8, 2), 64.0), (SIDE, SIDE))  # the first picture has no checkpoint
    return root


def vhap(root: Path, timesteps: int = 3, teeth: bool = True) -> Path:
    """An export of two cameras, with static offsets; cy counts from below, axes are OpenGL's."""
    rng = np.random.default_rng(2)
    shape = rng.normal(0, 1, 300).astype(np.float32)
    offset = rng.normal(0, 0.002, (1, 5143 if teeth else 5023, 3)).astype(np.float32)
    K = np.array([[300.0, 0, 60.0], [0, 300.0, 70.0], [0, 0, 1]])
    entries: list[dict[str, Any]] = []
    for timestep in range(timesteps):
        arrays = {
            "translation": rng.normal(0, 0.02, (1, 3)),
            "rotation": np.array([[0.1, 0.3 * timestep - 0.2, 0.05]]),
            "neck_pose": rng.normal(0, 0.1, (1, 3)),
            "jaw_pose": np.array([[0.2, 0.01, 0.0]]),
            "eyes_pose": rng.normal(0, 0.1, (1, 6)),
            "expr": rng.normal(0, 1, (1, 100)),
        }
        file = root / "flame_param" / f"{timestep:05d}.npz"
        file.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: value.astype(np.float32) for name, value in arrays.items()}
        np.savez(file, **arrays, shape=shape, static_offset=offset)  # type: ignore[arg-type]
        rows = {"root": "rotation", "neck": "neck_pose", "jaw": "jaw_pose"}
        turns = {joint: rotation_matrices(arrays[name][0]) for joint, name in rows.items()}
        turns |= {"left_eye": rotation_matrices(arrays["eyes_pose"][0, :3])}
        turns |= {"right_eye": rotation_matrices(arrays["eyes_pose"][0, 3:])}
        points = MODEL.points(shape, arrays["expr"][0], turns, arrays["translation"][0], offset[0])
        for camera, yaw in enumerate((0.0, 0.5)):
            w2c = np.eye(4)
            w2c[:3, :3] = R_opencv_opengl @ rotation_matrices([0.0, -yaw, 0.0])
            w2c[:3, 3] = [0.0, 0.0, 0.9]
            name = f"{timestep:05d}_{camera:02d}.png"
            draw(root / "images" / name, projected(points, w2c, K), (SIDE, SIDE), alpha=True)
            matrix = np.linalg.inv(w2c) @ np.diag([1.0, -1.0, -1.0, 1.0])
            entries.append(
                {
                    **{"timestep_index": timestep, "camera_index": camera, "transform_matrix": matrix.tolist()},
                    **{"fl_x": K[0, 0], "fl_y": K[1, 1], "cx": K[0, 2], "cy": SIDE - K[1, 2], "w": SIDE, "h": SIDE},
                    **{"file_path": f"images/{name}", "flame_param_path": f"flame_param/{timestep:05d}.npz"},
                }
            )
    (root / "transforms.json").write_text(json.dumps({"frames": entries}))
    return root


def insta(root: Path, texts: tuple[str, ...] = ()) -> Path:
    """A capture with a text of expressions a picture, and texts of other parameters in folders called ``texts``."""
    entries = []
    for number in range(3):
        frame, pixels = metrical(number)
        draw(root / "images" / f"{number:05d}.png", pixels, (SIDE, SIDE), alpha=True)
        for name, folder in (("exp", "exp"), *((text, text) for text in texts)):
            file = root / "flame" / folder / f"{number:05d}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savetxt(file, frame["flame"][name].ravel(), "%.8f")
        w2c = np.eye(4)
        w2c[:3, :3], w2c[:3, 3] = frame["opencv"]["R"][0], frame["opencv"]["t"][0]
        names = {"file_path": f"images/{number:05d}.png", "exp_path": f"flame/exp/{number:05d}.txt"}
        names |= {"mesh_path": f"meshes/{number:05d}.obj", "seg_mask_path": f"seg_mask/{number:05d}.png"}
        entries.append({**names, "transform_matrix": np.linalg.inv(w2c).tolist()})
    K = metrical(0)[0]["opencv"]["K"][0]
    camera = {"fl_x": float(K[0, 0]), "fl_y": float(K[1, 1]), "cx": float(K[0, 2]), "cy": float(K[1, 2])}
    size = {"w": float(SIDE), "h": float(SIDE), "x_fov": 25.0, "integer_depth_scale": 0.001}
    (root / "transforms.json").write_text(json.dumps({**camera, **size, "frames": entries[::-1]}))
    return root


def imavatar(root: Path, old: bool = False, count: int = 3) -> Path:
    """One video of IMavatar; ``old`` has pixels of 512 in it."""
    focal, centre = np.array([2.4, 2.5]), np.array([0.53, 0.46])
    shape = np.random.default_rng(3).normal(0, 1, 100)
    entries = []
    for number in range(1, count + 1):
        rng = np.random.default_rng(number)
        expression, pose = rng.normal(0, 1, 50), rng.normal(0, 0.1, (5, 3))
        pose[0] = [0.1, 0.3 - 0.2 * number, 0.02]
        names = ("root", "neck", "jaw", "left_eye", "right_eye")
        turns = {name: rotation_matrices(turn) for name, turn in zip(names, pose, strict=True)}
        world_mat = np.concatenate([rotation_matrices([0.05, 0.1, 0.0]), [[0.05], [-0.1], [-3.4]]], 1)
        x, y, z = world_mat[:, :3] @ (4 * MODEL.points(shape, expression, turns)).T + world_mat[:, 3:]
        # z is negative before the camera, and the focal length across is, too.
        pixels = np.stack([-focal[0] * x / z + centre[0], focal[1] * y / z + centre[1]], 1) * SIDE
        draw(root / "image" / f"{number}.png", pixels, (SIDE, SIDE))
        (root / "mask").mkdir(exist_ok=True)
        Image.new("L", (SIDE, SIDE), 255).save(root / "mask" / f"{number}.png")
        entries.append(
            {
                **{"file_path": f"./image/{number}", "world_mat": world_mat.tolist()},
                **{"expression": expression.tolist(), "pose": pose.ravel().tolist(), "bbox": [-0.5, -0.5, 0.5, 0.5]},
                "flame_keypoints": rng.normal(0, 1, (68, 2)).tolist(),
            }
        )
    intrinsics = np.array([-focal[0], focal[1], *centre]) * (512 if old else 1)
    data = {"frames": entries, "intrinsics": intrinsics.tolist(), "shape_params": shape.tolist()}
    (root / "flame_params.json").write_text(json.dumps(data))
    return root
