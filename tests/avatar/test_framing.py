from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.render.camera import Camera
from support.small_avatar import small_avatar

MUST_HOLD = "the avatar's camera must hold target (3), distance and fov_y."
OUT_OF_RANGE = "the avatar's camera has a target, distance or fov_y out of range."


@pytest.fixture
def avatar() -> Avatar:
    return small_avatar()


def project(camera: Camera, points: np.ndarray) -> np.ndarray:
    local = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    pixels = local @ camera.K.T
    return pixels[:, :2] / pixels[:, 2:]


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (0.6, 0.3), (-1.5, -0.2), (3.1, 0)])
def test_the_whole_head_is_in_the_picture(avatar: Avatar, yaw: float, pitch: float) -> None:
    pixels = project(default_camera(avatar, 400, 300, yaw, pitch), avatar.rig.template)
    assert (pixels > 0).all() and (pixels < [400, 300]).all()
    assert np.ptp(pixels[:, 1]) > 0.5 * 300


def test_yaw_goes_to_the_subjects_left_and_pitch_up(avatar: Avatar) -> None:
    front = default_camera(avatar, 100, 100).position
    assert default_camera(avatar, 100, 100, yaw=0.5).position[0] > front[0] + 0.1
    assert default_camera(avatar, 100, 100, pitch=0.5).position[1] > front[1] + 0.1


def test_follows_the_camera_of_the_avatar(avatar: Avatar) -> None:
    stored = {"target": [0.1, 1.4, 0.0], "distance": 2.0, "fov_y": 0.5}
    camera = default_camera(replace(avatar, metadata={"camera": stored}), 200, 100)
    np.testing.assert_allclose(camera.position, [0.1, 1.4, 2.0])
    assert camera.K[1, 1] == pytest.approx(50 / math.tan(0.25))
    np.testing.assert_allclose(project(camera, np.array([[0.1, 1.4, 0.0]])), [[100, 50]])


def test_distance_replaces_the_default(avatar: Avatar) -> None:
    near, far = default_camera(avatar, 100, 100, distance=1.0), default_camera(avatar, 100, 100, distance=3.0)
    assert far.position[2] - near.position[2] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distance": 0.0}, "the distance must be between 0.001 and 1000 metres, got 0."),
        ({"distance": math.inf}, "the distance must be between 0.001 and 1000 metres, got inf."),
        ({"distance": math.nan}, "the distance must be between 0.001 and 1000 metres, got nan."),
        ({"distance": 1e300}, "the distance must be between 0.001 and 1000 metres, got 1e+300."),
        ({"distance": 1e-300}, "the distance must be between 0.001 and 1000 metres, got 1e-300."),
        ({"yaw": math.inf}, "the yaw must be a number of degrees, got inf."),
        ({"pitch": math.radians(90)}, "the pitch must be between -89 and 89 degrees, got 90."),
        ({"yaw": math.nan}, "the yaw must be a number of degrees, got nan."),
    ],
)
def test_refuses_a_view_that_makes_no_sense(avatar: Avatar, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        default_camera(avatar, 100, 100, **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"target": [0, 1]}, "the avatar's camera must hold target (3), distance and fov_y."),
        ({"target": [10**400, 1, 0], "distance": 1, "fov_y": 0.5}, MUST_HOLD),
        ({"target": [0, 1, 0], "distance": 10**400, "fov_y": 0.5}, MUST_HOLD),
        ({"target": [0, 1, 0], "distance": 1e300, "fov_y": 0.5}, OUT_OF_RANGE),
        ({"target": [1e308, 1, 0], "distance": 1, "fov_y": 0.5}, OUT_OF_RANGE),
        ({"target": [0, 1, 0], "distance": 1, "fov_y": 5e-324}, OUT_OF_RANGE),
        (
            {"target": [0, 1, 0], "distance": -1, "fov_y": 0.5},
            "the avatar's camera has a target, distance or fov_y out of range.",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_refuses_a_stored_camera_that_makes_no_sense(avatar: Avatar, stored: dict[str, Any], message: str) -> None:
    with pytest.raises(AvatarFileError) as caught:
        default_camera(replace(avatar, metadata={"camera": stored}), 100, 100)
    assert str(caught.value) == message
