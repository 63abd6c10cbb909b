from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.library import DEMO
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.retarget import LOOK, in_view, look_angles, look_coefficients, retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.rig import Rig


def signal(**changes: object) -> FaceSignal:
    zeros = np.zeros(3, np.float32)
    rest = FaceSignal(0.0, np.zeros(52, np.float32), zeros, zeros, np.zeros((2, 2), np.float32), 1.0)
    return replace(rest, **changes)  # type: ignore[arg-type]


def looks(**coefficients: float) -> np.ndarray:
    arkit = np.zeros(52, np.float32)
    for name, value in coefficients.items():
        arkit[NAMES.index(name)] = value
    return arkit


def test_expression_is_the_rigs_map_of_the_coefficients(rig: Rig) -> None:
    rng = np.random.default_rng(0)
    rig = replace(rig, arkit_map=rng.normal(size=(52, 52)).astype(np.float32))
    arkit = rng.uniform(size=52).astype(np.float32)
    np.testing.assert_allclose(retarget(signal(arkit=arkit), rig).expression, rig.arkit_map @ arkit, rtol=1e-5)


def test_head_rotation_is_shared_out_over_the_chain(rig: Rig) -> None:
    rotation = np.array([0.1, -0.4, 0.2], np.float32)
    rotations = retarget(signal(head_rotation=rotation), rig).joint_rotations
    np.testing.assert_allclose(rotations[1], 0.25 * rotation, rtol=1e-6)
    np.testing.assert_allclose(rotations[2], 0.75 * rotation, rtol=1e-6)
    assert not rotations[[0, 3, 4]].any()


def test_small_translation_is_passed_on(rig: Rig) -> None:
    moved = retarget(signal(head_translation=np.array([0.02, -0.01, 0.03], np.float32)), rig)
    np.testing.assert_array_equal(moved.translation, np.array([0.02, -0.01, 0.03], np.float32))


def test_translation_goes_on_ever_more_slowly() -> None:
    ways = np.linspace(-1, 1, 2001)
    for axis in range(3):
        moved = np.array([in_view(way * np.eye(3, dtype=np.float32)[axis])[axis] for way in ways])
        steps = np.diff(moved) / np.diff(ways)
        assert (steps > -1e-3).all() and (steps < 1.001).all()
        assert abs(moved[-1]) < 0.081 and abs(moved[0]) < 0.341


@pytest.mark.parametrize("way", [(0.5, 0, 0), (-0.5, 0, 0), (0, 0.3, 0), (0, -0.3, 0), (0, 0, 0.5), (0, 0, -2)])
def test_a_face_that_wanders_off_stays_in_the_picture(way: tuple[float, float, float]) -> None:
    avatar = load_avatar(DEMO)
    renderer, camera = CpuRenderer(avatar), default_camera(avatar, 96, 96)

    def area(translation: tuple[float, float, float]) -> float:
        parameters = retarget(signal(head_translation=np.array(translation, np.float32)), avatar.rig)
        return float(renderer.render(parameters, camera, None)[..., 3].sum()) / 255

    assert area(way) > (0.25 if way[2] < -1 else 0.7) * area((0, 0, 0))


def test_gaze_turns_the_eye_joints_and_silences_the_coefficients(rig_with_eyes: Rig) -> None:
    gaze = np.array([[0.3, 0.0], [0.0, 0.2]], np.float32)
    parameters = retarget(signal(gaze=gaze, arkit=looks(eyeLookOutLeft=0.5, jawOpen=0.7)), rig_with_eyes)
    np.testing.assert_allclose(parameters.joint_rotations[3], [0, 0.3, 0], atol=1e-6)  # +Z turns to +X, the left
    np.testing.assert_allclose(parameters.joint_rotations[4], [-0.2, 0, 0], atol=1e-6)  # +Z turns to +Y, up
    np.testing.assert_allclose(parameters.expression, looks(jawOpen=0.7))


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [
        (0.33, 0.0, {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.33 / 0.54}),
        (-0.33, 0.0, {"eyeLookInLeft": 0.33 / 0.54, "eyeLookOutRight": 0.5}),
        (0.0, 0.225, {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5}),
        (0.0, -0.305, {"eyeLookDownLeft": 0.5, "eyeLookDownRight": 0.5}),
        (2.0, 0.0, {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}),
    ],
)
def test_gaze_becomes_coefficients_without_eye_joints(
    rig: Rig, yaw: float, pitch: float, expected: dict[str, float]
) -> None:
    gaze = np.array([[yaw, pitch], [yaw, pitch]], np.float32)
    parameters = retarget(signal(gaze=gaze, arkit=looks(eyeLookUpLeft=0.9)), rig)
    np.testing.assert_allclose(parameters.expression, looks(**expected), atol=1e-6)
    assert not parameters.joint_rotations.any()


def test_without_gaze_the_coefficients_stay(rig_with_eyes: Rig) -> None:
    parameters = retarget(signal(arkit=looks(eyeLookUpLeft=0.9)), rig_with_eyes)
    np.testing.assert_allclose(parameters.expression, looks(eyeLookUpLeft=0.9))


def test_leaves_the_signal_alone(rig: Rig) -> None:
    given = signal(gaze=np.full((2, 2), 0.2, np.float32), arkit=looks(eyeLookUpLeft=0.9))
    retarget(given, rig)
    np.testing.assert_array_equal(given.arkit, looks(eyeLookUpLeft=0.9))


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("angles", [(0.3, 0.2), (-0.3, -0.2), (0.0, 0.0)])
def test_angles_of_an_eye_go_to_coefficients_and_back(left: bool, angles: tuple[float, float]) -> None:
    coefficients = look_coefficients(*angles, left).astype(np.float64)
    np.testing.assert_allclose(look_angles(coefficients, left), angles, atol=1e-6)


def test_of_opposite_coefficients_of_an_eye_the_difference_counts() -> None:
    both = looks(eyeLookOutLeft=0.5, eyeLookInLeft=0.5, eyeLookUpLeft=0.4, eyeLookDownLeft=0.1)[LOOK[0]]
    yaw, pitch = look_angles(both.astype(np.float64), left=True)
    assert (yaw, pitch) == pytest.approx((0.5 * (0.66 - 0.54), 0.4 * 0.45 - 0.1 * 0.61))
