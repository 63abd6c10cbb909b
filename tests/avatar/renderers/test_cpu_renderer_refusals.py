"""What the native renderer refuses, and that it draws on afterwards."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.errors import SettingsError
from splatavatar.rig.rig import PoseParameters
from support.views import BACKGROUND, camera


def test_an_array_that_cannot_hold_the_picture(person: Avatar) -> None:
    renderer, pose = CpuRenderer(person), PoseParameters.neutral(person.rig)
    height, width = camera().height, camera().width
    for wrong in (
        np.empty((height, width, 4), np.uint8),
        np.empty((height, width, 3), np.float32),
        np.empty((height, 2 * width, 3), np.uint8)[:, ::2],
        np.frombuffer(bytes(height * width * 3), np.uint8).reshape(height, width, 3),
    ):
        with pytest.raises(SettingsError, match=r"^out holds .* expected contiguous uint8 \(53, 75, 3\)"):
            renderer.render(pose, camera(), BACKGROUND, wrong)


@pytest.mark.parametrize(
    ("part", "field", "name"),
    [
        ("rig", "template", "expression_basis"),
        ("rig", "skin_weights", "skin_weights"),
        ("rig", "faces", "triangles"),
        ("gaussians", "barycentric", "barycentric"),
        ("gaussians", "position", "position"),
        ("gaussians", "rotation", "rotation"),
        ("gaussians", "scale", "scale"),
        ("gaussians", "opacity", "opacity"),
        ("gaussians", "colour", "colour"),
        ("gaussians", "sh", "sh"),
        ("correctives", "position", "correctives.position"),
        ("correctives", "colour", "correctives.colour"),
        ("correctives", "weights", "correctives.weights"),
    ],
)
def test_arrays_of_the_wrong_shape(person: Avatar, part: str, field: str, name: str) -> None:
    whole = getattr(getattr(person, part), field)
    cut = np.ascontiguousarray(whole[..., :-1] if whole.ndim == 2 and field != "template" else whole[:-1])
    with pytest.raises(ValueError) as caught:
        CpuRenderer(replace(person, **{part: replace(getattr(person, part), **{field: cut})}))
    assert str(caught.value).startswith(f"{name} has shape ("), str(caught.value)


@pytest.mark.parametrize(("part", "field", "name"), [("rig", "faces", "triangles"), ("gaussians", "face", "face")])
@pytest.mark.parametrize("value", [-1, 90])
def test_indices_out_of_range(person: Avatar, part: str, field: str, name: str, value: int) -> None:
    indices = getattr(getattr(person, part), field).copy()
    indices.flat[5] = value
    with pytest.raises(ValueError) as caught:
        CpuRenderer(replace(person, **{part: replace(getattr(person, part), **{field: indices})}))
    assert str(caught.value) == f"{name} holds an index out of range"


def test_parameters_of_another_rig(person: Avatar) -> None:
    renderer, good = CpuRenderer(person), PoseParameters.neutral(person.rig)
    for bad, message in [
        (replace(good, expression=np.zeros(6, np.float32)), "expression has shape (6), expected (7)"),
        (
            replace(good, joint_rotations=np.zeros((5, 3), np.float32)),
            "joint_rotations has shape (5, 3), expected (4, 3)",
        ),
        (replace(good, translation=np.zeros(4, np.float32)), "translation has shape (4), expected (3)"),
    ]:
        with pytest.raises(ValueError) as caught:
            renderer.render(bad, camera())
        assert str(caught.value) == message


def test_sizes_and_cameras_that_cannot_be_drawn(person: Avatar) -> None:
    renderer, good = CpuRenderer(person), PoseParameters.neutral(person.rig)
    right = renderer.render(good, camera()).copy()
    for width, height in [(0, 5), (5, 0), (-5, 5), (16385, 1), (20000, 20000), (2**31, 1), (2**70, 1)]:
        with pytest.raises(SettingsError) as caught:
            renderer.render(good, replace(camera(), width=width, height=height))
        sentence = f"a picture of {width}x{height} pixels cannot be drawn; each side must be from 1 to 16384"
        assert str(caught.value) == sentence
    for value in (math.nan, math.inf, 1e39, 1e300):
        view = camera()
        view.T_camera_world[0, 3] = value
        with pytest.raises(SettingsError, match=r"^the camera is none that pictures can be drawn with: "):
            renderer.render(good, view)
    assert np.array_equal(renderer.render(good, camera()), right)


def test_a_pose_without_numbers_is_an_empty_picture(instruction_set: str, person: Avatar) -> None:
    good = PoseParameters.neutral(person.rig)
    for value in (math.nan, math.inf, -3e38):
        bad = replace(good, expression=np.full_like(good.expression, value), translation=np.full(3, value, np.float32))
        assert not CpuRenderer(person).render(bad, camera()).any()
