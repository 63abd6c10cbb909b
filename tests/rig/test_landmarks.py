import numpy as np
import pytest

from splatavatar.render.camera import look_at
from splatavatar.rig.landmarks import IBUG68, View, cast, closest_barycentric, positions, snap

# iBUG 300-W, from the subject's right to left: what mirrors to what.
MIRRORED = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip


@pytest.fixture(params=["mean_head", "mean_body"])
def rig(request):
    return request.getfixturevalue(request.param)


def test_left_and_right_agree(rig):
    points = positions(rig.landmarks["ibug68"], rig.template, rig.faces) * 1e3
    assert sorted(MIRRORED) == list(range(68))
    apart = np.linalg.norm(points * [-1, 1, 1] - points[list(MIRRORED)], axis=1)
    assert np.median(apart) < 2.0
    assert apart[17:].max() < 6.0
    assert apart[:17].max() < 15.0  # along the outline of the face a detector slides


def test_eyes(rig):
    points = positions(rig.landmarks["mediapipe"], rig.template, rig.faces)
    face = rig.landmarks["mediapipe"].face
    for iris, joint, region in ((range(468, 473), 1, "eye_right"), (range(473, 478), 0, "eye_left")):
        centre = rig.joints[rig.eye_joints[joint]]
        np.testing.assert_allclose(points[list(iris)].mean(0)[:2], centre[:2], atol=4e-3)
        assert np.isin(face[list(iris)], rig.regions[region]).mean() >= 0.6


def test_lips(rig):
    lips = np.unique(rig.faces[rig.regions["lips"]])
    points = positions(rig.landmarks["ibug68"], rig.template, rig.faces)[48:]
    distance = np.linalg.norm(points[:, None] - rig.template[lips], axis=2).min(1)
    assert np.median(distance) < 3e-3
    assert distance.max() < 8e-3
    upper, lower = points[[2, 3, 4], 1].mean(), points[[8, 9, 10], 1].mean()
    assert upper > lower + 5e-3


def test_anatomy(rig):
    points = positions(rig.landmarks["ibug68"], rig.template, rig.faces)
    nose, chin, brow = points[30], points[8], points[[19, 24]].mean(0)
    assert nose[2] == points[:, 2].max()
    assert chin[1] == points[:, 1].min()
    assert brow[1] > points[36:48, 1].max()
    assert np.diff(points[:17, 0]).min() > -2e-3  # the outline runs from the subject's right to left
    assert not np.isin(rig.landmarks["mediapipe"].face, rig.regions["mouth"]).any()


def test_both_rigs_have_them_at_the_same_places(mean_head, mean_body):
    head, body = (positions(rig.landmarks["mediapipe"], rig.template, rig.faces) for rig in (mean_head, mean_body))
    head, body = (points - points.mean(0) for points in (head, body))
    assert np.linalg.norm(head - body, axis=1).max() < 2e-3


def test_ibug_points_are_mediapipe_points(rig):
    assert len(set(IBUG68)) == 68
    all_points, chosen = rig.landmarks["mediapipe"], rig.landmarks["ibug68"]
    np.testing.assert_array_equal(chosen.face, all_points.face[list(IBUG68)])
    for points in (all_points, chosen):
        assert points.barycentric.min() >= 0
        np.testing.assert_allclose(points.barycentric.sum(1), 1, atol=1e-6)


def test_cast_finds_the_nearest_surface():
    vertices = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0], [-1, -1, -1], [1, -1, -1], [0, 1, -1]], np.float32)
    faces = np.array([[3, 4, 5], [0, 1, 2], [0, 2, 1]], np.int32)
    camera = look_at(np.array([0.2, 0.1, 5.0]), np.array([0.2, 0.1, 0.0]), 0.6, 100, 100)
    view = View(vertices, camera.T_camera_world, camera.K, np.array([[50.0, 50.0], [0.0, 0.0]]))
    face, barycentric = cast(view, faces[:2])
    np.testing.assert_array_equal(face, [1, -1])
    np.testing.assert_allclose(barycentric[0] @ vertices[faces[1]], [0.2, 0.1, 0.0], atol=1e-5)
    assert cast(view, faces[2:])[0][0] == -1  # seen from behind


def test_cast_inverts_projection():
    random = np.random.default_rng(0)
    camera = look_at(np.array([1.0, 2.0, 4.0]), np.zeros(3), 0.8, 640, 480)
    right, up = camera.T_camera_world[:2, :3]
    triangle = np.stack([-right - up, -up * -1.5, right - up]).astype(np.float32) * 0.5
    weights = random.dirichlet(np.ones(3), 20)
    seen = weights @ triangle @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    pixels = seen @ camera.K.T
    view = View(triangle, camera.T_camera_world, camera.K, pixels[:, :2] / pixels[:, 2:])
    face, found = cast(view, np.array([[0, 1, 2]], np.int32))
    np.testing.assert_array_equal(face, 0)
    np.testing.assert_allclose(found, weights, atol=1e-5)


def test_closest_point_beats_every_sample_of_the_triangle():
    random = np.random.default_rng(0)
    corners, points = random.normal(size=(200, 3, 3)), random.normal(size=(200, 3)) * 2
    found = closest_barycentric(points, corners)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(1), 1)
    best = np.linalg.norm(np.einsum("nk,nki->ni", found, corners) - points, axis=1)
    samples = np.einsum("sk,nki->nsi", random.dirichlet(np.full(3, 0.5), 500), corners)
    sampled = np.linalg.norm(samples - points[:, None], axis=2).min(1)
    assert (best <= sampled + 1e-9).all()
    assert np.median(sampled - best) < 0.1


def test_snap_leaves_points_of_the_surface_where_they_are(mean_head):
    allowed = mean_head.regions["skin"]
    chosen = allowed[::97]
    points = mean_head.template[mean_head.faces[chosen]].mean(1)
    found = snap(points, mean_head.template, mean_head.faces, allowed)
    np.testing.assert_allclose(positions(found, mean_head.template, mean_head.faces), points, atol=1e-6)
