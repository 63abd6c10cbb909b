"""Triangle frames and what rides on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.gaussians.binding import corrected, to_world, triangle_areas, triangle_frames, world_sh
from splatavatar.gaussians.gaussians import PSI_LIMIT, BoundGaussians, Correctives

N = 50


@pytest.fixture
def mesh() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(0, 0.1, (20, 3)).astype(np.float32), np.arange(18, dtype=np.int32).reshape(6, 3)


@pytest.fixture
def bound() -> BoundGaussians:
    rng = np.random.default_rng(4)
    rotation = rng.normal(size=(N, 4))
    return BoundGaussians(
        face=rng.integers(0, 6, N).astype(np.int32),
        barycentric=rng.dirichlet(np.ones(3), N).astype(np.float32),
        position=rng.normal(size=(N, 3)).astype(np.float32),
        rotation=(rotation / np.linalg.norm(rotation, axis=1, keepdims=True)).astype(np.float32),
        scale=rng.uniform(0.1, 1, (N, 3)).astype(np.float32),
        opacity=rng.random(N).astype(np.float32),
        colour=rng.random((N, 3)).astype(np.float32),
        sh=rng.normal(0, 0.2, (N, 3, 3)).astype(np.float32),
    )


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices of unit quaternions wxyz, by turning the axes: v + 2 w (q x v) + 2 q x (q x v)."""
    w, q = quaternions[:, None, :1], quaternions[:, None, 1:]
    axes = np.eye(3)[None]
    once = np.cross(q, axes)
    return (axes + 2 * w * once + 2 * np.cross(q, once)).transpose(0, 2, 1)


def test_a_known_triangle() -> None:
    vertices = np.array([[1, 0, 0], [3, 0, 0], [1.5, 0, -4]], np.float32)
    rotation, size = triangle_frames(vertices, np.array([[0, 1, 2]], np.int32))
    # The edge runs along +x, the normal is +x x -z = +y, and +x x +y = +z.
    np.testing.assert_allclose(rotation[0], np.eye(3), atol=1e-7)
    assert size[0] == pytest.approx((2 + 4) / 2)


def test_frames_are_rotations(mesh: tuple[np.ndarray, np.ndarray]) -> None:
    rotation, _ = triangle_frames(*mesh)
    np.testing.assert_allclose(rotation @ rotation.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (6, 3, 3)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(rotation), 1, atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_a_triangle_without_area_stays_finite(bound: BoundGaussians, shift: float) -> None:
    line = np.array([[0, 0, 0], [shift, 0, 0], [2 * shift, 0, 0]], np.float32)
    faces = np.array([[0, 1, 2]], np.int32)
    placed = to_world(replace(bound, face=np.zeros(N, np.int32)), line, faces, np.array([0, 0, 1.0]))
    for array in (placed.mean, placed.rotation, placed.scale, placed.colour):
        assert np.isfinite(array).all()


def test_covariance_follows_the_triangle(bound: BoundGaussians, mesh: tuple[np.ndarray, np.ndarray]) -> None:
    vertices, faces = mesh
    frames, size = triangle_frames(vertices, faces)
    R, k = frames[bound.face], size[bound.face]
    placed = to_world(bound, vertices, faces)
    local = matrices(bound.rotation) * bound.scale[:, None]
    world = matrices(placed.rotation) * placed.scale[:, None]
    expected = (k[:, None, None] * R) @ local
    np.testing.assert_allclose(world @ world.transpose(0, 2, 1), expected @ expected.transpose(0, 2, 1), atol=1e-7)
    origin = (bound.barycentric[:, :, None] * vertices[faces[bound.face]]).sum(1)
    offset = k[:, None] * (R @ bound.position[:, :, None])[..., 0]
    np.testing.assert_allclose(placed.mean, origin + offset, atol=1e-6)


def test_rigid_motion_of_mesh_and_camera_changes_no_colour(
    bound: BoundGaussians, mesh: tuple[np.ndarray, np.ndarray]
) -> None:
    vertices, faces = mesh
    turn = matrices(np.array([[0.5, 0.5, -0.5, 0.5]]))[0]
    move, camera = np.array([0.3, -0.1, 2.0]), np.array([0.1, 0.2, 1.0])
    before = to_world(bound, vertices, faces, camera)
    after = to_world(bound, (vertices @ turn.T + move).astype(np.float32), faces, turn @ camera + move)
    np.testing.assert_allclose(after.colour, before.colour, atol=1e-5)
    np.testing.assert_allclose(after.mean, before.mean @ turn.T + move, atol=1e-5)
    assert before.colour.min() >= 0


def test_world_sh_gives_the_colour_that_the_camera_sees(
    bound: BoundGaussians, mesh: tuple[np.ndarray, np.ndarray]
) -> None:
    camera = np.array([0.1, 0.2, 1.0])
    placed, base = to_world(bound, *mesh, camera), to_world(bound, *mesh)
    np.testing.assert_array_equal(base.colour, bound.colour)
    direction = base.mean - camera
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    colour = base.colour + np.einsum("nci,ni->nc", world_sh(bound, *mesh), direction)
    np.testing.assert_allclose(placed.colour, np.maximum(colour, 0), atol=1e-5)


def test_quaternions_of_every_half_turn() -> None:
    # Half turns have w = 0, where the usual formula divides by zero.
    for axis in np.eye(3):
        turn = 2 * np.outer(axis, axis) - np.eye(3)
        vertices = (np.array([[0, 0, 0], [1, 0, 0], [0, 0, -1]]) @ turn.T).astype(np.float32)
        one = BoundGaussians(
            *(np.zeros(1, np.int32), np.full((1, 3), 1 / 3, np.float32), np.zeros((1, 3), np.float32)),
            *(np.array([[1, 0, 0, 0]], np.float32), np.ones((1, 3), np.float32), np.ones(1, np.float32)),
            *(np.ones((1, 3), np.float32), np.zeros((1, 3, 3), np.float32)),
        )
        placed = to_world(one, vertices, np.array([[0, 1, 2]], np.int32))
        np.testing.assert_allclose(matrices(placed.rotation)[0], turn, atol=1e-6)


def test_correctives_are_linear_in_the_inputs(bound: BoundGaussians) -> None:
    rng = np.random.default_rng(5)
    linear = Correctives(*(rng.normal(0, 0.1, shape).astype(np.float32) for shape in [(2, N, 3), (2, N, 3), (2, 4), 2]))
    inputs = rng.normal(0, 0.1, 4).astype(np.float32)
    psi = linear.weights @ inputs + linear.bias
    moved = corrected(bound, linear, inputs)
    position = bound.position + psi[0] * linear.position[0] + psi[1] * linear.position[1]
    colour = bound.colour + psi[0] * linear.colour[0] + psi[1] * linear.colour[1]
    np.testing.assert_allclose(moved.position, position, atol=1e-6)
    np.testing.assert_allclose(moved.colour, colour, atol=1e-6)
    assert moved.sh is bound.sh


def test_correctives_stop_at_the_limit(bound: BoundGaussians) -> None:
    linear = Correctives(*(np.ones(shape, np.float32) for shape in [(1, N, 3), (1, N, 3), (1, 4), 1]))
    for inputs, psi in ((np.full(4, 9), PSI_LIMIT), (np.full(4, -9), -PSI_LIMIT)):
        moved = corrected(bound, linear, inputs.astype(np.float32))
        np.testing.assert_allclose(moved.position - bound.position, psi, atol=1e-5)


def test_no_correctives_change_nothing(bound: BoundGaussians) -> None:
    empty = Correctives(*(np.zeros(shape, np.float32) for shape in [(0, N, 3), (0, N, 3), (0, 4), 0]))
    assert corrected(bound, empty, np.ones(4, np.float32)) is bound


def test_the_area_of_a_triangle_is_half_of_base_times_height() -> None:
    corner = np.array([[[0, 0, 0], [3, 0, 0], [1, 4, 0]], [[1, 1, 1], [1, 1, 1], [2, 2, 2]]], np.float64)
    np.testing.assert_allclose(triangle_areas(corner), [6, 0])
