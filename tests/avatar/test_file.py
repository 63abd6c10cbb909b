"""Saving and loading avatars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.describe import describe
from splatavatar.avatar.file import digest_of, load_avatar, quantised, save_avatar
from splatavatar.avatar.format.container import read_container
from splatavatar.errors import AvatarFileError, OutputError
from support.random_avatar import random_avatar

Make = Callable[..., Avatar]
Compare = Callable[[Avatar, Avatar], list[str]]
PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half of a UTF-16 pair is no text.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@PROPERTY
@given(
    seed=st.integers(0, 2**32),
    gaussians=st.integers(1, 12),
    vertices=st.integers(1, 12),
    faces=st.integers(1, 9),
    expressions=st.integers(0, 4),
    joints=st.integers(1, 4),
    correctives=st.integers(0, 3),
    support=st.sampled_from([0.0, 0.3, 1.0]),
    uv=st.booleans(),
    sh=st.booleans(),
    metadata=st.dictionaries(st.text("abc", max_size=3), json_values, max_size=3),
)
def test_a_second_round_trip_changes_nothing(
    tmp_path: Path, make_avatar: Make, compare: Compare, seed: int, metadata: dict[str, Any], **sizes: Any
) -> None:
    avatar = make_avatar(np.random.default_rng(seed), metadata=metadata, **sizes)
    first, second = tmp_path / "a", tmp_path / "b"
    save_avatar(first, avatar)
    once = load_avatar(first)
    assert compare(once, quantised(avatar)) == []
    save_avatar(second, once)
    assert second.read_bytes() == first.read_bytes()
    assert compare(load_avatar(second), once) == []
    assert once.metadata == metadata


def test_values_come_back_within_the_precision_of_their_format(make_avatar: Make, rng: np.random.Generator) -> None:
    avatar = make_avatar(rng, gaussians=3000, vertices=500, faces=900, correctives=4)
    back = quantised(avatar)
    g, h = avatar.gaussians, back.gaussians
    np.testing.assert_array_equal(h.face, g.face)
    np.testing.assert_allclose(h.barycentric, g.barycentric, atol=2e-5)
    np.testing.assert_allclose(h.position, g.position, rtol=5e-4, atol=1e-7)
    np.testing.assert_allclose(h.rotation, g.rotation, atol=2e-5)
    np.testing.assert_allclose(h.scale, g.scale, rtol=2.5e-4)
    np.testing.assert_allclose(h.opacity, g.opacity, atol=8e-6)
    np.testing.assert_allclose(h.colour, g.colour, atol=2.5e-4)
    own = np.abs(g.sh).max((1, 2), keepdims=True)
    assert (np.abs(h.sh - g.sh) <= own / 127 * 0.51).all()
    rig, same = avatar.rig, back.rig
    np.testing.assert_array_equal(same.template, rig.template)
    np.testing.assert_array_equal(same.faces, rig.faces)
    np.testing.assert_array_equal(same.parents, rig.parents)
    np.testing.assert_array_equal(same.arkit_map, rig.arkit_map)
    np.testing.assert_allclose(same.expression_basis, rig.expression_basis, atol=4e-7)
    np.testing.assert_allclose(same.skin_weights, rig.skin_weights, atol=5e-5)
    np.testing.assert_allclose(same.uv, rig.uv, atol=2e-5)
    np.testing.assert_allclose(same.skin_weights.sum(1), 1, atol=1e-6)
    for name in ("position", "colour"):
        stored, exact = getattr(back.correctives, name), getattr(avatar.correctives, name)
        assert np.abs(stored - exact).max() <= np.abs(exact).max() / 127 * 0.51


def test_an_outlier_costs_the_others_no_precision(make_avatar: Make, rng: np.random.Generator) -> None:
    avatar = make_avatar(rng, gaussians=500)
    avatar.gaussians.sh[0] = 100
    avatar.correctives.colour[:, 0] = 100
    back = quantised(avatar)
    assert np.abs(back.gaussians.sh[1:] - avatar.gaussians.sh[1:]).max() < 2e-3
    assert np.abs(back.correctives.colour[:, 1:] - avatar.correctives.colour[:, 1:]).max() < 1e-3


@pytest.mark.parametrize("magnitude", [1e-40, 1e-33, 1e-20, 1e-6, 1e4])
def test_tiny_and_large_values_round_trip(
    make_avatar: Make, compare: Compare, rng: np.random.Generator, magnitude: float
) -> None:
    avatar = make_avatar(rng)
    factor = np.float32(magnitude)
    for values in (avatar.gaussians.sh, avatar.gaussians.position, avatar.correctives.position, avatar.rig.uv):
        values *= factor
    avatar.rig.expression_basis[:] *= factor
    once = quantised(avatar)
    assert compare(quantised(once), once) == []
    np.testing.assert_allclose(once.gaussians.sh, avatar.gaussians.sh, atol=max(magnitude * 2e-3, 1e-30))


def test_many_vertices_and_triangles_need_wide_indices(
    tmp_path: Path, make_avatar: Make, compare: Compare, rng: np.random.Generator
) -> None:
    avatar = make_avatar(rng, vertices=70_000, faces=66_000, expressions=1, gaussians=5)
    avatar.rig.faces[0] = 69_999
    avatar.gaussians.face[0] = 65_999
    save_avatar(tmp_path / "a", avatar)
    back = load_avatar(tmp_path / "a")
    np.testing.assert_array_equal(back.rig.faces, avatar.rig.faces)
    np.testing.assert_array_equal(back.gaussians.face, avatar.gaussians.face)


def test_the_safetensors_library_reads_the_file(tmp_path: Path, avatar: Avatar) -> None:
    path = tmp_path / "x.splatavatar"
    save_avatar(path, avatar)
    tensors = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(tensors["rig.template"], avatar.rig.template)
    np.testing.assert_array_equal(tensors["gaussians.face"], avatar.gaussians.face)
    assert tensors["gaussians.colour"].dtype == np.float16
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata()["format"] == "splatavatar"


def test_we_read_what_the_safetensors_library_writes(tmp_path: Path, avatar: Avatar, compare: Compare) -> None:
    save_avatar(tmp_path / "a", avatar)
    with safetensors.safe_open(tmp_path / "a", "numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        safetensors.numpy.save_file(tensors, tmp_path / "b", file.metadata())
    assert compare(load_avatar(tmp_path / "b"), load_avatar(tmp_path / "a")) == []


def test_a_head_of_50000_gaussians_takes_6_megabytes_at_most(
    tmp_path: Path, make_avatar: Make, rng: np.random.Generator
) -> None:
    # 21 % of the vertices of an average expression of anny-head move.
    avatar = make_avatar(rng, 50_000, 5_000, 9_500, expressions=52, joints=64, correctives=8, support=0.21)
    save_avatar(tmp_path / "x", avatar)
    assert (tmp_path / "x").stat().st_size <= 6_000_000


def test_all_arrays_are_float32_or_int32_and_writable(avatar: Avatar) -> None:
    back = quantised(avatar)
    for part in (back.rig, back.gaussians, back.correctives):
        for array in vars(part).values():
            if isinstance(array, np.ndarray):
                assert array.dtype in (np.float32, np.int32)
                assert array.flags.c_contiguous and array.flags.writeable


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: replace(a, metadata={"x": float("nan")}), "its metadata is not JSON: Out of range float"),
        (lambda a: replace(a, metadata={"x": np.zeros(1)}), "its metadata is not JSON: Object of type ndarray"),
        (
            lambda a: replace(a, rig=replace(a.rig, regions={"a b": np.zeros(1, np.int32)})),
            "regions of its rig has the name 'a b', expected letters, digits, _ and -",
        ),
        (
            lambda a: replace(a, gaussians=replace(a.gaussians, position=a.gaussians.position + 1e5)),
            "gaussians.position holds ",
        ),
        (
            lambda a: replace(a, gaussians=replace(a.gaussians, scale=a.gaussians.scale * 0)),
            "gaussians.scale holds 0, expected positive values",
        ),
        (
            lambda a: replace(a, rig=replace(a.rig, identity_basis=np.zeros((1, 30, 3), np.float32))),
            "the identity of its rig is not folded in",
        ),
    ],
)
def test_an_avatar_that_could_not_be_loaded_is_not_saved(
    tmp_path: Path, avatar: Avatar, change: Callable[[Avatar], Avatar], reason: str
) -> None:
    path = tmp_path / "x.splatavatar"
    path.write_bytes(b"old")
    with pytest.raises(AvatarFileError) as error:
        save_avatar(path, change(avatar))
    assert str(error.value).startswith(f"the avatar cannot be saved as {path}: {reason}")
    assert path.read_bytes() == b"old"


def test_a_missing_folder_is_an_output_error(tmp_path: Path, avatar: Avatar) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        save_avatar(tmp_path / "no" / "x.splatavatar", avatar)


def test_joints_that_coefficients_turn_and_ranges_of_expressions_come_back(
    tmp_path: Path, make_avatar: Make, compare: Compare, rng: np.random.Generator
) -> None:
    avatar, path = make_avatar(rng), tmp_path / "a"
    turns = rng.normal(size=(len(avatar.rig.joints), 3, 52)).astype(np.float32)
    wide = np.array([[-3, 2.5]] * len(avatar.rig.expression_names), np.float32)
    moved = rng.normal(0, 0.01, (len(wide), len(turns), 3)).astype(np.float32)
    for version, changes in (
        (2, {"arkit_joint_map": turns}),
        (2, {"expression_range": wide}),
        (3, {"joint_expression_basis": moved}),
        (3, {"skin_joints": np.zeros((len(avatar.rig.template), 5), np.int32)}),
    ):
        wide_weights = np.pad(avatar.rig.skin_weights, ((0, 0), (0, 1))) if "skin_joints" in changes else None
        changed = replace(avatar, rig=replace(avatar.rig, **changes))
        if wide_weights is not None:
            changed = replace(changed, rig=replace(changed.rig, skin_weights=wide_weights))
        save_avatar(path, changed)
        assert compare(load_avatar(path), quantised(changed)) == []
        (array,) = changes.values()
        np.testing.assert_array_equal(getattr(load_avatar(path).rig, *changes), array)
        assert describe(load_avatar(path), path)["format"] == version
    save_avatar(path, avatar)
    assert describe(load_avatar(path), path)["format"] == 1
    assert load_avatar(path).rig.arkit_joint_map is None and load_avatar(path).rig.expression_range is None


def test_pose_correctives_come_back_in_steps_of_five_micrometres(
    tmp_path: Path, make_avatar: Make, compare: Compare, rng: np.random.Generator
) -> None:
    avatar, path = make_avatar(rng), tmp_path / "a"
    rows = 9 * (len(avatar.rig.joints) - 1)
    turned = rng.normal(0, 2e-3, (rows, len(avatar.rig.template), 3)).astype(np.float32)
    turned[:, ::2] *= 1e-4  # below the step: not stored
    changed = replace(avatar, rig=replace(avatar.rig, pose_basis=turned))
    save_avatar(path, changed)
    loaded = load_avatar(path)
    assert compare(loaded, quantised(changed)) == []
    np.testing.assert_allclose(loaded.rig.pose_basis, turned, atol=2.51e-6)
    assert len(safetensors.numpy.load_file(path)["rig.pose_basis"]) == rows * turned[:, 1::2].shape[1]
    assert describe(loaded, path)["format"] == 3
    content = path.read_bytes()
    save_avatar(path, loaded)
    assert path.read_bytes() == content


def test_what_only_newer_files_have_is_checked(tmp_path: Path, make_avatar: Make, rng: np.random.Generator) -> None:
    avatar = make_avatar(rng)
    count, joints = len(avatar.rig.expression_names), len(avatar.rig.joints)
    turned = (9 * joints - 9, len(avatar.rig.template), 3)
    for changes, message in (
        ({"expression_range": np.array([[1, 0]] * count, np.float32)}, "a least value that is above the largest"),
        ({"expression_range": np.full((count, 2), np.nan, np.float32)}, "not finite"),
        ({"expression_range": np.zeros((count + 1, 2), np.float32)}, "has the shape"),
        ({"arkit_joint_map": np.zeros((joints, 3, 51), np.float32)}, "has the shape"),
        (
            {"skin_joints": np.zeros((len(avatar.rig.template), 17), np.int32)},
            "17 joints for a vertex, expected 1 to 16",
        ),
        ({"joint_expression_basis": np.zeros((count, joints + 1, 3), np.float32)}, "has the shape"),
        ({"pose_basis": np.zeros((9 * joints, len(avatar.rig.template), 3), np.float32)}, "has the shape"),
        (
            {"pose_basis": np.full(turned, 0.2, np.float32)},
            "the limit is 0.16 m",
        ),
    ):
        with pytest.raises(AvatarFileError, match=message):
            save_avatar(tmp_path / "a", replace(avatar, rig=replace(avatar.rig, **changes)))


def test_tensors_of_a_newer_version_than_the_file_says(
    tmp_path: Path, make_avatar: Make, rng: np.random.Generator
) -> None:
    avatar, path = make_avatar(rng), tmp_path / "a"
    wide = np.array([[-3, 2.5]] * len(avatar.rig.expression_names), np.float32)
    save_avatar(path, replace(avatar, rig=replace(avatar.rig, expression_range=wide)))
    with safetensors.safe_open(path, "numpy") as file:
        texts = {name: text for name, text in file.metadata().items() if name != "sha256"}
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path, {**texts, "version": "1"})
    with pytest.raises(AvatarFileError, match="it has tensors of version 2, but says that it is of 1"):
        load_avatar(path)


def test_a_part_of_a_pose_basis_is_none(tmp_path: Path, make_avatar: Make, rng: np.random.Generator) -> None:
    avatar, path = make_avatar(rng), tmp_path / "a"
    turned = np.full((9 * len(avatar.rig.joints) - 9, len(avatar.rig.template), 3), 1e-3, np.float32)
    save_avatar(path, replace(avatar, rig=replace(avatar.rig, pose_basis=turned)))
    with safetensors.safe_open(path, "numpy") as file:
        texts = {name: text for name, text in file.metadata().items() if name != "sha256"}
    tensors = safetensors.numpy.load_file(path)
    for gone in ("rig.pose_basis", "rig.pose_basis.vertex", "rig.pose_basis.count"):
        safetensors.numpy.save_file({name: part for name, part in tensors.items() if name != gone}, path, texts)
        with pytest.raises(AvatarFileError, match=f"it has no tensor {gone}"):
            load_avatar(path)


def test_a_changed_avatar_does_not_pass_for_the_file_that_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "a.splatavatar"
    save_avatar(path, random_avatar(np.random.default_rng(3)))
    avatar = load_avatar(path)
    assert digest_of(avatar) == avatar.digest == read_container(path)[1]["sha256"]
    changed = replace(avatar, metadata={"name": "somebody else"})
    assert changed.digest is None
    assert digest_of(changed) != avatar.digest
    assert digest_of(replace(avatar)) == avatar.digest
