from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.posed_view import PosedView, all_round, counting_head, looked_at
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.head_region import head_region
from support.ball import SIZE, around, ball, disc

YAWS = np.array([0.0, 0.1, 0.9, 0.15, -0.8, -0.1])


@pytest.fixture(scope="module")
def motion() -> RigMotion:
    """The ball, turned a little more in every timestep; and moved to the side in the last."""
    place = np.zeros((len(YAWS), 3), np.float32)
    place[-1, 0] = 0.1
    turns = np.stack([np.zeros_like(YAWS), YAWS, np.zeros_like(YAWS)], 1).astype(np.float32)
    return RigMotion(
        ball(), RigParameters("ball", {}, np.zeros((len(YAWS), 0), np.float32), (), {"root": turns}, place)
    )


def targets(motion: RigMotion, timesteps: list[int]) -> list[Target]:
    """One camera in front."""
    (camera,) = around(np.zeros(1))
    return [disc(camera, 0.1, motion.rig.template, t).target for t in timesteps]


def test_pixels_are_where_the_camera_sees_points() -> None:
    camera = around(np.array([0.4]), 0.3)[0]
    view = PosedView(disc(camera, 0.1, np.zeros((0, 3), np.float32)).target, np.zeros((0, 3), np.float32))
    rng = np.random.default_rng(0)
    points = rng.normal(0, 0.05, (50, 3))
    row, column, inside = view.pixels(points)
    for point, r, c, shown in zip(points, row, column, inside, strict=True):
        x, y, w = camera.K @ (camera.T_camera_world @ [*point, 1.0])[:3]
        assert (c, r) == (int(np.floor(x / w)), int(np.floor(y / w))) and shown


def test_what_lies_outside_or_behind_is_not_inside() -> None:
    camera = around(np.zeros(1))[0]
    view = PosedView(disc(camera, 0.1, np.zeros((0, 3), np.float32)).target, np.zeros((0, 3), np.float32))
    row, column, inside = view.pixels(np.array([[0, 0, 0], [0.5, 0, 0], [0, -0.5, 0], [0.0, 0.0, 2.0]]))
    assert inside.tolist() == [True, False, False, False]
    assert column[1] == SIZE - 1 and row[2] == SIZE - 1  # clipped: still good as an index
    assert (row >= 0).all() and (row < SIZE).all() and (column >= 0).all() and (column < SIZE).all()


def test_the_rectangle_grows_to_what_the_rig_shows(motion: RigMotion) -> None:
    (target,) = targets(motion, [0])
    small = replace(target, rectangle=(60, 60, 70, 128))
    found = looked_at(small, motion).rectangle
    # The ball: 0.1 m at a metre, through a lens of 0.4 radians for 128 pixels.
    radius = target.camera.K[0, 0] * 0.1 / np.sqrt(0.99)
    expected = (64 - radius, 64 - radius, 64 + radius)
    np.testing.assert_allclose(found[:3], expected, atol=2)
    assert found[3] == 128
    whole = replace(target, rectangle=(0, 0, SIZE, SIZE))
    assert looked_at(whole, motion).rectangle == whole.rectangle


def test_the_rectangle_follows_the_timestep_and_ends_at_the_picture(motion: RigMotion) -> None:
    (target,) = targets(motion, [len(YAWS) - 1])
    x0, _, x1, _ = looked_at(replace(target, rectangle=(64, 64, 65, 65)), motion).rectangle
    assert 60 < x0 <= 64 and x1 == SIZE


def test_a_rig_beside_the_picture_changes_nothing(motion: RigMotion) -> None:
    (target,) = targets(motion, [0])
    camera = replace(target.camera, K=target.camera.K + np.array([[0, 0, 1e4], [0, 0, 0], [0, 0, 0]]))
    aside = replace(target, camera=camera, rectangle=(1, 2, 3, 4))
    assert looked_at(aside, motion).rectangle == (1, 2, 3, 4)


def test_of_a_single_camera_the_pictures_that_differ_most(motion: RigMotion) -> None:
    views = all_round(targets(motion, list(range(len(YAWS)))), motion, 3)
    assert [view.target.timestep for view in views] == [0, 2, 4]
    for view in views:
        np.testing.assert_array_equal(view.vertices, motion.vertices(view.target.timestep).numpy())


def test_no_more_than_there_are(motion: RigMotion) -> None:
    assert [v.target.timestep for v in all_round(targets(motion, [1, 2]), motion, 8)] == [1, 2]


def test_of_several_cameras_all_of_the_first_timestep(motion: RigMotion) -> None:
    pictures = targets(motion, [3, 3, 2, 2, 2, 4])
    assert [v.target.timestep for v in all_round(pictures, motion, 2)] == [2, 2, 2]


def test_the_head_counts_where_the_matte_is_empty() -> None:
    rig = ball()
    parameters = RigParameters("ball", {}, np.zeros((1, 0), np.float32), (), {})
    (camera,) = around(np.zeros(1))
    blank = Target("p", np.full((SIZE, SIZE, 4), (9, 8, 7, 0), np.uint8), camera, 0, (0, 0, 1, 1))
    rgba = counting_head(blank, RigMotion(rig, parameters)).rgba
    np.testing.assert_array_equal(rgba[..., 3] > 0, head_region(rig, rig.template, camera))
    assert (rgba[..., :3] == (9, 8, 7)).all() and set(np.unique(rgba[..., 3])) == {0, 255}
