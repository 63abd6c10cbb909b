"""Points through nerfstudio's own cameras fall on the pixels that ours give them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from nerfstudio.cameras.cameras import Cameras, CameraType
from splatavatar_nerfstudio.world import T_WORLD_RIG, camera_of, cameras_of, timestep_of

from splatavatar.capture.capture import Frame
from splatavatar.capture.references import PictureFile
from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera, look_at


def frame(camera: Camera, timestep: int) -> Frame:
    return Frame(f"{timestep}.png", PictureFile(Path(f"{timestep}.png")), None, camera, 0, timestep)


@pytest.fixture
def frames() -> list[Frame]:
    """Three cameras around the origin, each with another lens, picture and timestep."""
    made = []
    for number, eye in enumerate(([0.9, 0.3, 0.8], [-0.7, 0.5, -0.6], [0.1, -0.4, 1.2])):
        camera = look_at(np.array(eye), np.array([0.02, 0.1, 0.0]), 0.4 + 0.1 * number, 320 + 16 * number, 240)
        K = camera.K.copy()
        K[0, 0] *= 1.1
        K[0, 2] += 7.25
        K[1, 2] -= 4.5
        made.append(frame(Camera(camera.T_camera_world, K, camera.width, camera.height), 2 * number))
    return made


def test_the_world_is_z_up_right_handed_and_the_subject_looks_to_plus_y() -> None:
    turn = T_WORLD_RIG[:3, :3]
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_array_equal(turn @ [0, 1, 0], [0, 0, 1])  # up
    np.testing.assert_array_equal(turn @ [0, 0, 1], [0, 1, 0])  # where the face looks


@pytest.mark.parametrize("number", range(3))
def test_the_ray_of_a_points_pixel_passes_through_the_point(frames: list[Frame], number: int) -> None:
    cameras, camera = cameras_of(frames, 5), frames[number].camera
    points = np.random.default_rng(number).uniform(-0.1, 0.1, (20, 3))
    seen = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    assert (seen[:, 2] > 0).all()
    pixels = seen @ camera.K.T
    pixels = pixels[:, :2] / pixels[:, 2:]
    # nerfstudio takes (row, column), the centre of the first pixel at (0.5, 0.5).
    coords = torch.from_numpy(pixels[:, ::-1].copy()).float()
    rays = cameras.generate_rays(torch.full((20, 1), number), coords=coords)
    away = torch.from_numpy(points @ T_WORLD_RIG[:3, :3].T).float() - rays.origins
    along = (away * rays.directions).sum(-1)
    assert (along > 0.3).all()
    missed = (away - along[:, None] * rays.directions).norm(dim=-1)
    assert float(missed.max()) < 2e-6


def test_a_camera_comes_back(frames: list[Frame]) -> None:
    cameras = cameras_of(frames, 5)
    for number, one in enumerate(frames):
        back = camera_of(cameras[number : number + 1])
        np.testing.assert_allclose(back.T_camera_world, one.camera.T_camera_world, atol=1e-6)
        np.testing.assert_allclose(back.K, one.camera.K, rtol=1e-6)
        assert (back.width, back.height) == (one.camera.width, one.camera.height)


def test_timesteps_are_in_the_metadata_and_the_time(frames: list[Frame]) -> None:
    cameras = cameras_of(frames, 5)
    assert cameras.times is not None
    assert cameras.times.flatten().tolist() == [0, 0.5, 1]
    assert [timestep_of(cameras[i : i + 1], 5) for i in range(3)] == [0, 2, 4]


@pytest.mark.parametrize(("time", "timestep"), [(0.0, 0), (0.5, 2), (0.9, 4), (1.0, 4), (3.0, 4), (-1.0, 0), (None, 0)])
def test_the_slider_of_the_viewer_goes_over_all_timesteps(time: float | None, timestep: int) -> None:
    times = None if time is None else torch.tensor([time])
    view = Cameras(torch.eye(4)[None, :3], 100.0, 100.0, 50.0, 50.0, 100, 100, times=times, metadata={"cam_idx": 0})
    assert timestep_of(view, 5) == timestep


def test_cameras_that_cannot_be_drawn() -> None:
    pose = torch.eye(4)[None, :3]
    with pytest.raises(SettingsError, match="a camera of type FISHEYE: splat-avatar draws perspective cameras only"):
        camera_of(Cameras(pose, 100.0, 100.0, 50.0, 50.0, 100, 100, camera_type=CameraType.FISHEYE))
    bent = torch.tensor([[0.1, 0, 0, 0, 0, 0]])
    with pytest.raises(SettingsError, match="a lens that bends lines"):
        camera_of(Cameras(pose, 100.0, 100.0, 50.0, 50.0, 100, 100, distortion_params=bent))


def test_a_view_of_nerfstudios_origin_looks_down_the_backward_axis() -> None:
    """OpenGL: an identity pose looks along -Z of its world with +Y up in the picture."""
    camera = camera_of(Cameras(torch.eye(4)[None, :3], 100.0, 100.0, 50.0, 50.0, 100, 100))
    ahead = T_WORLD_RIG.T @ [0, 0, -1, 1]
    np.testing.assert_allclose(camera.T_camera_world @ ahead, [0, 0, 1, 1], atol=1e-12)
    above = T_WORLD_RIG.T @ [0, 1, -1, 1]
    np.testing.assert_allclose(camera.T_camera_world @ above, [0, -1, 1, 1], atol=1e-12)
    assert math.isclose(np.linalg.det(camera.T_camera_world[:3, :3]), 1)
