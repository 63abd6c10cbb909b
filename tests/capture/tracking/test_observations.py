from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.tracking.observations import FACING_CAMERA, Observations
from splatavatar.rotations import rotation_matrices


def seen(camera: list[int], timestep: list[int], yaw: float = 0.0) -> Observations:
    """Numbered observations; the eyes are 100 pixels apart as seen from the front."""
    N = len(timestep)
    pixels = np.zeros((N, 478, 2))
    pixels[:, 33, 0], pixels[:, 263, 0] = -50 * np.cos(yaw), 50 * np.cos(yaw)
    pixels[:, 0, 0] = np.arange(N)
    rotation = np.tile(rotation_matrices(np.array([0.0, yaw, 0.0])), (N, 1, 1))
    scores = np.tile(np.arange(N)[:, None] / 10, (1, 52))
    linked = np.arange(1 + max(timestep)) > 0
    return Observations(np.array(timestep), np.array(camera), pixels, rotation, scores, linked)


@pytest.mark.parametrize("yaw", [-1.0, -0.3, 0.0, 0.8])
def test_the_span_is_that_of_a_face_seen_from_the_front(yaw: float) -> None:
    np.testing.assert_allclose(seen([0], [0], yaw).span, 100, rtol=1e-12)


def test_the_span_of_a_profile_stays_finite() -> None:
    assert 0 < seen([0], [0], np.pi / 2 - 0.01).span[0] < 100


def test_some_timesteps_of_several_cameras() -> None:
    some = seen([0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 2, 3]).of_timesteps(np.array([1, 2]))
    assert (some.timestep.tolist(), some.camera.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert some.pixels[:, 0, 0].tolist() == [2, 3, 4]
    assert (10 * some.scores[:, 0]).round().tolist() == [2, 3, 4]
    assert some.timesteps == 2 and not some.linked.any()


def test_the_facing_camera_sees_the_left_of_the_subject_on_the_right() -> None:
    """And up at the top, and the nose in front."""
    right, down, forward = FACING_CAMERA[:3, :3] @ np.array([0.1, 0.2, -1.0])
    assert right > 0 > down and forward > 0
