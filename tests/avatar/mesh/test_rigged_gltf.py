"""The rigged mesh as glTF, read strictly and posed by its skin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.mesh.colours import vertex_colours
from splatavatar.avatar.mesh.rigged_gltf import write_rigged_mesh
from splatavatar.avatar.mesh.shapes import arkit_shapes
from splatavatar.avatar.mesh.surface import surface
from splatavatar.errors import OutputError
from splatavatar.gltf.colour import linear_colours
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.rotations import rotation_matrices
from support.gltf_files import GltfFile, read_gltf
from support.random_avatar import random_avatar
from support.small_avatar import small_avatar


def skinned(file: GltfFile, turns: np.ndarray) -> np.ndarray:
    """The vertices (W, 3) of the mesh as a program of graphics has them, each joint turned by ``turns`` (J, 3, 3)."""
    skin, nodes, of = file.json["skins"][0], file.json["nodes"], file.attributes()
    world: dict[int, np.ndarray] = {}

    def place(node: int, above: np.ndarray) -> None:
        local = np.eye(4)
        local[:3, :3], local[:3, 3] = turns[node], nodes[node]["translation"]
        world[node] = above @ local
        for child in nodes[node].get("children", []):
            place(child, world[node])

    place(skin["skeleton"], np.eye(4))
    matrices = np.stack([world[joint] for joint in skin["joints"]]) @ file.values[skin["inverseBindMatrices"]]
    blended = np.einsum("wk,wkij->wij", of["WEIGHTS_0"], matrices[of["JOINTS_0"]])
    points = np.concatenate([of["POSITION"], np.ones((len(of["POSITION"]), 1))], axis=1)
    return np.asarray(np.einsum("wij,wj->wi", blended, points)[:, :3])


def textured(avatar: Avatar) -> Avatar:
    """The avatar with places in a texture, whose seam is where the triangles begin."""
    corners = np.random.default_rng(2).random((len(avatar.rig.template), 2)).astype(np.float32)[avatar.rig.faces]
    corners[:20] += 0.001
    return replace(avatar, rig=replace(avatar.rig, uv=corners, licence="a licence ©"))


@pytest.mark.parametrize("name", ["me.glb", "me.gltf"])
def test_it_is_the_mesh_of_the_avatar(tmp_path: Path, name: str) -> None:
    avatar = textured(small_avatar())
    write_rigged_mesh(tmp_path / name, avatar)
    file, shown = read_gltf(tmp_path / name), surface(avatar.rig)
    of = file.attributes()
    np.testing.assert_array_equal(of["POSITION"], avatar.rig.template[shown.vertex])
    np.testing.assert_allclose(of["TEXCOORD_0"], np.column_stack([shown.uv[:, 0], 1 - shown.uv[:, 1]]), atol=1e-7)
    colours = linear_colours(vertex_colours(avatar)) / 65535
    np.testing.assert_allclose(of["COLOR_0"][:, :3], colours[shown.vertex], atol=1e-9)
    assert (of["COLOR_0"][:, 3] == 1).all()
    index = file.values[file.json["meshes"][0]["primitives"][0]["indices"]].reshape(-1, 3)
    np.testing.assert_array_equal(shown.vertex[index], avatar.rig.faces)
    assert file.json["asset"]["copyright"] == "a licence ©"
    assert [node["name"] for node in file.json["nodes"]] == [*avatar.rig.joint_names, "test"]


def test_a_target_for_each_coefficient(tmp_path: Path) -> None:
    avatar = textured(random_avatar(np.random.default_rng(3), vertices=80, faces=90))
    write_rigged_mesh(tmp_path / "me.glb", avatar)
    file = read_gltf(tmp_path / "me.glb")
    mesh: dict[str, Any] = file.json["meshes"][0]
    assert mesh["extras"]["targetNames"] == list(NAMES)
    assert mesh["weights"] == [0] * 52
    targets = mesh["primitives"][0]["targets"]
    vertex = surface(avatar.rig).vertex
    for target, shape in zip(targets, arkit_shapes(avatar.rig), strict=True):
        np.testing.assert_array_equal(file.values[target["POSITION"]], shape[vertex])
        turned = file.attributes()["NORMAL"] + file.values[target["NORMAL"]]
        np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-5)


def test_its_skin_poses_it_as_the_rig_does(tmp_path: Path) -> None:
    avatar = textured(small_avatar())
    write_rigged_mesh(tmp_path / "me.glb", avatar)
    file = read_gltf(tmp_path / "me.glb")
    rng = np.random.default_rng(4)
    turns = rng.normal(0, 0.4, (5, 3)).astype(np.float32)
    posed = pose_numpy(avatar.rig, replace(PoseParameters.neutral(avatar.rig), joint_rotations=turns))
    found = skinned(file, rotation_matrices(turns))
    np.testing.assert_allclose(found, posed[surface(avatar.rig).vertex], atol=1e-6)


def test_a_joint_that_moves_a_vertex_twice_is_one(tmp_path: Path) -> None:
    avatar = random_avatar(np.random.default_rng(5), vertices=60, faces=70, joints=3)
    # Four of three joints: at least one is there twice.
    write_rigged_mesh(tmp_path / "me.glb", avatar)
    file, vertex = read_gltf(tmp_path / "me.glb"), surface(avatar.rig).vertex
    of = file.attributes()
    found, expected = np.zeros((len(vertex), 3)), np.zeros((len(avatar.rig.template), 3))
    np.add.at(found, (np.arange(len(vertex))[:, None], of["JOINTS_0"]), of["WEIGHTS_0"])
    np.add.at(expected, (np.arange(len(expected))[:, None], avatar.rig.skin_joints), avatar.rig.skin_weights)
    np.testing.assert_allclose(found, expected[vertex], atol=1e-6)


def test_more_joints_than_a_byte_counts(tmp_path: Path) -> None:
    avatar = random_avatar(np.random.default_rng(6), vertices=400, faces=300, joints=300)
    write_rigged_mesh(tmp_path / "me.glb", avatar)
    file = read_gltf(tmp_path / "me.glb")
    assert file.attributes()["JOINTS_0"].max() > 255
    assert len(file.json["skins"][0]["joints"]) == 300


def test_another_program_opens_it(tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    write_rigged_mesh(tmp_path / "me.glb", load_avatar("demo"))
    file = read_gltf(tmp_path / "me.glb")
    scene = trimesh.load_scene(tmp_path / "me.glb")
    (mesh,) = scene.geometry.values()
    np.testing.assert_allclose(mesh.vertices, file.attributes()["POSITION"])
    assert len(mesh.faces) == len(load_avatar("demo").rig.faces)


def test_triangles_that_carry_single_gaussians_alone_are_no_mesh(tmp_path: Path) -> None:
    avatar = small_avatar()
    every = np.arange(len(avatar.rig.faces), dtype=np.int32)
    carried = replace(avatar, rig=replace(avatar.rig, regions={"carriers": every}))
    with pytest.raises(OutputError, match="the avatar has no surface"):
        write_rigged_mesh(tmp_path / "a.glb", carried)
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_of_gltf(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as error:
        write_rigged_mesh(tmp_path / "me.obj", small_avatar())
    assert str(error.value) == f"{tmp_path}/me.obj: unknown kind of mesh, expected .glb or .gltf."


def test_a_jaw_that_is_a_joint_and_six_joints_a_vertex(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    avatar = random_avatar(rng, vertices=90, faces=120, joints=8)
    V = len(avatar.rig.template)
    jaw = np.zeros((8, 3, 52), np.float32)
    jaw[3, 0, NAMES.index("jawOpen")] = 0.4
    rig = replace(
        avatar.rig,
        arkit_joint_map=jaw,
        skin_joints=rng.permuted(np.tile(np.arange(8, dtype=np.int32), (V, 1)), axis=1)[:, :6],
        skin_weights=rng.dirichlet(np.ones(6), V).astype(np.float32),
    )
    write_rigged_mesh(tmp_path / "me.glb", replace(avatar, rig=rig))
    file, vertex = read_gltf(tmp_path / "me.glb"), surface(rig).vertex
    # The shape of the jaw is that of all joints, whatever the skin has left of them.
    opened = replace(
        PoseParameters.neutral(rig), expression=rig.arkit_map[:, NAMES.index("jawOpen")], joint_rotations=jaw.sum(2)
    )
    target = file.json["meshes"][0]["primitives"][0]["targets"][NAMES.index("jawOpen")]
    expected = pose_numpy(rig, opened) - rig.template
    np.testing.assert_allclose(file.values[target["POSITION"]], expected[vertex], atol=1e-6)
    kept = np.take_along_axis(rig.skin_joints, np.argsort(-rig.skin_weights, axis=1)[:, :4], 1)
    np.testing.assert_array_equal(np.sort(file.attributes()["JOINTS_0"], 1), np.sort(kept, 1)[vertex])
