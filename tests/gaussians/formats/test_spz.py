"""SPZ, read by a reader of its own."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.harmonics import constant_coefficients, linear_coefficients
from splatavatar.gaussians.formats.ply import read_ply
from splatavatar.gaussians.formats.spz import write_spz
from splatavatar.rotations import matrices_of_quaternions
from support.random_splats import random_gaussians
from support.shared import shared
from support.spz_files import read_spz


def test_every_value_is_within_half_a_step(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(1, 500)
    sh = np.clip(sh, -0.48, 0.48)
    write_spz(tmp_path / "x.spz", gaussians, sh)
    back = read_spz(tmp_path / "x.spz")
    assert (back.version, back.fractional_bits) == (3, 20)
    np.testing.assert_allclose(back.position, gaussians.mean, atol=0.5001 / 2**20)
    np.testing.assert_allclose(back.opacity, np.clip(gaussians.opacity, 1 / 255, 254 / 255), atol=0.5001 / 255)
    dc = np.clip(constant_coefficients(gaussians.colour), -0.5 / 0.15, 0.5 / 0.15)
    np.testing.assert_allclose(back.dc, dc, atol=0.5001 / (0.15 * 255))
    log_scale = np.clip(np.log(gaussians.scale), -10, 255 / 16 - 10)
    np.testing.assert_allclose(back.log_scale, log_scale, atol=0.5001 / 16)
    np.testing.assert_allclose(back.sh.transpose(0, 2, 1), linear_coefficients(sh), atol=0.5001 / 128)
    turned, expected = (matrices_of_quaternions(q) for q in (back.rotation, gaussians.rotation))
    # Three components off by half a step of 1 / (511 sqrt 2), and what the fourth makes of it.
    np.testing.assert_allclose(turned, expected, atol=8 * 0.5 / (511 * 2**0.5))


@pytest.mark.parametrize(("farthest", "bits"), [(0.3, 20), (7.9, 20), (8.1, 19), (100.0, 16), (2047.0, 12)])
def test_as_many_bits_as_the_farthest_allows(tmp_path: Path, farthest: float, bits: int) -> None:
    gaussians, sh = random_gaussians(2, 3)
    gaussians.mean[1, 2] = -farthest
    write_spz(tmp_path / "x.spz", gaussians, sh)
    back = read_spz(tmp_path / "x.spz")
    assert back.fractional_bits == bits
    np.testing.assert_allclose(back.position, gaussians.mean, atol=0.5001 / 2**bits)


def test_the_end_of_the_range(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(3, 3)
    gaussians.mean[0, 0] = 3000
    with pytest.raises(OutputError) as error:
        write_spz(tmp_path / "x.spz", gaussians, sh)
    said = "a Gaussian lies at 3000 m, and .spz reaches 2047 m; .ply and .glb reach farther."
    assert str(error.value) == f"cannot write {tmp_path}/x.spz: {said}"
    assert list(tmp_path.iterdir()) == []
    gaussians.mean[0] = (2**23 - 1) / 2**12, -(2**23 - 1) / 2**12, 0
    write_spz(tmp_path / "x.spz", gaussians, sh)
    np.testing.assert_array_equal(read_spz(tmp_path / "x.spz").position[0], gaussians.mean[0])


def test_what_a_byte_cannot_hold_is_the_nearest(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(4, 2)
    gaussians.opacity[:] = 0, 1
    gaussians.scale[:] = [[0, 1e-9, 1e3], [1, 1, 1]]
    gaussians.colour[:] = [[-9, 9, 0.5], [0.5, 0.5, 0.5]]
    sh[:] = [[[9, -9, 0]] * 3] * 2
    write_spz(tmp_path / "x.spz", gaussians, sh)
    back = read_spz(tmp_path / "x.spz")
    # Neither 0 nor 1, whose logits are infinite.
    np.testing.assert_allclose(back.opacity, [1 / 255, 254 / 255])
    np.testing.assert_allclose(back.log_scale[0], [-10, -10, 255 / 16 - 10])
    np.testing.assert_allclose(back.dc[0, :2], [-0.5 / 0.15, 0.5 / 0.15])
    np.testing.assert_allclose(back.sh[0], [[1 - 1 / 128] * 3, [0] * 3, [-1] * 3])


def test_turns_about_every_axis(tmp_path: Path) -> None:
    half = np.sqrt(0.5)
    turns = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [half, half, 0, 0], [half, 0, 0, -half]]
    turns += [[-0.5, 0.5, -0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [0, -half, half, 0], [0.1, -3, 2, 1]]
    gaussians, sh = random_gaussians(5, len(turns))
    gaussians = replace(gaussians, rotation=np.array(turns, np.float32))
    write_spz(tmp_path / "x.spz", gaussians, sh)
    turned, expected = (matrices_of_quaternions(q) for q in (read_spz(tmp_path / "x.spz").rotation, np.array(turns)))
    np.testing.assert_allclose(turned, expected, atol=5e-3)


def test_without_harmonics(tmp_path: Path) -> None:
    gaussians, _ = random_gaussians(6, 4)
    write_spz(tmp_path / "x.spz", gaussians, None)
    assert read_spz(tmp_path / "x.spz").sh.shape == (4, 0, 3)
    write_spz(tmp_path / "none.spz", random_gaussians(7, 0)[0], None)
    assert len(read_spz(tmp_path / "none.spz").position) == 0


def test_the_licence_is_the_comment_of_gzip(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(8, 20)
    for name, licence in (("a", ""), ("b", "Body model © somebody. \0 モデル")):
        write_spz(tmp_path / f"{name}.spz", gaussians, sh, licence)
    content = (tmp_path / "b.spz").read_bytes()
    assert content[3] == 16  # FCOMMENT alone
    comment, _, _ = content[10:].partition(b"\0")
    assert comment.decode("latin-1") == r"Body model © somebody.  \u30e2\u30c7\u30eb"
    assert gzip.decompress(content) == gzip.decompress((tmp_path / "a.spz").read_bytes())


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_spz(tmp_path / f"{name}.spz", *random_gaussians(9, 30))
    assert (tmp_path / "a.spz").read_bytes() == (tmp_path / "b.spz").read_bytes()


@pytest.mark.shared
def test_the_reader_of_the_tests_reads_a_file_of_others() -> None:
    """A program wrote the same Gaussians as PLY, whose axes are right, down, front, and as SPZ: right, up, back."""
    splats = shared("layouts/splats")
    gaussians, _ = read_ply(splats / "metalsplatter-3pt.ply")
    back, flip = read_spz(splats / "metalsplatter-3pt.spz"), np.array([1.0, -1, -1])
    assert (back.version, back.fractional_bits, back.sh.shape) == (3, 12, (3, 15, 3))
    np.testing.assert_allclose(back.position * flip, gaussians.mean, atol=0.501 / 2**12)
    np.testing.assert_allclose(back.opacity, gaussians.opacity, atol=0.501 / 255)
    np.testing.assert_allclose(back.log_scale, np.log(gaussians.scale), atol=0.501 / 16)
    np.testing.assert_allclose(back.dc, constant_coefficients(gaussians.colour), atol=0.501 / (0.15 * 255))
    turned = flip[:, None] * matrices_of_quaternions(back.rotation) * flip
    np.testing.assert_allclose(turned, matrices_of_quaternions(gaussians.rotation), atol=3e-3)
