"""Cameras that do not mean what they say are told by where their rays meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.calibration.agreement import agreement, shifted
from splatavatar.capture.calibration.known_cameras import KnownCameras
from splatavatar.capture.calibration.mistakes import named_mistake, off_cameras
from splatavatar.capture.calibration.sightings import Sightings
from splatavatar.capture.calibration.verdict import judged
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import NERFSTUDIO, Convention, T_opengl_opencv
from splatavatar.capture.readers.colmap import COLMAP
from splatavatar.capture.readers.flame.head_trackers import INSTA
from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices
from support.known_takes import known
from support.synthetic_track import Take, facing, movement, take

Change = Callable[[np.ndarray], np.ndarray]
TURN = np.eye(4)
TURN[:3, :3], TURN[:3, 3] = rotation_matrices(np.array([0.4, 1.9, -0.7])), (30, -20, 11)
ACROSS = np.diag([-1.0, 1, 1, 1])
LENS = Lens("opencv", (-0.25, 0.05, 0.001, 0.0, 0.0), np.eye(3))


def named(sightings: Sightings, cameras: KnownCameras, convention: Convention = NERFSTUDIO) -> str | None:
    sightings = replace(sightings, cameras=cameras)
    found = agreement(sightings)
    assert found is not None
    return named_mistake(sightings, found, convention)


def written(cameras: KnownCameras, change: Change, convention: Convention = NERFSTUDIO) -> KnownCameras:
    """The cameras as read from a file of ``convention`` whose matrices ``change`` has gone over."""
    W, C = convention.T_rig_world, convention.T_opencv
    matrices = np.linalg.inv(W) @ np.linalg.inv(cameras.T_camera_world) @ np.linalg.inv(C)
    if convention.inverted:
        matrices = np.linalg.inv(matrices)
    matrices = np.stack([change(matrix) for matrix in matrices])
    if convention.inverted:
        matrices = np.linalg.inv(matrices)
    return replace(cameras, T_camera_world=np.linalg.inv(W @ matrices @ C))


def mirrored(axis: int) -> np.ndarray:
    signs = np.ones(4)
    signs[axis] = -1
    return TURN @ np.diag(signs)


@pytest.mark.parametrize("lens", [None, LENS])
def test_cameras_that_are_right(ring: Take, lens: Lens | None) -> None:
    capture, sightings = known(ring, lens)
    verdict = judged(capture, sightings)
    assert verdict is not None
    assert (verdict.mistake, verdict.refusal, verdict.off) == (None, None, {})
    assert verdict.line.startswith("landmarks of the face fall on the pixels within 0.")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *((lambda M, a=axis: mirrored(a) @ M @ ACROSS, "the world of the cameras is mirrored") for axis in range(3)),
        (
            lambda M: mirrored(0) @ M @ ACROSS @ T_opengl_opencv,
            "against the pictures; export it right-handed, or negate one",
        ),
        (
            lambda M: TURN @ M @ T_opengl_opencv,
            "the axes of the cameras seem to be OpenCV's (y down, z forward), this layout has OpenGL's (y up, z back); "
            "negate the second and third column of every transform_matrix",
        ),
        (
            lambda M: np.linalg.inv(TURN @ M),
            "transform_matrix seems to go from the world to the camera, expected from the camera to the world; invert",
        ),
        (
            lambda M: np.linalg.inv(TURN @ M @ T_opengl_opencv),
            "transform_matrix seems to go from the world to the camera with OpenCV's axes, expected from the camera to "
            "the world with OpenGL's axes; invert it, then negate",
        ),
    ],
)
def test_what_the_poses_were_meant_to_be(ring: Take, change: Change, said: str) -> None:
    sightings = known(ring)[1]
    found = named(sightings, written(sightings.cameras, change))
    assert found is not None and said in found


@pytest.mark.parametrize(
    ("convention", "change", "said"),
    [
        (
            INSTA,
            lambda M: M @ T_opengl_opencv,
            "the axes of the cameras seem to be OpenGL's (y up, z back), this layout has OpenCV's",
        ),
        (
            INSTA,
            lambda M: np.linalg.inv(TURN @ M),
            "transform_matrix seems to go from the world to the camera, expected",
        ),
        (COLMAP, lambda M: T_opengl_opencv @ M, "negate the second and third row of every rotation and translation"),
        (
            COLMAP,
            lambda M: np.linalg.inv(M @ TURN),
            "the poses seem to go from the camera to the world, expected from the world",
        ),
        (
            COLMAP,
            lambda M: np.linalg.inv(T_opengl_opencv @ M @ TURN),
            "from the camera to the world with OpenGL's axes, expected",
        ),
    ],
)
def test_poses_of_other_layouts(ring: Take, convention: Convention, change: Change, said: str) -> None:
    sightings = known(ring)[1]
    found = named(sightings, written(sightings.cameras, change, convention), convention)
    assert found is not None and said in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda c: replace(c, centre=np.abs(c.centre - [0, 960])),
            "cy seems to count from below, expected from the upper",
        ),
        (lambda c: replace(c, centre=c.centre[:, ::-1], focal=c.focal[:, ::-1]), "cx and cy seem to be exchanged"),
        *(
            (
                lambda c, f=f: replace(c, centre=f * c.centre, focal=f * c.focal),
                f"seem to be of pictures {times} the size",
            )
            for f, times in ((2, "2 times"), (4, "4 times"), (0.5, "1/2 of"), (0.25, "1/4 of"))
        ),
        (lambda c: replace(c, focal=2 * c.focal), "the focal lengths seem to be 2 times what they should be"),
        (lambda c: replace(c, focal=c.focal * 4 / 3), "from the wrong side of the picture, its width"),
    ],
)
def test_what_the_numbers_of_a_camera_were_meant_to_be(
    ring: Take, change: Callable[[KnownCameras], KnownCameras], said: str
) -> None:
    sightings = known(ring)[1]
    found = named(sightings, change(sightings.cameras))
    assert found is not None and said in found


@pytest.mark.parametrize(
    ("taken", "stated", "said"),
    [
        (LENS, None, "the pictures seem to be bent by a lens that is not stated (k1 about -0."),
        (None, LENS, "the pictures seem to be straightened already; leave out the distortion"),
        (LENS, Lens("opencv", (0.25, -0.05, -0.001, 0.0, 0.0), np.eye(3)), "seems to have the opposite sign"),
        (LENS, Lens("opencv", (-0.5, 0.1, 0.002, 0.0, 0.0), np.eye(3)), "seems to be twice what it should be"),
    ],
)
def test_lenses(ring: Take, taken: Lens | None, stated: Lens | None, said: str) -> None:
    sightings = known(ring, taken)[1]
    found = named(sightings, replace(sightings.cameras, lenses=(stated,) * 5))
    assert found is not None and said in found


def test_two_mistakes_at_once(ring: Take) -> None:
    sightings = known(ring)[1]
    cameras = written(sightings.cameras, lambda M: M @ T_opengl_opencv)
    found = named(sightings, replace(cameras, centre=2 * cameras.centre, focal=2 * cameras.focal))
    assert found is not None
    assert found.startswith("the axes of the cameras seem to be OpenCV's") and "pictures 2 times the size" in found


@pytest.mark.parametrize(("step", "way"), [(1, "previous"), (-1, "next")])
def test_pictures_of_some_cameras_a_timestep_off(ring: Take, step: int, way: str) -> None:
    capture, sightings = known(ring)
    verdict = judged(capture, shifted(sightings, step, np.array([3])))
    assert verdict is not None and verdict.refusal is None and list(verdict.off) == [3]
    assert verdict.mistake == f"the pictures of camera 3 seem to be of the {way} timestep, against the other cameras"


def test_a_moving_camera_a_frame_off(someone: Rig) -> None:
    yaws = 0.7 * np.sin(np.arange(12.0))
    still = take(someone, *(0 * part for part in movement(1)), np.stack([facing(someone, 0.8, yaw) for yaw in yaws]))
    seen = replace(still.seen, timestep=np.arange(12), linked=np.zeros(12, bool))
    capture, sightings = known(replace(still, points=np.repeat(still.points, 12, 0), seen=seen), moving=True)
    late = replace(
        sightings, camera=(sightings.camera - 1) % 12, poses={s: (p - 1) % 12 for s, p in sightings.poses.items()}
    )
    verdict = judged(capture, late)
    assert verdict is not None and verdict.refusal == verdict.mistake
    assert verdict.mistake is not None and "frame numbers are off by one" in verdict.mistake


def test_one_camera_alone_that_is_wrong(ring: Take) -> None:
    capture, sightings = known(ring)
    T = sightings.cameras.T_camera_world.copy()
    T[1, 0, 3] += 0.1
    wrong = replace(sightings, cameras=replace(sightings.cameras, T_camera_world=T))
    verdict = judged(capture, wrong)
    assert verdict is not None and verdict.mistake is None and verdict.refusal is None
    assert list(verdict.off) == [1] and verdict.off[1] > 50
    found = agreement(wrong)
    assert found is not None and off_cameras(wrong, found).tolist() == [1]


def test_cameras_of_other_pictures(ring: Take) -> None:
    capture, sightings = known(ring)
    T = sightings.cameras.T_camera_world[[2, 4, 1, 0, 3]]
    verdict = judged(capture, replace(sightings, cameras=replace(sightings.cameras, T_camera_world=T)))
    assert verdict is not None and verdict.refusal is not None
    assert verdict.refusal.startswith("the cameras do not agree on where the face is: they miss it by ")
