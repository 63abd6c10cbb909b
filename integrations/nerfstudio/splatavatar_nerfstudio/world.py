"""Between the rig frame with its OpenCV cameras and nerfstudio's world with OpenGL cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from nerfstudio.cameras.cameras import Cameras, CameraType
from numpy.typing import NDArray

from splatavatar.capture.capture import Frame
from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera

T_WORLD_RIG: NDArray[np.float64] = np.array([[-1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
"""nerfstudio's world is Z up, and its viewer begins beyond +Y: there the subject looks. Metres in both."""
OPENGL = np.diag([1.0, -1, -1, 1])
"""between OpenCV axes (right, down, forward) and OpenGL's (right, up, backward)"""
TIMESTEP = "timestep"
"""what the metadata of cameras calls (N, 1) int64, the index into the rig parameters"""


def cameras_of(frames: Sequence[Frame], timesteps: int) -> Cameras:
    """The cameras of N ``frames``, straight pinholes, as nerfstudio has them.

    The timestep of each is in the metadata, and in ``times`` as a share in [0, 1] of all ``timesteps``: the viewer's
    slider.
    """
    cameras = [frame.camera for frame in frames]
    poses = [T_WORLD_RIG @ np.linalg.inv(camera.T_camera_world) @ OPENGL for camera in cameras]
    K = torch.from_numpy(np.array([camera.K for camera in cameras]).reshape(-1, 3, 3)).float()
    at = torch.tensor([frame.timestep for frame in frames], dtype=torch.int64)[:, None]
    return Cameras(
        torch.from_numpy(np.array(poses).reshape(-1, 4, 4)[:, :3]).float(),
        K[:, 0, 0],
        K[:, 1, 1],
        K[:, 0, 2],
        K[:, 1, 2],
        torch.tensor([camera.width for camera in cameras], dtype=torch.int64),
        torch.tensor([camera.height for camera in cameras], dtype=torch.int64),
        camera_type=CameraType.PERSPECTIVE,
        times=at.float() / max(timesteps - 1, 1),
        metadata={TIMESTEP: at},
    )


def camera_of(cameras: Cameras) -> Camera:
    """The one camera of ``cameras``, in the rig frame.

    Raises:
        SettingsError: it is none that draws straight lines straight.
    """
    kind = int(cameras.camera_type.flatten()[0])
    if kind != CameraType.PERSPECTIVE.value:
        raise SettingsError(f"a camera of type {CameraType(kind).name}: splat-avatar draws perspective cameras only")
    bent = cameras.distortion_params
    if bent is not None and bool((bent != 0).any()):
        raise SettingsError("a camera with a lens that bends lines: splat-avatar draws straight ones only")
    pose = np.eye(4)
    pose[:3] = cameras.camera_to_worlds.reshape(-1, 3, 4)[0].double().numpy(force=True)
    K = np.eye(3)
    fx, fy, cx, cy = (float(value.flatten()[0]) for value in (cameras.fx, cameras.fy, cameras.cx, cameras.cy))
    K[0, 0], K[1, 1], K[0, 2], K[1, 2] = fx, fy, cx, cy
    T_camera_rig = np.linalg.inv(pose @ OPENGL) @ T_WORLD_RIG
    return Camera(T_camera_rig, K, int(cameras.width.flatten()[0]), int(cameras.height.flatten()[0]))


def timestep_of(cameras: Cameras, timesteps: int) -> int:
    """The timestep that one camera shows: of its metadata, else the nearest to its time, else the first."""
    known = (cameras.metadata or {}).get(TIMESTEP)
    if known is not None:
        return int(known.flatten()[0])
    if cameras.times is None:
        return 0
    return min(max(round(float(cameras.times.flatten()[0]) * (timesteps - 1)), 0), timesteps - 1)
