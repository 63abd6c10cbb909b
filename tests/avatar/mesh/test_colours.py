"""The colours of an avatar at the vertices of its rig."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.mesh.colours import GREY, vertex_colours
from support.small_avatar import small_avatar


def with_gaussians(avatar: Avatar, keep: np.ndarray, **changes: np.ndarray) -> Avatar:
    """The avatar with the Gaussians of ``keep`` alone, changed."""
    kept = {name: getattr(avatar.gaussians, name)[keep] for name in avatar.gaussians.__dataclass_fields__}
    gaussians = replace(avatar.gaussians, **{**kept, **changes})
    shape = (0, len(gaussians), 3)
    none = np.zeros(shape, np.float32)
    return replace(avatar, gaussians=gaussians, correctives=replace(avatar.correctives, position=none, colour=none))


def test_halves_of_two_colours() -> None:
    avatar = small_avatar()
    faces, template = avatar.rig.faces, avatar.rig.template
    left = template[faces[avatar.gaussians.face]].mean(1)[:, 0] > 0
    colour = np.where(left[:, None], [0.9, 0.2, 0.1], [0.1, 0.3, 0.8]).astype(np.float32)
    found = vertex_colours(replace(avatar, gaussians=replace(avatar.gaussians, colour=colour)))
    for side, expected in ((template[:, 0] > 0.06, [0.9, 0.2, 0.1]), (template[:, 0] < -0.06, [0.1, 0.3, 0.8])):
        np.testing.assert_allclose(found[side], np.tile(expected, (side.sum(), 1)), atol=1e-3)


def test_what_lies_above_covers_what_lies_below() -> None:
    avatar = small_avatar()
    N = len(avatar.gaussians)
    position, colour = np.zeros((N, 3), np.float32), np.zeros((N, 3), np.float32)
    scale = np.tile(np.array([0.9, 0.01, 0.9], np.float32), (N, 1))
    middle = np.abs(avatar.rig.template[:, 1] - 1.5) < 0.06
    colour[::2], colour[1::2] = (0, 1, 0), (1, 0, 0)
    for height in (0.2, -0.2):  # along the normal
        position[::2, 1] = height
        changed = replace(avatar.gaussians, position=position, colour=colour, scale=scale)
        found = vertex_colours(replace(avatar, gaussians=changed))
        above = found[middle, 1] if height > 0 else found[middle, 0]
        assert above.mean() > 0.8


def test_what_is_bare_takes_the_colour_beside_it() -> None:
    avatar = small_avatar()
    upper = avatar.rig.template[avatar.rig.faces[avatar.gaussians.face]].mean(1)[:, 1] > 1.5
    colour = np.tile(np.array([0.2, 0.4, 0.6], np.float32), (upper.sum(), 1))
    found = vertex_colours(with_gaussians(avatar, upper, colour=colour))
    np.testing.assert_allclose(found, np.tile([0.2, 0.4, 0.6], (len(found), 1)), atol=1e-6)


def test_gaussians_of_any_shape_and_size_have_a_colour() -> None:
    avatar, rng = small_avatar(), np.random.default_rng(1)
    scale = (10 ** rng.uniform(-30, 6, avatar.gaussians.scale.shape)).astype(np.float32)
    scale[::2] = 1e6, 1e-30, 1e-30  # needles
    rotation = rng.normal(size=(len(scale), 4))
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    changed = {"scale": scale, "rotation": rotation.astype(np.float32)}
    far = avatar.rig.template.copy()
    far[::7] *= 1e5
    rig = replace(avatar.rig, template=far)
    found = vertex_colours(replace(avatar, rig=rig, gaussians=replace(avatar.gaussians, **changed)))
    assert found.min() > 0.09 and found.max() < 0.91  # a mean of theirs, which are from 0.1 to 0.9


def test_a_part_without_any_is_grey() -> None:
    avatar = small_avatar()
    rig = avatar.rig
    more = {
        "template": np.concatenate([rig.template, rig.template + np.float32(1)]),
        "faces": np.concatenate([rig.faces, rig.faces + len(rig.template)]),
        "uv": np.concatenate([rig.uv, rig.uv]),
    }
    found = vertex_colours(replace(avatar, rig=replace(rig, **more)))
    np.testing.assert_array_equal(found[len(rig.template) :], np.full((len(rig.template), 3), GREY))
