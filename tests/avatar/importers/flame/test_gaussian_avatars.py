"""Results of GaussianAvatars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.importers.flame.gaussian_avatars import (
    bound_to_triangles,
    find,
    read_person,
    read_splats,
    recognises,
)
from splatavatar.errors import AvatarFileError, SplatAvatarError
from splatavatar.gaussians.binding import to_world
from support.damage import changed
from support.gaussian_avatars import columns, in_world, ply, random_table
from support.lam_bundle import ball

TRIANGLES = 9976 + 168


def write(path: Path, table: np.ndarray, degree: int) -> Path:
    path.write_bytes(ply(table, degree))
    return path


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_gaussians_lie_where_theirs_do(tmp_path: Path, degree: int) -> None:
    vertices, faces = ball((0.0, 0.1, 0.0), 0.1, 9, 14)
    table = random_table(np.random.default_rng(1).integers(0, len(faces), 500), degree, 2)
    splats, face = read_splats(write(tmp_path / "x.ply", table, degree))
    bound = bound_to_triangles(splats, face, vertices.astype(np.float32), faces.astype(np.int32))
    eye = np.array([0.3, 0.2, 0.8])
    found = to_world(bound, vertices.astype(np.float32), faces.astype(np.int32), eye)
    wanted = in_world(table, degree, vertices.astype(np.float32), faces, eye)
    np.testing.assert_allclose(found.mean, wanted.mean, atol=2e-7)
    np.testing.assert_allclose(found.scale, wanted.scale, rtol=1e-5)
    np.testing.assert_allclose(np.abs((found.rotation * wanted.rotation).sum(1)), 1, atol=1e-6)
    np.testing.assert_allclose(found.opacity, wanted.opacity, atol=1e-6)
    np.testing.assert_allclose(found.colour, wanted.colour, atol=1e-6)


def test_where_the_file_is(tmp_path: Path) -> None:
    table = random_table(np.array([0, 5]), 0, 1)
    for number in (7000, 30000, 600):
        folder = tmp_path / "point_cloud" / f"iteration_{number}"
        folder.mkdir(parents=True)
        write(folder / "point_cloud.ply", table, 0)
    assert find(tmp_path) == tmp_path / "point_cloud" / "iteration_30000" / "point_cloud.ply"
    assert find(folder) == find(folder / "point_cloud.ply") == folder / "point_cloud.ply"
    assert recognises(tmp_path) == recognises(folder / "point_cloud.ply") == "point_cloud.ply with binding_0"
    assert find(tmp_path / "point_cloud") is None
    (folder / "point_cloud.ply").write_bytes(ply(table, 0).replace(b" binding_0", b" bending_0"))
    assert recognises(folder) is recognises(tmp_path / "absent.ply") is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"binding_0": TRIANGLES}, "binding_0 holds 10144, expected the number of one of 10144 triangles"),
        ({"binding_0": -1}, "binding_0 holds -1"),
        ({"binding_0": 0.5}, "binding_0 holds 0.5"),
        ({"x": 1e6}, "it has a Gaussian whose place makes no sense"),
        ({"scale_1": 20}, "it has a Gaussian whose scale makes no sense"),
        ({"f_dc_1": 1e9}, "it has a Gaussian whose colour makes no sense"),
        ({"opacity": np.nan}, "it holds numbers that are not finite"),
        ({f"rot_{i}": 0 for i in range(4)}, "it has a Gaussian without a rotation"),
    ],
)
def test_numbers_that_make_no_sense(tmp_path: Path, change: dict[str, float], sentence: str) -> None:
    table = random_table(np.arange(4), 1, 1)
    for name, value in change.items():
        table[2, columns(1).index(name)] = value
    with pytest.raises(AvatarFileError, match=f"x.ply is not that of GaussianAvatars: {sentence}"):
        read_splats(write(tmp_path / "x.ply", table, 1))


def test_a_file_that_is_cut_or_wrong(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.ply", ply(random_table(np.arange(4), 1, 1), 1)
    for content, sentence in (
        (whole[:-3], "bytes follow the header"),
        (whole[:200], "it has no PLY header"),
        (whole.replace(b"vertex 4", b"vertex 0")[: whole.index(b"end_header") + 11], "it has no Gaussians"),
        (whole.replace(b"f_rest_8", b"gloss___"), "it has 8 f_rest fields"),
    ):
        path.write_bytes(content)
        with pytest.raises(AvatarFileError, match=sentence):
            read_splats(path)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_the_person(tmp_path: Path) -> None:
    shape = np.random.default_rng(1).normal(size=300).astype(np.float32)
    offset = np.random.default_rng(2).normal(0, 1e-3, (1, 5143, 3)).astype(np.float32)
    other = {"expr": np.zeros((9, 100), np.float32), "rotation": np.zeros((9, 3), np.float32)}
    found = read_person(npz(tmp_path / "a.npz", shape=shape, static_offset=offset, **other))
    np.testing.assert_array_equal(found.shape, shape)
    np.testing.assert_array_equal(np.concatenate([found.offset, found.teeth_offset]), offset[0])
    short = read_person(npz(tmp_path / "b.npz", shape=shape[None, :100], static_offset=offset[:, :5023]))
    np.testing.assert_array_equal(short.shape, np.where(np.arange(300) < 100, shape, 0))
    assert not short.teeth_offset.any() and short.offset.any()
    assert not read_person(npz(tmp_path / "c.npz", shape=shape)).offset.any()


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"expr": np.zeros(100)}, "it has no shape"),
        ({"shape": np.zeros((3, 300))}, r"shape has the shape \(3, 300\), expected up to 300 numbers"),
        ({"shape": np.zeros(301)}, r"shape has the shape \(301,\)"),
        ({"shape": np.zeros(0)}, r"shape has the shape \(0,\)"),
        ({"shape": np.ones(3, bool)}, r"shape has the shape \(3,\)"),
        ({"shape": np.full(300, np.nan)}, "shape holds a number that is not finite, or beyond 100"),
        ({"shape": np.zeros(300), "static_offset": np.zeros((1, 50, 3))}, r"static_offset has the shape \(1, 50, 3\)"),
        ({"shape": np.zeros(300), "static_offset": np.full((1, 5023, 3), 2.0)}, "static_offset holds a number"),
        ({"shape": np.zeros(300), "static_offset": np.zeros(15069)}, r"static_offset has the shape \(15069,\)"),
    ],
)
def test_a_person_that_makes_no_sense(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AvatarFileError, match=sentence):
        read_person(npz(tmp_path / "x.npz", **arrays))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(AvatarFileError, match="a pointer of Git LFS"):
        read_person(tmp_path / "x.npz")
    np.savez_compressed(tmp_path / "x.npz", shape=np.zeros(1 << 19))
    with pytest.raises(AvatarFileError, match=r"arrays of 4 MiB, expected flame_param\.npz of GaussianAvatars"):
        read_person(tmp_path / "x.npz")
    with pytest.raises(AvatarFileError, match=r"no such file, expected flame_param\.npz of GaussianAvatars"):
        read_person(tmp_path / "absent.npz")


def test_damage_is_refused_or_read(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    splats = ply(random_table(np.arange(40), 1, 1), 1)
    person = npz(tmp_path / "a.npz", shape=np.ones(300, np.float32)).read_bytes()
    read = 0
    for number in range(200):
        path = tmp_path / ("x.npz" if number % 4 == 0 else "x.ply")
        path.write_bytes(changed(person if number % 4 == 0 else splats, random))
        try:
            if number % 4 == 0:
                assert np.isfinite(read_person(path).shape).all()
            else:
                assert len(read_splats(path)[0].position) == len(read_splats(path)[1])
            read += 1
        except SplatAvatarError as error:
            assert "\n" not in str(error)
    assert 20 < read < 180
