"""Which file of splats a path asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.ply import read_ply
from splatavatar.gaussians.formats.write import WRITERS, write_splats
from support.gltf_files import read_gltf
from support.random_splats import random_gaussians
from support.spz_files import read_spz

BEGINNINGS = {".ply": b"ply\n", ".spz": b"\x1f\x8b", ".glb": b"glTF", ".gltf": b'{"asset"', ".splat": b""}


@pytest.mark.parametrize("suffix", WRITERS)
def test_the_suffix_says_which(tmp_path: Path, suffix: str) -> None:
    gaussians, sh = random_gaussians(1, 9)
    path = tmp_path / f"x{suffix.upper() if suffix == '.ply' else suffix}"
    write_splats(path, gaussians, sh, "a licence")
    assert path.read_bytes().startswith(BEGINNINGS[suffix])


def test_the_order_is_kept_in_all_of_them(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(2, 300)
    for suffix in WRITERS:
        write_splats(tmp_path / f"x{suffix}", gaussians, sh)
    splat = np.frombuffer((tmp_path / "x.splat").read_bytes(), "<f4").reshape(-1, 8)[:, :3]
    read = {
        ".ply": read_ply(tmp_path / "x.ply")[0].mean,
        ".spz": read_spz(tmp_path / "x.spz").position,
        ".splat": splat,
        **{suffix: read_gltf(tmp_path / f"x{suffix}").attributes()["POSITION"] for suffix in (".glb", ".gltf")},
    }
    assert read.keys() == WRITERS.keys()
    for means in read.values():
        np.testing.assert_allclose(means, gaussians.mean, atol=1e-6)


@pytest.mark.parametrize("name", ["x.obj", "x", "x.compressed.sog"])
def test_another_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as error:
        write_splats(tmp_path / name, *random_gaussians(3, 1))
    expected = "unknown kind of splats, expected .ply, .spz, .splat, .glb, .gltf."
    assert str(error.value) == f"{tmp_path / name}: {expected}"


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_folder_that_is_not_there(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_splats(tmp_path / f"none/x{suffix}", *random_gaussians(4, 1))
