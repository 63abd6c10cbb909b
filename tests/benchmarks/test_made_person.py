"""``benchmarks/made_person``: what of the made person needs no renderer."""

from __future__ import annotations

import numpy as np
from made_person import cameras, film, hair, truth
from made_person.performance import FPS, PICTURES, SMILE, performed
from made_person.surface import Bound, rigid
from made_person.teeth import Row

from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import rotation_matrices

TRIANGLE = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])


def turned() -> np.ndarray:
    return rotation_matrices(np.array([0.4, 0.9, -0.2]))


def test_the_clip_turns_the_head_to_both_sides_and_smiles() -> None:
    clip = performed(list(NAMES))
    yaw = np.degrees(clip.head[:, 1])
    assert yaw.max() > 30
    assert yaw.min() < -30
    assert np.abs(np.diff(yaw)).max() * FPS < 140
    assert clip.arkit[:, INDEX["mouthSmileLeft"]].max() == np.float32(SMILE["mouthSmileLeft"])
    lids = clip.arkit[:, INDEX["eyeBlinkLeft"]]
    assert lids.max() > 0.99
    assert (lids > 0.5).mean() < 0.15


def test_bound_points_follow_their_triangle() -> None:
    points = np.array([[[0.2, 0.3, 0.1], [0.2, 0.3, 0.4]]])
    faces = np.array([[0, 1, 2]])
    bound = Bound.bind(points, np.array([0]), TRIANGLE, faces)
    moved = TRIANGLE @ turned().T + [1, 2, 3]
    np.testing.assert_allclose(bound.placed(moved, faces), points @ turned().T + [1, 2, 3], atol=1e-12)


def test_a_rigid_movement_is_found_again() -> None:
    rest = np.random.default_rng(0).normal(size=(9, 3))
    matrix = rigid(rest, rest @ turned().T + [0.1, 0, -0.2])
    np.testing.assert_allclose(matrix[:3, :3], turned(), atol=1e-12)
    np.testing.assert_allclose(matrix[:3, 3], [0.1, 0, -0.2], atol=1e-12)


def test_upper_teeth_point_down_and_lower_teeth_up() -> None:
    for upper in (True, False):
        row = Row(upper, front=0.13, edge=0.06, half=0.025, depth=0.04)
        vertices, quads = row.teeth(np.random.default_rng(0))
        assert quads.max() == len(vertices) - 1
        beyond = vertices[:, 1] - 0.06
        assert (np.abs(beyond) > 0.004).any()
        # All but the unevenness of an edge lies on the side of the gum.
        assert (beyond * (1 if upper else -1)).min() > -0.0012
        gum, _ = row.gum()
        assert (np.sign(gum[:, 1].mean() - 0.06) > 0) == upper
        assert abs(np.ptp(vertices[:, 0]) - np.ptp(gum[:, 0])) < 0.006


def test_hair_begins_above_the_brows_and_reaches_the_nape() -> None:
    points = np.array([[0.0, 0.16, 0.15], [0.0, 0.24, 0.08], [0.0, 0.10, -0.06], [0.0, 0.05, -0.05]])
    assert (hair.hairline(points, 0.047) > 0).tolist() == [False, True, True, False]


def test_the_shoulders_keep_the_ends_of_the_hair() -> None:
    strand = np.array([[[0.08, 0.2, 0], [0.08, 0.05, 0], [0.08, -0.2, 0]]])
    share = hair.carried(strand)
    assert share[0, 0] == share[0, 1] == 1
    assert share[0, 2] < 0.2


def test_truth_cameras_see_what_they_look_at_in_the_middle() -> None:
    for (azimuth, _), camera in zip(cameras.TRUTH, cameras.truth(), strict=True):
        at = camera.K @ (camera.T_camera_world @ [*cameras.TRUTH_MIDDLE, 1])[:3]
        np.testing.assert_allclose(at[:2] / at[2], np.array(camera.size) / 2, atol=1e-9)
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
        assert np.sign(round(camera.position[0], 6)) == np.sign(round(np.sin(np.radians(azimuth)), 6))


def test_the_world_of_the_file_has_z_up_and_the_face_along_minus_y() -> None:
    front = np.array(truth.to_world(cameras.truth()[0]))
    assert front[1, 3] < -1
    np.testing.assert_allclose(front[:3, 1], [0, 0, 1], atol=1e-9)


def test_the_wall_moves_with_the_phone() -> None:
    before, after = cameras.phone(0.0), cameras.phone(2.0)
    point = np.array([0.3, 0.2, cameras.WALL, 1])

    def seen(camera: cameras.Camera) -> np.ndarray:
        at = camera.K @ (camera.T_camera_world @ point)[:3]
        return np.asarray(at / at[2])

    moved = cameras.homography(before, after) @ seen(before)
    np.testing.assert_allclose(moved / moved[2], seen(after), atol=1e-6)
    assert np.abs(seen(after) - seen(before)).max() > 2


def test_a_sensor_is_noisy_and_keeps_the_mean() -> None:
    grey = np.full((64, 64, 3), 0.5, np.float32)
    shown = film.filmed(grey, np.random.default_rng(0)) / 255
    assert abs(shown.mean() - 0.5) < 0.004
    assert 0.004 < shown.std() < 0.03


def test_the_film_takes_the_pictures_that_are_there_evenly() -> None:
    assert film.spacing(set(range(0, PICTURES, 4)) | {2, 6}) == 4
    assert film.spacing(set(range(0, PICTURES, 2))) == 2


def test_what_is_clear_shows_the_room() -> None:
    width, height = cameras.plate().size
    room = np.full((height, width, 4), (0.2, 0.4, 0.6, 1), np.float32)
    picture = np.zeros((*cameras.CLIP_SIZE[::-1], 4), np.float32)
    picture[:100] = 1
    shown = film.composed(picture, room, 1.0)
    np.testing.assert_allclose(shown[:96], 1)
    np.testing.assert_allclose(shown[104:], np.broadcast_to([0.2, 0.4, 0.6], shown[104:].shape), atol=1e-6)
