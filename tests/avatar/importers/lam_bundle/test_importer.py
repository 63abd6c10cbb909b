"""Bundles of LAM as avatars."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, quantised, save_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.importers.lam_bundle.face import PARTS
from splatavatar.avatar.importers.lam_bundle.glb import parse_glb
from splatavatar.avatar.importers.lam_bundle.skeleton import driven_skeleton
from splatavatar.avatar.importers.lam_bundle.skinned_mesh import SkinnedMesh, read_skinned_mesh
from splatavatar.avatar.importers.table import import_avatar
from splatavatar.avatar.mesh.rigged_gltf import write_rigged_mesh
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, SplatAvatarError
from splatavatar.gaussians.binding import to_world
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.landmarks import positions
from splatavatar.rig.rig import PoseParameters
from splatavatar.rotations import quaternion_product, rotation_matrices
from support.damage import changed
from support.lam_bundle import JOINTS, Head, bundle, glb_of, head, offset_ply, skin_parts, write_bundle, zipped
from support.shared import shared

Change = Callable[[dict[str, bytes]], dict[str, bytes]]


@pytest.fixture(scope="module")
def made() -> Head:
    return head()


@pytest.fixture(scope="module")
def avatar(made: Head, tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    """As it comes back from a file."""
    return quantised(import_avatar(write_bundle(tmp_path_factory.mktemp("lam") / "me.zip", made)))


def as_they_are(vertices: NDArray[Any], table: NDArray[Any]) -> Gaussians[np.ndarray]:
    """The Gaussians of a bundle, by the meaning of its columns."""
    return Gaussians(
        mean=(vertices + table[:, :3]).astype(np.float32),
        rotation=table[:, 13:17].astype(np.float32),
        scale=np.exp(table[:, 10:13].astype(np.float64)).astype(np.float32),
        opacity=(1 / (1 + np.exp(-table[:, 9].astype(np.float64)))).astype(np.float32),
        colour=table[:, 6:9].astype(np.float32),
    )


def largest_difference(avatar: Avatar, wanted: Gaussians[np.ndarray], size: int, yaw: float) -> int:
    """Of the pictures of the avatar at rest and of ``wanted``, in steps of 1/255."""
    camera = default_camera(avatar, size, size, yaw=yaw)
    drawn = CpuRenderer(avatar).render(PoseParameters.neutral(avatar.rig), camera, (1, 1, 1))
    image = rasterize(wanted, camera)
    flat = np.clip(image.colour + (1 - image.alpha[..., None]), 0, 1)
    assert (image.alpha > 0.5).mean() > 0.02
    return int(np.abs(drawn.astype(int) - np.rint(flat * 255)).max())


def face(**arkit: float) -> FaceSignal:
    coefficients = np.zeros(52, np.float32)
    for name, value in arkit.items():
        coefficients[INDEX[name]] = value
    none = np.zeros(3, np.float32)
    return FaceSignal(0.0, coefficients, none, none, np.zeros((2, 2), np.float32), 1.0)


def moved(avatar: Avatar, signal: FaceSignal) -> Gaussians[np.ndarray]:
    return CpuRenderer(avatar).gaussians(retarget(signal, avatar.rig))[0]


def test_at_rest_its_gaussians_are_those_of_the_bundle(avatar: Avatar, made: Head) -> None:
    found, wanted = moved(avatar, face()), as_they_are(made.vertices, made.table)
    np.testing.assert_allclose(found.mean, wanted.mean, atol=3e-7)
    np.testing.assert_allclose(found.scale, wanted.scale, rtol=3e-4)
    np.testing.assert_allclose(found.opacity, wanted.opacity, atol=1e-5)
    np.testing.assert_allclose(found.colour, wanted.colour, atol=3e-4)
    unit = wanted.rotation / np.linalg.norm(wanted.rotation, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(np.einsum("ni,ni->n", found.rotation, unit)), 1, atol=1e-6)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0])
def test_its_picture_at_rest_is_the_bundles(avatar: Avatar, made: Head, yaw: float) -> None:
    assert largest_difference(avatar, as_they_are(made.vertices, made.table), 128, yaw) <= 2


@pytest.mark.parametrize("name", ["jawOpen", "eyeBlinkRight", "eyeLookUpLeft", "mouthSmileLeft"])
def test_gaussians_move_as_their_vertices_do(avatar: Avatar, made: Head, name: str) -> None:
    rest, found = moved(avatar, face()), moved(avatar, face(**{name: 0.7}))
    assert np.abs(made.targets[name]).max() > 0.01
    np.testing.assert_allclose(found.mean - rest.mean, 0.7 * made.targets[name], atol=2e-6)
    np.testing.assert_allclose(found.scale, rest.scale, rtol=1e-3)


def test_a_turned_head_turns_gaussians_about_its_joints(avatar: Avatar, made: Head) -> None:
    signal = replace(face(), head_rotation=np.array([0.1, 0.6, 0.0], np.float32))
    rest, found = moved(avatar, face()), moved(avatar, signal)
    rigid = np.flatnonzero(made.skin_weights[:, 0] == 1)
    assert len(rigid) > 10
    # Of three joints on a chain of parallel axes.
    point = rest.mean[rigid].astype(np.float64)
    turn = np.eye(3)
    for name, share in (("head", 0.5), ("neckUpper", 0.25), ("neckLower", 0.25)):
        own = rotation_matrices(share * signal.head_rotation[None].astype(np.float64))[0]
        place = np.array(JOINTS[name][1])
        point, turn = (point - place) @ own.T + place, own @ turn
    np.testing.assert_allclose(found.mean[rigid], point, atol=1e-6)
    # Their own axes turn along.
    for row in rigid[:5]:
        before, after = (as_matrix(g.rotation[row]) for g in (rest, found))
        np.testing.assert_allclose(after, turn @ before, atol=1e-4)


def as_matrix(quaternion: NDArray[Any]) -> NDArray[Any]:
    axes = np.concatenate([np.zeros((3, 1)), np.eye(3)], 1)
    q = np.tile(quaternion.astype(np.float64), (3, 1))
    return quaternion_product(quaternion_product(q, axes), q * [1, -1, -1, -1])[:, 1:].T


def test_the_rig(avatar: Avatar, made: Head) -> None:
    rig = avatar.rig
    V, F = len(made.vertices), len(made.faces)
    assert rig.kind == "lam"
    assert rig.joint_names == ("chest", "neckLower", "neckUpper", "head")  # hip and toe move nothing
    assert rig.parents.tolist() == [-1, 0, 1, 2]
    np.testing.assert_allclose(rig.joints, [JOINTS[name][1] for name in rig.joint_names], atol=1e-6)
    assert rig.head_chain == ((1, 0.25), (2, 0.25), (3, 0.5))
    assert rig.eye_joints == (-1, -1)
    assert rig.expression_names == tuple(made.targets)[:-1]
    rows = [INDEX[name] for name in rig.expression_names]
    np.testing.assert_array_equal(rig.arkit_map[:, rows], np.eye(len(rows)))
    assert rig.arkit_map.sum() == len(rows) and not rig.arkit_map[:, NAMES.index("tongueOut")].any()
    np.testing.assert_array_equal(rig.template[:V], made.vertices)
    np.testing.assert_array_equal(rig.faces[:F], made.faces)
    # Every carrier holds the vertex of its Gaussian, and moves and is skinned as it.
    np.testing.assert_array_equal(rig.faces[F:, 0], np.arange(V))
    np.testing.assert_array_equal(avatar.gaussians.face, np.arange(F, F + V))
    for corner in range(3):
        np.testing.assert_array_equal(rig.expression_basis[:, rig.faces[F:, corner]], rig.expression_basis[:, :V])
        np.testing.assert_array_equal(rig.skin_joints[rig.faces[F:, corner]], rig.skin_joints[:V])
    assert "FLAME" in rig.licence


def test_eyeballs_eyelids_and_carriers_are_known(avatar: Avatar, made: Head) -> None:
    regions, faces = avatar.rig.regions, len(made.faces)
    for name, side in (("eye_left", 1), ("eye_right", -1)):
        corners = avatar.rig.template[avatar.rig.faces[regions[name], 0]]
        assert len(corners) == 20 + 12 and (side * corners[:, 0] > 0.015).all()
    in_mesh = [regions[name][regions[name] < faces] for name in ("skin", "eye_left", "eye_right")]
    np.testing.assert_array_equal(np.sort(np.concatenate(in_mesh)), np.arange(faces))
    assert regions["carriers"].tolist() == avatar.gaussians.face.tolist()
    assert set(regions["eyelids"]) < set(regions["skin"])


def test_a_folder_is_read_as_a_zip(avatar: Avatar, made: Head, tmp_path: Path) -> None:
    inner = tmp_path / "bundle" / "inner"
    inner.mkdir(parents=True)
    for name, content in bundle(made).items():
        (inner / name).write_bytes(content)
    for source in (inner, inner.parent):
        found = quantised(import_avatar(source))
        np.testing.assert_array_equal(found.rig.template, avatar.rig.template)
        np.testing.assert_array_equal(found.gaussians.rotation, avatar.gaussians.rotation)
        assert found.metadata["name"] == "avatar"
    assert avatar.metadata["imported"] == {"tool": "lam"}
    assert avatar.metadata["created"] == datetime.now(timezone.utc).date().isoformat()


def test_a_skeleton_of_several_tops_gets_a_root() -> None:
    described, binary = skin_parts(head())
    for node in described["nodes"]:
        node["children"] = []
    mesh = read_skinned_mesh(parse_glb(glb_of(described, binary)), NAMES)
    skeleton = driven_skeleton(mesh)
    assert skeleton.names[0] == "root" and skeleton.parents.tolist() == [-1, 0, 0, 0, 0]
    assert skeleton.head_chain == ((skeleton.names.index("head"), 1.0),)
    wanted = np.array([list(JOINTS).index(name) for name in skeleton.names[1:]])
    counts = mesh.skin_weights > 0
    np.testing.assert_array_equal(wanted[skeleton.skin_joints - 1][counts], mesh.skin_joints[counts])


def test_the_mesh_is_that_of_the_file(made: Head) -> None:
    mesh: SkinnedMesh = read_skinned_mesh(parse_glb(bundle(made)["skin.glb"]), NAMES)
    np.testing.assert_array_equal(mesh.targets, [made.targets[name] for name in mesh.target_names])
    np.testing.assert_allclose(mesh.skin_weights, made.skin_weights, atol=1e-7)
    np.testing.assert_allclose(mesh.joints, [place for _, place in JOINTS.values()], atol=1e-6)
    names = list(JOINTS)
    assert [names[up] if up >= 0 else "" for up in mesh.parents] == [parent for parent, _ in JOINTS.values()]


def test_its_mesh_can_be_taken_on(avatar: Avatar, made: Head, tmp_path: Path) -> None:
    """The carriers are not part of it."""
    write_rigged_mesh(tmp_path / "me.glb", avatar)
    mesh = read_skinned_mesh(parse_glb((tmp_path / "me.glb").read_bytes()), NAMES)
    np.testing.assert_array_equal(mesh.vertices, made.vertices)
    np.testing.assert_array_equal(mesh.faces, made.faces)
    assert mesh.joint_names == avatar.rig.joint_names
    for name in avatar.rig.expression_names:
        moves = mesh.targets[mesh.target_names.index(name)]
        np.testing.assert_allclose(moves, made.targets[name], atol=2e-6)


def edited(edit: Callable[[dict[str, Any]], Any]) -> Change:
    """The bundle with another JSON in its skin.glb."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        described, binary = skin_parts(head())
        edit(described)
        return {**files, "skin.glb": glb_of(described, binary)}

    return change


def tabled(edit: Callable[[NDArray[Any]], Any]) -> Change:
    """The bundle with other numbers in its offset.ply."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        table = head().table.copy()
        edit(table)
        return {**files, "offset.ply": offset_ply(table)}

    return change


def ordered(content: bytes) -> Change:
    return lambda files: {**files, "vertex_order.json": content}


def extras(names: Any) -> Change:
    return edited(lambda d: d["meshes"][0].update(extras={"targetNames": names}))


def attribute(name: str, value: Any) -> Change:
    return edited(lambda d: d["meshes"][0]["primitives"][0]["attributes"].update({name: value}))


def accessor(number: int, **values: Any) -> Change:
    return edited(lambda d: d["accessors"][number].update(values))


WRONG: list[tuple[Change, str]] = [
    (lambda f: {**f, "skin.glb": f["skin.glb"][:900]}, r"skin.glb .*: it is a glTF of version 2 and \d+ bytes"),
    (lambda f: {**f, "skin.glb": b"glTF"}, "skin.glb .*: it is no binary glTF"),
    (
        edited(lambda d: d.update(extensionsRequired=["KHR_draco_mesh_compression"])),
        "'KHR_draco_mesh_compression'",
    ),
    (edited(lambda d: d["nodes"].append({"mesh": 0, "skin": 0})), "it has 2 meshes with a skin, expected one"),
    (edited(lambda d: d["nodes"][0].update(children=[0])), "its skeleton goes round in a circle|has two parents"),
    (edited(lambda d: d["skins"][0].update(joints=[9999])), "it refers to nodes 9999, it has 8"),
    (edited(lambda d: d["skins"][0].update(joints=[0, 0])), "its skin has one joint twice"),
    (edited(lambda d: d["skins"][0].update(joints=[1])), "it has 6 bind matrices for 1 joints"),
    (edited(lambda d: d.update(accessors=7)), "accessors of the file is not a list of tables"),
    (attribute("POSITION", 1000), "it refers to accessors 1000"),
    (attribute("JOINTS_0", 0), "the joints of its vertices are stored as 'VEC3' of 5126"),
    (accessor(0, count=10**9), "its vertices are 1000000000, more than"),
    (accessor(0, count=10**6), "its vertices lie beyond the end of their bytes"),
    (accessor(0, count=-1), "its vertices have the count -1, expected a whole number"),
    (accessor(0, byteOffset=2**31), "its vertices lie beyond the end"),
    (accessor(3, count=4), "its triangles have 4 corners"),
    (edited(lambda d: d["bufferViews"][0].update(byteOffset=2**31)), "its vertices lie beyond the end"),
    (edited(lambda d: d["bufferViews"][0].update(buffer=1)), "its vertices lie in another file"),
    (extras(["jawOpen"]), "its 7 morph targets have no list targetNames of 7 names"),
    (extras([["x"]] * 7), "none of its morph targets has the name of an ARKit coefficient"),
    (extras(["jawOpen"] * 7), "two of its morph targets have one name"),
    (accessor(4, sparse={"count": 10**6}), "the moves of jawOpen replace 1000000 of 92"),
    (lambda f: {**f, "offset.ply": f["offset.ply"][:-1]}, "offset.ply .*bytes follow the header, expected 92 x 68"),
    (lambda f: {**f, "offset.ply": offset_ply(head().table[:-1])}, "it has 91 Gaussians, its mesh has 92 vertices"),
    (lambda f: {**f, "offset.ply": f["offset.ply"].replace(b"f_dc_0", b"f_dc_7")}, "it has no property f_dc_0"),
    (lambda f: {**f, "offset.ply": f["offset.ply"].replace(b" nx", b" f_rest_0")}, "it has 1 f_rest fields"),
    (tabled(lambda t: t.__setitem__((3, 10), np.nan)), "it holds numbers that are not finite"),
    (tabled(lambda t: t.__setitem__((3, 10), 9)), "it has a Gaussian whose scale makes no sense"),
    (tabled(lambda t: t.__setitem__((3, 0), 1e30)), "it has a Gaussian whose place makes no sense"),
    (tabled(lambda t: t.__setitem__((3, slice(13, 17)), 0)), "it has a Gaussian without a rotation"),
    (ordered(b"[0, 1, 2]"), "does not name each of the 92 vertices once"),
    (ordered(b"[" * 10**5), "vertex_order.json .*: expected a list of 92 numbers"),
    (ordered(b"{"), "it is not valid JSON"),
    (ordered(b"[1.5]"), "it is not a list of vertices"),
    (ordered(b"[1" + b"0" * 9999 + b"]"), "it is not valid JSON|does not name each"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG, ids=range(len(WRONG)))
def test_a_bundle_that_is_not_right_is_refused(change: Change, sentence: str, made: Head, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(change(bundle(made))))
    with pytest.raises(AvatarFileError, match=sentence) as refused:
        import_avatar(path)
    assert len(str(refused.value)) < 300 and "\n" not in str(refused.value)


def test_damage_is_refused_or_read(made: Head, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    files, path, read = bundle(made), tmp_path / "x.zip", 0
    whole = zipped(files)
    for number in range(250):
        if number % 4 == 0:
            content = changed(whole, random)
        else:
            name = ("skin.glb", "skin.glb", "offset.ply", "vertex_order.json")[random.integers(4)]
            if name == "skin.glb" and random.random() < 0.5:
                described, binary = skin_parts(made)
                spoiled = glb_of(changed(json.dumps(described).encode(), random), binary)
            else:
                spoiled = changed(files[name], random)
            content = zipped({**files, name: spoiled})
        path.write_bytes(content)
        try:
            avatar = import_avatar(path)
            with np.errstate(all="ignore"):
                save_avatar(tmp_path / "out.splatavatar", avatar)
            read += 1
        except SplatAvatarError as error:
            assert "\n" not in str(error)
    assert 12 < read < 238


@pytest.mark.shared
def test_a_real_bundle(tmp_path: Path) -> None:
    import zipfile

    source = shared("interop/lam-p2-1.zip")
    save_avatar(tmp_path / "me.splatavatar", import_avatar(source))
    avatar = load_avatar(tmp_path / "me.splatavatar")
    with zipfile.ZipFile(source) as archive:
        glb = archive.read("p2-1/skin.glb")
        content = archive.read("p2-1/offset.ply")
    mesh = read_skinned_mesh(parse_glb(glb), NAMES)
    table = np.frombuffer(content[-68 * 20018 :], "<f4").reshape(20018, 17)
    wanted = as_they_are(mesh.vertices, table)
    for size, yaw in ((512, 0.0), (512, 0.7), (256, 3.1)):
        assert largest_difference(avatar, wanted, size, yaw) <= 2
    rig = avatar.rig
    assert rig.joint_names == ("chestUpper", "lCollar", "rCollar", "neckLower", "neckUpper", "head")
    assert rig.head_chain == ((3, 0.25), (4, 0.25), (5, 0.5))
    assert set(NAMES) - set(rig.expression_names) == {"tongueOut"}
    rest = moved(avatar, face())
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        found = moved(avatar, face(**{name: 1.0})).mean - rest.mean
        move = mesh.targets[mesh.target_names.index(name)]
        assert np.linalg.norm(move, axis=1).max() > 5e-3
        np.testing.assert_allclose(found, move, atol=5e-6)
    still = to_world(avatar.gaussians, rig.template, rig.faces)
    np.testing.assert_allclose(still.mean, wanted.mean, atol=1e-6)
    # Landmarks of eyes and lips lie there: on what blinks and smiles move.
    marks = positions(rig.landmarks["mediapipe"], rig.template, rig.faces)
    left = rig.template[rig.faces[rig.regions["eye_left"], 0]].mean(0)
    assert len(marks) == 478 and np.linalg.norm(marks[473] - left) < 0.014
    lips = rig.template[rig.faces[rig.regions["lips"], 0]]
    assert np.linalg.norm(marks[[13, 14]].mean(0) - lips.mean(0)) < 0.012
    assert not avatar.metadata["imported"].get("notes")
    partition = np.concatenate([rig.regions[name] for name in PARTS])
    np.testing.assert_array_equal(np.sort(partition), np.arange(len(rig.faces)))
