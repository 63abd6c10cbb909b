"""Cameras that do not mean what they say are found by where their rays meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.capture.tracking.agreement import disagreement, missed
from splatavatar.capture.tracking.observations import Lenses
from splatavatar.rotations import rotation_matrices
from support.synthetic_track import Take, facing, movement, take


@pytest.fixture(scope="module")
def ring(pair: Take) -> Take:
    """Six timesteps before five cameras."""
    cameras = np.stack([facing(pair.rig, 0.7 + 0.05 * i, yaw) for i, yaw in enumerate((-0.8, -0.4, 0.0, 0.5, 0.9))])
    return take(pair.rig, *movement(6), cameras)


def written(take: Take, change: object) -> Lenses:
    """The lenses of ``take`` as read from a file whose matrices ``change`` has gone over."""
    lenses = take.lenses()
    matrices = np.linalg.inv(T_rig_world) @ np.linalg.inv(lenses.T_camera_rig) @ T_opengl_opencv
    matrices = np.stack([change(matrix) for matrix in matrices])  # type: ignore[operator]
    return replace(lenses, T_camera_rig=np.linalg.inv(T_rig_world @ matrices @ T_opengl_opencv))


TURN = np.eye(4)
TURN[:3, :3], TURN[:3, 3] = rotation_matrices(np.array([0.4, 1.9, -0.7])), (30, -20, 11)


def test_cameras_that_agree(ring: Take) -> None:
    for world in (np.eye(4), TURN, np.diag([100.0, 100, 100, 1])):
        lenses = written(ring, lambda matrix, world=world: world @ matrix @ np.diag([*[1 / world[0, 0]] * 3, 1.0]))
        lenses = lenses if world[0, 0] == 100 else written(ring, lambda matrix, world=world: world @ matrix)
        found = missed(ring.seen, lenses.T_camera_rig, lenses)
        assert found is not None and found < 0.02
        assert disagreement(ring.seen, lenses) is None


def mirrored(axis: int) -> np.ndarray:
    signs = np.ones(4)
    signs[axis] = -1
    return TURN @ np.diag(signs)


ACROSS = np.diag([-1.0, 1, 1, 1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *((lambda M, a=axis: mirrored(a) @ M @ ACROSS, "the world of the cameras is mirrored") for axis in range(3)),
        (lambda M: mirrored(0) @ M @ ACROSS @ T_opengl_opencv, "is mirrored (left-handed) against the pictures"),
        (lambda M: TURN @ M @ T_opengl_opencv, "the axes of the cameras seem to be OpenCV's (y down, z forward)"),
        (lambda M: np.linalg.inv(TURN @ M), "transform_matrix seems to go from the world to the camera, expected"),
        (
            lambda M: np.linalg.inv(TURN @ M @ T_opengl_opencv),
            "transform_matrix seems to go from the world to a camera with OpenCV's axes",
        ),
    ],
)
def test_what_the_cameras_were_meant_to_be(ring: Take, change: object, said: str) -> None:
    found = disagreement(ring.seen, written(ring, change))
    assert found is not None and said in found


def test_cameras_of_other_pictures(ring: Take) -> None:
    lenses = ring.lenses()
    found = disagreement(ring.seen, replace(lenses, T_camera_rig=lenses.T_camera_rig[[2, 4, 1, 0, 3]]))
    assert found is not None and found.startswith("the cameras do not agree on where the face is: they miss it by")


def test_one_camera_a_timestep_tells_nothing(clip: Take) -> None:
    assert missed(clip.seen, clip.lenses().T_camera_rig, clip.lenses()) is None
    assert disagreement(clip.seen, clip.lenses()) is None
