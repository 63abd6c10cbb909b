"""A made-up rig whose expressions have names of their own: an egg with a jaw, and pictures of it.

As a plug-in would, it is registered under the entry point ``splatavatar.rigs`` by ``install``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from splatavatar.capture.capture import RigParameters
from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.gaussians.binding import to_world
from splatavatar.gaussians.gaussians import BoundGaussians
from splatavatar.progress import Progress
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.cpu import rasterize_numpy
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

SIZE, TIMESTEPS, CAMERAS = 96, 4, 5
JAW = np.array([0.5, 0.0, 0.0])
"""radians that jawOpen turns the jaw by"""


def load(kind: str, identity: Mapping[str, float] | None, progress: Progress | None) -> Rig:
    """The ``Loader`` of the egg."""
    import trimesh

    mesh = trimesh.creation.icosphere(3, 0.1)
    vertices = (mesh.vertices * (0.8, 1.2, 0.9)).astype(np.float32)
    V, F = len(vertices), len(mesh.faces)
    low = np.clip(-vertices[:, 1] / 0.12 - 0.2, 0, 1) * (vertices[:, 2] > 0)
    front = np.clip(vertices[:, 2] / 0.09, 0, 1)
    basis = np.zeros((2, V, 3), np.float32)
    basis[0, :, 0] = 0.004 * front * np.sign(vertices[:, 0]) * (vertices[:, 1] < 0)  # wide
    basis[1, :, 1] = 0.005 * front * (vertices[:, 1] > 0.03)  # surprise
    arkit_map = np.zeros((2, 52), np.float32)
    arkit_map[0, [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"], INDEX["mouthPucker"]]] = 1, 1, -2
    arkit_map[1, [INDEX["browInnerUp"], INDEX["browDownLeft"]]] = 3, -1
    turns = np.zeros((3, 3, 52), np.float32)
    turns[2, :, INDEX["jawOpen"]] = JAW
    skin = np.zeros((V, 4), np.int32)
    skin[:, 0], skin[:, 1] = 1, 2
    weights = np.zeros((V, 4), np.float32)
    weights[:, 0], weights[:, 1] = 1 - low, low
    return Rig(
        kind=kind,
        template=vertices,
        faces=mesh.faces.astype(np.int32),
        uv=np.zeros((F, 3, 2), np.float32),
        identity_basis=np.zeros((0, V, 3), np.float32),
        identity_names=(),
        expression_basis=basis,
        expression_names=("wide", "surprise"),
        joints=np.array([[0, -0.1, 0], [0, -0.05, 0], [0, 0, 0.02]], np.float32),
        joint_identity_basis=np.zeros((0, 3, 3), np.float32),
        joint_names=("trunk", "skull", "mandible"),
        parents=np.array([-1, 0, 1], np.int32),
        skin_joints=skin,
        skin_weights=weights,
        arkit_map=arkit_map,
        head_chain=((1, 1.0),),
        eye_joints=(-1, -1),
        regions={"skin": np.arange(F, dtype=np.int32)},
        arkit_joint_map=turns,
        expression_range=np.array([[-2, 2], [-1, 3]], np.float32),
    )


def install(folder: Path) -> None:
    """Makes ``folder``, once on the path of Python, a package that adds the rig ``egg``."""
    info = folder / "egg-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: egg\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[splatavatar.rigs]\negg = egg_rig:load\n")
    (folder / "egg_rig.py").write_text(Path(__file__).read_text())


def arkit() -> np.ndarray:
    """(T, 52) what the egg does in the capture."""
    rows = np.zeros((TIMESTEPS, 52))
    rows[1, INDEX["jawOpen"]] = 0.8
    rows[2, [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]] = 0.7
    rows[3, [INDEX["browInnerUp"], INDEX["jawOpen"]]] = 0.6, 0.3
    return rows


def write_capture(root: Path) -> None:
    """A capture of the egg: ``CAMERAS`` pictures with alpha at each timestep, the last camera held out."""
    rig = load("egg", {}, None)
    assert rig.arkit_joint_map is not None
    root.mkdir()
    expression = (arkit() @ rig.arkit_map.T).astype(np.float32)
    jaw = (arkit()[:, [INDEX["jawOpen"]]] * JAW).astype(np.float32)
    F = len(rig.faces)
    colour = 0.5 + 4 * rig.template[rig.faces].mean(1)
    bound = BoundGaussians(
        face=np.arange(F, dtype=np.int32),
        barycentric=np.full((F, 3), 1 / 3, np.float32),
        position=np.zeros((F, 3), np.float32),
        rotation=np.tile(np.array([1, 0, 0, 0], np.float32), (F, 1)),
        scale=np.tile(np.array([0.5, 0.05, 0.5], np.float32), (F, 1)),
        opacity=np.full(F, 0.95, np.float32),
        colour=np.clip(colour, 0, 1).astype(np.float32),
        sh=np.zeros((F, 3, 3), np.float32),
    )
    frames = []
    for timestep in range(TIMESTEPS):
        pose = PoseParameters.neutral(rig)
        pose.expression[:], pose.joint_rotations[2] = expression[timestep], jaw[timestep]
        gaussians = to_world(bound, pose_numpy(rig, pose), rig.faces)
        for number, yaw in enumerate(np.linspace(-1, 1, CAMERAS)):
            camera = look_at(np.array([np.sin(yaw), 0.1, np.cos(yaw)]) * 0.6, np.zeros(3), 0.5, SIZE, SIZE)
            picture = rasterize_numpy(gaussians, camera, (0.0, 0.0, 0.0))
            straight = picture.colour / np.maximum(picture.alpha, 1e-3)[..., None]
            rgba = np.concatenate([straight, picture.alpha[..., None]], -1)
            name = f"t{timestep}_c{number}.png"
            Image.fromarray((rgba.clip(0, 1) * 255 + 0.5).astype(np.uint8)).save(root / name)
            frames.append(entry(name, camera, timestep, number))
    held = [frame["file_path"] for frame in frames if frame["camera_index"] == CAMERAS - 2]
    trained = [frame["file_path"] for frame in frames if frame["file_path"] not in held]
    focal = float(camera.K[0, 0])
    lens = {"fl_x": focal, "fl_y": focal, "cx": SIZE / 2, "cy": SIZE / 2, "w": SIZE, "h": SIZE}
    splits = {"train_filenames": trained, "val_filenames": held}
    (root / "transforms.json").write_text(json.dumps({**lens, **splits, "frames": frames}))
    parameters = RigParameters("egg", {}, expression, rig.expression_names, {"mandible": jaw})
    write_rig_params(root / "rig_params.npz", parameters)


def entry(name: str, camera: Camera, timestep: int, number: int) -> dict[str, object]:
    """The frame of ``transforms.json``."""
    pose = np.linalg.inv(T_rig_world) @ np.linalg.inv(camera.T_camera_world) @ T_opengl_opencv
    numbers = {"timestep_index": timestep, "camera_index": number}
    return {"file_path": name, "transform_matrix": pose.tolist(), **numbers}
