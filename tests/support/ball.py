"""A ball for a head, and cameras around it."""

from __future__ import annotations

import numpy as np

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.render.camera import Camera, look_at
from splatavatar.rig.rig import Rig

RADIUS = 0.1
SIZE = 128


def ball() -> Rig:
    """1,280 triangles of a sphere about the origin; ``scalp`` are those of the upper half, ``torso`` the lowest."""
    import trimesh

    mesh = trimesh.creation.icosphere(3, RADIUS)
    V, F = len(mesh.vertices), len(mesh.faces)
    height = mesh.triangles_center[:, 1]
    zeros = np.zeros((0, V, 3), np.float32)
    return Rig(
        kind="ball",
        template=mesh.vertices.astype(np.float32),
        faces=mesh.faces.astype(np.int32),
        uv=np.zeros((F, 3, 2), np.float32),
        identity_basis=zeros,
        identity_names=(),
        expression_basis=zeros,
        expression_names=(),
        joints=np.zeros((1, 3), np.float32),
        joint_identity_basis=np.zeros((0, 1, 3), np.float32),
        joint_names=("root",),
        parents=np.array([-1], np.int32),
        skin_joints=np.zeros((V, 4), np.int32),
        skin_weights=np.full((V, 4), 0.25, np.float32),
        arkit_map=np.zeros((0, 52), np.float32),
        head_chain=((0, 1.0),),
        eye_joints=(-1, -1),
        regions={
            "scalp": np.flatnonzero(height > 0.02).astype(np.int32),
            "torso": np.flatnonzero(height < -0.08).astype(np.int32),
        },
    )


def around(yaws: np.ndarray, pitch: float = 0.0) -> list[Camera]:
    """Cameras 1 m from the origin that look at it."""
    out = []
    for yaw in yaws:
        eye = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
        out.append(look_at(eye, np.zeros(3), 0.4, SIZE, SIZE))
    return out


def disc(camera: Camera, radius: float, vertices: np.ndarray, timestep: int = 0) -> PosedView:
    """What ``camera``, which looks at the origin, sees of a sphere of ``radius`` there: its matte."""
    distance = float(np.linalg.norm(camera.position))
    outline = camera.K[0, 0] * radius / np.sqrt(distance**2 - radius**2)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    inside = np.hypot(rows - SIZE / 2, columns - SIZE / 2) < outline
    rgba = np.zeros((SIZE, SIZE, 4), np.uint8)
    rgba[..., 3] = 255 * inside
    return PosedView(Target("", rgba, camera, timestep, (0, 0, SIZE, SIZE)), vertices)
