"""A capture of somebody with the face of ``face_models``: drawn from the rig ``flame``, exported as VHAP does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from splatavatar.capture.readers.camera_fields import T_opengl_opencv
from splatavatar.gaussians.binding import to_world
from splatavatar.gaussians.gaussians import BoundGaussians
from splatavatar.render.camera import look_at
from splatavatar.render.cpu import rasterize_numpy
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.landmarks import positions
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

IDENTITY = {f"shape_{n:03d}": value for n, value in enumerate((1.2, -0.8, 0.9, 0.5, -1.1, 0.7))}
A_TRIANGLE = 6
"""Gaussians"""
WAY = 1.0
"""metres of the cameras from the head"""
FOV = 0.42
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
"""of MediaPipe's landmarks"""
USED = (
    *("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "mouthFrownLeft"),
    *("mouthStretchRight", "browInnerUp", "browDownLeft", "browDownRight", "eyeBlinkLeft", "eyeBlinkRight"),
    *("cheekPuff", "noseSneerLeft", "mouthRollLower", "mouthUpperUpLeft", "jawLeft"),
)


def somebody() -> tuple[Rig, BoundGaussians]:
    """The person: a rig with its identity folded in, and what is painted on it."""
    rig = load_rig("flame", IDENTITY)
    rng = np.random.default_rng(4)
    triangles = np.repeat(np.arange(len(rig.faces)), A_TRIANGLE)
    N = len(triangles)
    barycentric = rng.dirichlet(np.ones(3), N).astype(np.float32)
    at = np.einsum("nk,nkc->nc", barycentric, rig.template[rig.faces[triangles]])
    colour = (
        np.array([0.78, 0.56, 0.46]) + 0.05 * np.sin(at * [90, 120, 70]).sum(1)[:, None] + rng.normal(0, 0.02, (N, 3))
    )
    for names, paint in (
        (("lips",), (0.66, 0.28, 0.28)),
        (("mouth",), (0.35, 0.12, 0.12)),
        (("eye_left", "eye_right"), (0.92, 0.92, 0.9)),
        (("teeth_upper", "teeth_lower"), (0.9, 0.87, 0.78)),
        (("scalp",), (0.22, 0.15, 0.1)),
    ):
        colour[np.isin(triangles, np.concatenate([rig.regions[name] for name in names]))] = paint
    points = positions(rig.landmarks["mediapipe"], rig.template, rig.faces)
    brow = np.linalg.norm(at[:, None] - points[list(BROWS)], axis=2).min(1) < 5e-3
    colour[brow] = (0.2, 0.13, 0.1)
    for eye in rig.eye_joints:
        ahead = at - rig.joints[eye]
        iris = (np.hypot(ahead[:, 0], ahead[:, 1]) < 6e-3) & (ahead[:, 2] > 0) & (np.linalg.norm(ahead, axis=1) < 0.018)
        colour[iris] = (0.25, 0.35, 0.3)
    half = np.zeros((N, 3, 3), np.float32)
    return rig, BoundGaussians(
        face=triangles.astype(np.int32),
        barycentric=barycentric,
        position=np.zeros((N, 3), np.float32),
        rotation=np.tile(np.array([1, 0, 0, 0], np.float32), (N, 1)),
        scale=np.tile(np.array([0.24, 0.03, 0.24], np.float32), (N, 1)),
        opacity=np.full(N, 0.97, np.float32),
        colour=np.clip(colour, 0, 1).astype(np.float32),
        sh=half,
    )


def performance(timesteps: int) -> list[np.ndarray]:
    """ARKit coefficients (52) of each timestep; the first face is at rest."""
    rng = np.random.default_rng(8)
    faces = [np.zeros(len(NAMES), np.float32)]
    while len(faces) < timesteps:
        arkit = np.zeros(len(NAMES), np.float32)
        chosen = rng.choice(USED, 4, replace=False)
        arkit[[INDEX[name] for name in chosen]] = rng.uniform(0.2, 0.9, 4)
        faces.append(arkit)
    return faces


def write_vhap(root: Path, timesteps: int = 24, cameras: int = 8, size: int = 400, tests: int = 6) -> None:
    """The capture: the last ``tests`` timesteps are novel expressions, the last but one camera a novel view."""
    rig, painted = somebody()
    (root / "images").mkdir(parents=True)
    (root / "fg_masks").mkdir()
    (root / "flame_param").mkdir()
    rng = np.random.default_rng(1)
    centre = positions(rig.landmarks["mediapipe"], rig.template, rig.faces).mean(0) + np.array([0, -0.01, -0.06])
    entries: dict[str, list[dict[str, object]]] = {"train": [], "val": [], "test": []}
    for timestep, arkit in enumerate(performance(timesteps + tests)):
        pose = PoseParameters.neutral(rig)
        show_arkit(rig, arkit, pose)
        pose.joint_rotations[1] = rng.normal(0, 0.12, 3)
        pose.joint_rotations[0] = rng.normal(0, 0.05, 3)
        pose.translation[:] = rng.normal(0, 0.01, 3)
        turns = pose.joint_rotations
        np.savez(
            root / "flame_param" / f"{timestep:05d}.npz",
            translation=pose.translation[None],
            rotation=turns[[0]],
            neck_pose=turns[[1]],
            jaw_pose=turns[[2]],
            eyes_pose=turns[3:].reshape(1, 6),
            shape=np.array([IDENTITY.get(f"shape_{n:03d}", 0.0) for n in range(300)], np.float32),
            expr=pose.expression[None],
        )
        world = to_world(painted, pose_numpy(rig, pose), rig.faces)
        for number, yaw in enumerate(np.linspace(-1.1, 1.1, cameras)):
            way = np.array([np.sin(yaw), 0.25 * np.sin(3 * yaw), np.cos(yaw)])
            camera = look_at(centre + way * WAY, centre, FOV, size, size)
            drawn = rasterize_numpy(world, camera, (1.0, 1.0, 1.0))
            name = f"{timestep:05d}_{number:02d}.png"
            Image.fromarray((drawn.colour.clip(0, 1) * 255 + 0.5).astype(np.uint8)).save(root / "images" / name)
            Image.fromarray((drawn.alpha.clip(0, 1) * 255 + 0.5).astype(np.uint8)).save(root / "fg_masks" / name)
            focal = float(camera.K[0, 0])
            split = "test" if timestep >= timesteps else "val" if number == cameras - 2 else "train"
            entries[split].append(
                {
                    "timestep_index": timestep,
                    "camera_index": number,
                    "camera_id": str(number),
                    "file_path": f"images/{name}",
                    "fg_mask_path": f"fg_masks/{name}",
                    "flame_param_path": f"flame_param/{timestep:05d}.npz",
                    "transform_matrix": (np.linalg.inv(camera.T_camera_world) @ T_opengl_opencv).tolist(),
                    **{"fl_x": focal, "fl_y": focal, "cx": size / 2, "cy": size / 2, "w": size, "h": size},
                }
            )
    for split, frames in entries.items():
        (root / f"transforms_{split}.json").write_text(json.dumps({"frames": frames}))
    (root / "transforms.json").write_text(json.dumps({"frames": [f for frames in entries.values() for f in frames]}))
