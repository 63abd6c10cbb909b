"""A finished avatar finds in a picture how it stood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.engines.engine import Shots, Target
from splatavatar.bake.scoring.follow import FollowSettings, PhotometricFollower, splats_of
from splatavatar.bake.training.trainer import Trainer
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.render.camera import Camera, look_at
from splatavatar.rig import skinning
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from support import egg_rig

SIZE = 96


@pytest.fixture(scope="module")
def avatar(make_trainer: Callable[..., Trainer]) -> Avatar:
    """3,000 Gaussians of the sample's colours, before any training; correctives that darken an opening mouth."""
    trainer = make_trainer()
    splats = trainer.state.splats
    splats.logit[:] = 3.0
    rng = np.random.default_rng(0)
    splats.correctives[0, :, 3:] = torch.from_numpy(rng.normal(0, 0.1, (len(splats), 3)).astype(np.float32))
    weights, bias = torch.zeros_like(trainer.weights), torch.zeros_like(trainer.bias)
    weights[0, INDEX["jawOpen"]] = 1.0
    return Avatar(trainer.motion.rig, *splats.activated(weights, bias))


def camera(yaw: float = 0.0) -> Camera:
    target = np.array([0.0, 0.14, 0.06])
    return look_at(target + 0.8 * np.array([np.sin(yaw), 0.0, np.cos(yaw)]), target, 0.42, SIZE, SIZE)


def picture(avatar: Avatar, pose: PoseParameters, view: Camera) -> Target:
    rgba = np.ascontiguousarray(CpuRenderer(avatar).render(pose, view))
    return Target("", rgba, view, 0, (0, 0, SIZE, SIZE))


def moved(pose: PoseParameters, expression: float = 0.0, turn: float = 0.0, shift: float = 0.0) -> PoseParameters:
    """``pose`` with a wider open jaw, a turned head and a place to the side, up and back."""
    out = PoseParameters(pose.expression.copy(), pose.joint_rotations.copy(), pose.translation.copy())
    out.expression[INDEX["jawOpen"]] += expression
    out.joint_rotations[[1, 2], 1] += turn / 2
    out.translation[:] += shift * np.array([0.8, -0.6, 0.0], np.float32)
    return out


@pytest.fixture(scope="module")
def truth(avatar: Avatar) -> PoseParameters:
    return moved(PoseParameters.neutral(avatar.rig), 0.3, 0.1, 0.005)


def test_its_splats_look_like_the_avatar(avatar: Avatar, truth: PoseParameters) -> None:
    follower, shown = PhotometricFollower(avatar), picture(avatar, truth, camera())
    vertices = torch.from_numpy(pose_numpy(avatar.rig, truth))
    inputs = torch.from_numpy(np.concatenate([truth.expression, truth.joint_rotations.ravel()]))
    psi = follower._weights @ inputs + follower._bias
    planes = follower._engine.render(follower._splats, psi, vertices, shown).numpy()
    alpha = shown.rgba[..., 3] / 255
    np.testing.assert_allclose(1 - planes[3], alpha, atol=0.02)
    np.testing.assert_allclose(planes[:3].transpose(1, 2, 0), shown.rgba[..., :3] / 255 * alpha[..., None], atol=0.03)


def test_splats_are_sorted_and_keep_their_correctives() -> None:
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    face = np.array([4, 1, 4, 0], np.int32)
    bound = BoundGaussians(
        face,
        normal(4, 3),
        normal(4, 3),
        normal(4, 4),
        np.exp(normal(4, 3)),
        np.array([0, 0.5, 1, 0.3], np.float32),
        normal(4, 3),
        normal(4, 3, 3),
    )
    linear = Correctives(normal(2, 4, 3), normal(2, 4, 3), normal(2, 7), normal(2))
    splats = splats_of(Avatar(None, bound, linear))  # type: ignore[arg-type]
    order = [3, 1, 0, 2]
    assert splats.face.tolist() == [0, 1, 4, 4]
    np.testing.assert_allclose(splats.log_scale.exp(), bound.scale[order], rtol=1e-5)
    np.testing.assert_allclose(torch.sigmoid(splats.logit), np.clip(bound.opacity[order], 1e-4, 1 - 1e-4), atol=1e-6)
    np.testing.assert_array_equal(splats.sh, bound.sh[order])
    np.testing.assert_array_equal(splats.correctives[..., :3], linear.position[:, order])
    np.testing.assert_array_equal(splats.correctives[..., 3:], linear.colour[:, order])
    none = Correctives(linear.position[:0], linear.colour[:0], linear.weights[:0], linear.bias[:0])
    assert splats_of(Avatar(None, bound, none)).correctives.shape == (0, 4, 6)  # type: ignore[arg-type]


def test_gradients_are_those_of_the_loss(avatar: Avatar, truth: PoseParameters) -> None:
    """Through rasterizer, skinning and correctives, by central differences."""
    follower, shown = PhotometricFollower(avatar), picture(avatar, truth, camera(0.3))
    start = moved(truth, 0.2, 0.05, 0.004)
    values = [torch.from_numpy(v.copy()) for v in vars(start).values()]
    w = follower.settings.loss

    def loss(values: list[torch.Tensor]) -> float:
        vertices = skinning.pose(follower._rig, *values).contiguous()
        psi = follower._weights @ torch.cat([values[0], values[1].flatten()]) + follower._bias
        shots = Shots((shown,), (0,), vertices[None], psi[None], ((0.6, 0.6, 0.6),))
        g = follower._engine.gradients(follower._splats, shots, w, 0.0, False)
        return float(np.dot((w.l1, w.dssim, w.matte), g.losses.numpy()))

    found = follower._gradients(values, [shown])
    for which, index, h in ((1, (2, 1), 2e-3), (2, (0,), 4e-4), (2, (1,), 4e-4)):
        ends = []
        for sign in (1, -1):
            other = [v.clone() for v in values]
            other[which][index] += sign * h
            ends.append(loss(other))
        assert float(found[which][index]) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=0.15)


def errors(found: PoseParameters, truth: PoseParameters) -> tuple[float, float, float]:
    """Of the jaw, the turn of the head (radians) and the place (metres)."""
    return (
        float(abs(found.expression - truth.expression)[INDEX["jawOpen"]]),
        float(abs((found.joint_rotations - truth.joint_rotations).sum(0)).max()),
        float(np.linalg.norm((found.translation - truth.translation)[:2])),
    )


@pytest.mark.parametrize(
    ("which", "off"), [(0, {"expression": 0.2}), (1, {"turn": 0.06}), (1, {"turn": -0.06}), (2, {"shift": 0.004})]
)
def test_what_is_off_is_put_right(avatar: Avatar, truth: PoseParameters, which: int, off: dict[str, float]) -> None:
    start = moved(truth, **off)
    found = PhotometricFollower(avatar).follow(start, [picture(avatar, truth, camera())])
    assert errors(found, truth)[which] < 0.5 * errors(start, truth)[which]


def test_several_pictures_of_one_moment_agree_on_the_depth(avatar: Avatar, truth: PoseParameters) -> None:
    start = PoseParameters(truth.expression, truth.joint_rotations, truth.translation + np.float32([0, 0, 0.004]))
    views = [picture(avatar, truth, camera(yaw)) for yaw in (-0.8, 0.8)]
    found = PhotometricFollower(avatar).follow(start, views)
    assert abs(found.translation - truth.translation)[2] < 0.002


def test_what_is_right_stays(avatar: Avatar, truth: PoseParameters) -> None:
    jaw, turn, place = errors(PhotometricFollower(avatar).follow(truth, [picture(avatar, truth, camera())]), truth)
    assert jaw < 0.03 and turn < 0.01 and place < 0.0005


def test_arguments_are_left_as_they_were(avatar: Avatar, truth: PoseParameters) -> None:
    start = moved(truth, 0.2, 0.06, 0.004)
    kept = moved(start)
    found = PhotometricFollower(avatar).follow(start, [picture(avatar, truth, camera())], about=start)
    for name, value in vars(kept).items():
        np.testing.assert_array_equal(getattr(start, name), value)
        assert not np.shares_memory(getattr(found, name), getattr(start, name))


def test_only_the_head_and_the_whole_body_turn(avatar: Avatar, truth: PoseParameters) -> None:
    rig = avatar.rig
    start = moved(truth, 0.2, 0.06, 0.004)
    turned = (
        PhotometricFollower(avatar).follow(start, [picture(avatar, truth, camera())]).joint_rotations
        != start.joint_rotations
    )
    free = {0, *(joint for joint, _ in rig.head_chain)}
    assert set(np.flatnonzero(turned.any(1)).tolist()) == free
    assert len(free) < len(rig.joint_names)


def test_a_strong_prior_holds_it_where_it_should_be_near(avatar: Avatar, truth: PoseParameters) -> None:
    """Not where the search starts."""
    start, about = moved(truth, 0.0, 0.0, 0.003), moved(truth, 0.0, 0.0, -0.003)
    shown = [picture(avatar, truth, camera())]
    stiff = FollowSettings(steps=60, prior=10.0)
    held = PhotometricFollower(avatar, stiff).follow(start, shown, about=about)
    assert np.linalg.norm(held.translation - about.translation) < 0.001
    unheld = PhotometricFollower(avatar, replace(stiff, prior=0.0)).follow(start, shown, about=about)
    assert errors(unheld, truth)[2] < 0.001


def test_coefficients_stay_in_their_range(avatar: Avatar) -> None:
    closed = PoseParameters.neutral(avatar.rig)
    found = PhotometricFollower(avatar).follow(moved(closed, 0.1), [picture(avatar, closed, camera())])
    assert found.expression.min() >= 0 and found.expression.max() <= 1
    assert found.expression[INDEX["jawOpen"]] < 0.05


def test_a_jaw_that_is_a_joint_is_followed_as_one_that_is_an_expression() -> None:
    rig = egg_rig.load("egg", None, None)
    F = len(rig.faces)
    centre = rig.template[rig.faces].mean(1)
    bound = BoundGaussians(
        np.arange(F, dtype=np.int32),
        np.full((F, 3), 1 / 3, np.float32),
        np.zeros((F, 3), np.float32),
        np.tile(np.float32([1, 0, 0, 0]), (F, 1)),
        np.tile(np.float32([0.5, 0.1, 0.5]), (F, 1)),
        np.full(F, 0.95, np.float32),
        (0.5 + 0.4 * np.sin(60 * centre + [0, 1, 2])).astype(np.float32),
        np.zeros((F, 3, 3), np.float32),
    )
    D = rig.corrective_inputs
    none = np.zeros((0, F, 3), np.float32)
    avatar = Avatar(rig, bound, Correctives(none, none, np.zeros((0, D), np.float32), np.zeros(0, np.float32)))
    view = look_at(np.array([0.0, -0.03, 0.6]), np.array([0.0, -0.03, 0.0]), 0.4, SIZE, SIZE)
    open_, start = PoseParameters.neutral(rig), PoseParameters.neutral(rig)
    mandible = rig.joint_names.index("mandible")
    open_.joint_rotations[mandible, 0], start.joint_rotations[mandible, 0] = 0.3, 0.28
    found = PhotometricFollower(avatar).follow(start, [picture(avatar, open_, view)])
    assert abs(found.joint_rotations[mandible, 0] - 0.3) < 0.005
