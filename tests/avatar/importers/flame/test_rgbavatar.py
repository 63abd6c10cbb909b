"""Results of RGBAvatar as avatars, on a FLAME of our own making."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import quantised
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.importers.flame.lip_teeth import RGBAVATAR
from splatavatar.avatar.importers.flame.rgbavatar import read_splats, teeth_texture
from splatavatar.avatar.importers.table import import_avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.errors import AvatarFileError, RigError, SettingsError, SplatAvatarError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from support import rgbavatar
from support.damage import changed
from support.face_models import face_model

TRIANGLES = 9976 + 56
SHAPE = np.random.default_rng(1).normal(0, 1, 300)
AT_REST = rgbavatar.inputs(np.zeros(100), np.zeros((4, 3)))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FLAME and its texture coordinates."""
    folder = tmp_path_factory.mktemp("models")
    face_model(FLAME).save(folder)
    places = np.random.default_rng(2).random((5118, 2))
    corners = np.random.default_rng(3).permuted(np.tile(np.arange(5118), (9976, 1)), axis=1)[:, :3]
    np.savez(folder / "FLAME_texture.npz", vt=places, ft=corners.astype(np.uint32), mean=np.zeros((512, 512, 3)))
    return folder


@pytest.fixture(autouse=True)
def _found(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(models))


def mesh(models: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices and triangles of the person at rest, and the texture coordinates of their corners."""
    arrays = face_model(FLAME).arrays
    shaped = arrays["v_template"] + arrays["shapedirs"][..., :300] @ SHAPE
    vertices = np.concatenate([shaped, RGBAVATAR.made(arrays["v_template"], shaped)])
    faces = np.concatenate([arrays["f"].astype(np.int64), RGBAVATAR.faces() + 5023])
    with np.load(models / "FLAME_texture.npz") as texture:
        uv = np.concatenate([texture["vt"][texture["ft"]], teeth_texture()])
    return vertices, faces, uv


def write(folder: Path, rows: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.ply").write_bytes(rgbavatar.ply(rows))
    np.savez(folder / "flame_param.npz", shape=SHAPE)
    return folder


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    # As many as the network has numbers, at least; those after the first cannot be seen.
    face = np.concatenate([np.arange(TRIANGLES), np.zeros(26000, int)])
    made = rgbavatar.table(face, rgbavatar.network(rgbavatar.LAYERS, 6), 7)
    made["opacity"][TRIANGLES:] = -30
    return made


def test_at_rest_they_lie_where_theirs_do(models: Path, rows: np.ndarray, tmp_path: Path) -> None:
    avatar = import_avatar(write(tmp_path / "me", rows))
    vertices, faces, uv = mesh(models)
    parts = rgbavatar.network(rgbavatar.LAYERS, 6)
    rows = rows[:TRIANGLES]
    face = rows["face_id"]
    wanted = rgbavatar.in_world(rows, parts, AT_REST, vertices[faces[face]], uv[face])
    rest = PoseParameters.neutral(avatar.rig)
    found = CpuRenderer(avatar).gaussians(rest)[0]
    found = Gaussians(*(getattr(found, field.name)[:TRIANGLES] for field in fields(found)))
    np.testing.assert_allclose(found.mean, wanted.mean, atol=1e-6)
    np.testing.assert_allclose(found.scale, wanted.scale, rtol=1e-5)
    np.testing.assert_allclose(found.opacity, wanted.opacity, atol=1e-6)
    np.testing.assert_allclose(found.colour, wanted.colour, atol=1e-5)
    np.testing.assert_allclose(np.abs((found.rotation * wanted.rotation).sum(1)), 1, atol=1e-5)
    stored = quantised(avatar)
    camera = default_camera(stored, 160, 160)
    image = rasterize(replace(wanted, colour=np.maximum(wanted.colour, 0)), camera)
    picture = np.rint(np.clip(image.colour + (1 - image.alpha[..., None]), 0, 1) * 255)
    away = np.abs(CpuRenderer(stored).render(rest, camera, (1, 1, 1)) - picture)
    assert (image.alpha > 0.5).mean() > 0.2 and (away <= 2).mean() > 0.9995, away.max()
    notes = avatar.metadata["imported"]["notes"]
    assert len(notes) == 1 and notes[0].startswith("linear correctives show ")
    assert avatar.metadata["imported"]["tool"] == "rgbavatar"


def test_blendshapes_of_a_linear_network_move_as_theirs(models: Path, tmp_path: Path) -> None:
    parts = rgbavatar.network(((129, 20),), 8)
    # Of one layer and by expression alone it is linear.
    parts[0][:, 100:] = 0
    rows = rgbavatar.table(np.random.default_rng(9).integers(0, 9976, 4000), parts, 10)
    avatar: Avatar = import_avatar(write(tmp_path / "me", rows))
    assert "100%" in avatar.metadata["imported"]["notes"][0] and len(avatar.correctives) == 21
    expression = np.random.default_rng(11).normal(0, 0.3, 100)
    parameters = PoseParameters(expression.astype(np.float32), np.zeros((5, 3), np.float32), np.zeros(3, np.float32))
    vertices = pose_numpy(avatar.rig, parameters)
    uv, face = mesh(models)[2], rows["face_id"]
    given = rgbavatar.inputs(expression, np.zeros((4, 3)))
    wanted = rgbavatar.in_world(rows, parts, given, vertices[avatar.rig.faces[face]], uv[face])
    still = rgbavatar.in_world(rows, parts, AT_REST, vertices[avatar.rig.faces[face]], uv[face])
    found = CpuRenderer(avatar).gaussians(parameters)[0]
    np.testing.assert_allclose(found.colour, wanted.colour, atol=2e-3)
    assert np.abs(wanted.colour - still.colour).max() > 0.1
    # Triangles stretch with the expression, and places with them.
    missed, moved = (np.linalg.norm(found.mean - other.mean, axis=1) for other in (wanted, still))
    assert np.median(missed) < 0.2 * np.median(moved)


def test_without_blendshapes_and_without_a_shape(tmp_path: Path) -> None:
    rows = rgbavatar.table(np.arange(500), rgbavatar.network(((129, 1),), 1), 2)
    kept = [name for name in rows.dtype.names or () if "_b_" not in name and name != "weight_module"]
    plain = np.zeros(len(rows), [(name, rows.dtype[name]) for name in kept])
    for name in kept:
        plain[name] = rows[name]
    (tmp_path / "only.ply").write_bytes(rgbavatar.ply(plain))
    avatar = import_avatar(tmp_path / "only.ply")
    assert len(avatar.correctives) == 1  # of the rounding
    assert avatar.metadata["imported"]["notes"] == [
        "nothing says who is shown (--person FILE): the head has the shape of FLAME's mean person"
    ]
    template = face_model(FLAME).arrays["v_template"]
    np.testing.assert_allclose(avatar.rig.template[:5023], template, atol=1e-6)
    given = import_avatar(tmp_path / "only.ply", shape=SHAPE[:9])
    shaped = template + face_model(FLAME).arrays["shapedirs"][..., :9] @ SHAPE[:9]
    np.testing.assert_allclose(given.rig.template[:5023], shaped, atol=1e-6)
    assert not given.metadata["imported"].get("notes")
    with pytest.raises(SettingsError, match=r"the person cannot be shown: shape has the shape \(2, 2\), expected"):
        import_avatar(tmp_path / "only.ply", shape=np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"face_id": 10032}, "face_id holds 10032, expected the number of one of 10032 triangles"),
        ({"face_id": -1}, "face_id holds -1"),
        ({"face_bary_0": 3}, "face_bary holds coordinates outside of their triangles"),
        ({"xyz_b_1": 1e9}, "xyz_b_.* holds a number that makes no sense"),
        ({"weight_module": 1e9}, "weight_module holds a number that makes no sense"),
        ({"weight_module": np.inf}, "it holds numbers that are not finite"),
    ],
)
def test_numbers_that_make_no_sense(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    rows = rgbavatar.table(np.arange(3000), rgbavatar.network(((129, 20),), 1), 2)
    for name, value in change.items():
        rows[name][2] = value
    with pytest.raises(AvatarFileError, match=sentence):
        import_avatar(write(tmp_path / "me", rows))


def test_files_that_do_not_fit(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rgbavatar.table(np.arange(300), rgbavatar.network(((129, 20),), 1)[:0] + [np.ones((2, 20))] * 2, 2)
    folder = write(tmp_path / "me", rows)
    whole = rgbavatar.ply(rows)
    path = folder / "model.ply"
    for content, sentence in (
        (whole[:-1], "bytes follow the header"),
        (whole.replace(b" rot_b_3\n", b" rat_b_3\n"), r"it has 6 xyz_b_\*, 7 rot_b_\*, 6 f_dc_b_\*"),
        (whole.replace(b" weight_module", b" weight_modulo"), "it has no property weight_module"),
    ):
        path.write_bytes(content)
        with pytest.raises(AvatarFileError, match=sentence):
            import_avatar(folder)
    small = rgbavatar.table(np.arange(300), rgbavatar.network(((129, 2),), 1), 2)
    small["weight_module"] = 1
    path.write_bytes(rgbavatar.ply(small))
    with pytest.raises(AvatarFileError, match="weight_module holds 300 numbers in 300 rows"):
        import_avatar(folder)


def test_texture_coordinates_are_asked_for(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rgbavatar.table(np.arange(300), rgbavatar.network(((129, 2),), 1), 2)
    folder, alone = write(tmp_path / "me", rows), tmp_path / "alone"
    alone.mkdir()
    (alone / "FLAME_NEUTRAL.npz").write_bytes((models / "FLAME_NEUTRAL.npz").read_bytes())
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(alone))
    with pytest.raises(RigError, match=r"there is no FLAME_texture\.npz in"):
        import_avatar(folder)
    for arrays, sentence in (
        ({"vt": np.zeros((5, 2))}, r"vt \(5, 2\) and ft \(0,\), expected"),
        ({"vt": np.zeros((5, 2)), "ft": np.full((9976, 3), 5)}, "hold numbers that make no sense"),
        ({"vt": np.full((9, 2), np.nan), "ft": np.full((9976, 3), 5)}, "hold numbers that make no sense"),
    ):
        np.savez(folder / "flame_uv.npz", **arrays)
        with pytest.raises(RigError, match=sentence):
            import_avatar(folder)


def test_damage_is_refused_or_read(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = rgbavatar.table(np.arange(300), rgbavatar.network(((129, 1),), 1), 2)
    whole, path, read = rgbavatar.ply(rows), tmp_path / "x.ply", 0
    for _ in range(80):
        path.write_bytes(changed(whole, random))
        try:
            blended, face, barycentric = read_splats(path)
        except SplatAvatarError as error:
            assert "\n" not in str(error)
        else:
            read += 1
            assert len(blended.splats.position) == len(face) == len(barycentric)
    assert 5 < read < 75
