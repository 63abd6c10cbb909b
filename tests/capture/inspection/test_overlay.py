from __future__ import annotations

import numpy as np

from splatavatar.capture.inspection.overlay import cut_out, project, visible_faces, with_landmarks
from splatavatar.render.camera import Camera, look_at


def test_projection_is_that_of_the_camera() -> None:
    camera = look_at(np.array([0.1, 0.2, 1.5]), np.array([0.0, 0.1, 0.0]), 0.5, 64, 48)
    pixels, depth = project(np.array([[0.0, 0.1, 0.0], [0.05, 0.1, 0.0], [0.0, 0.2, 0.0]]), camera)
    np.testing.assert_allclose(pixels[0], [32, 24], atol=1e-9)
    np.testing.assert_allclose(depth[0], np.linalg.norm([0.1, 0.1, 1.5]))
    assert pixels[1, 0] > 32 and pixels[2, 1] < 24


def test_faces_behind_others_and_faces_turned_away_are_not_visible() -> None:
    # A square of two faces in front, the same behind it, a small face behind to the side, one turned away.
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    beside = np.array([[3, 0, -1], [4, 0, -1], [3.5, 1, -1]], float)
    vertices = np.concatenate([square, square - [0, 0, 1], beside])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7], [8, 9, 10], [8, 10, 9]], np.int32)
    camera = look_at(np.array([0, 0, 20.0]), np.zeros(3), 0.6, 200, 200)
    pixels, depth = project(vertices, camera)
    assert visible_faces(pixels, depth, faces, 200, 200).tolist() == [0, 1, 4]


def test_faces_behind_the_camera_are_not_visible() -> None:
    vertices = np.array([[-1, -1, -2], [1, -1, -2], [0, 1, -2.0]])
    camera = Camera(np.eye(4), np.array([[50.0, 0, 32], [0, 50, 32], [0, 0, 1]]), 64, 64)
    pixels, depth = project(vertices, camera)
    assert len(visible_faces(pixels, depth, np.array([[0, 1, 2], [0, 2, 1]], np.int32), 64, 64)) == 0


def test_a_landmark_is_drawn_on_the_pixel_it_is_in() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40, 60] = 255
    corners = np.array([[30.5, 30.5], [70.5, 30.5], [70.5, 70.5], [30.5, 70.5]])
    view = with_landmarks(image, np.concatenate([corners, [[60.5, 40.5]]]), None, 250).astype(int)
    plain = with_landmarks(image, corners, None, 250).astype(int)
    white = np.argwhere(plain.min(2) > 128).mean(0)
    dot = np.argwhere(np.abs(view - plain).sum(2) > 60).mean(0)
    np.testing.assert_allclose(dot, white, atol=0.6)


def test_what_the_matte_leaves_out_is_magenta() -> None:
    image = np.full((2, 3, 3), 100, np.uint8)
    shown = cut_out(image, np.array([[0, 255, 51], [0, 0, 255]], np.uint8))
    np.testing.assert_array_equal(shown[0], [[255, 0, 255], [100, 100, 100], [224, 20, 224]])
