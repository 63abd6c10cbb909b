"""Splats in glTF, read strictly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.gltf_splats import write_gltf_splats
from splatavatar.gltf.colour import linear_colours
from support.gltf_files import read_gltf
from support.random_splats import random_gaussians

NAME = "KHR_gaussian_splatting"


@pytest.mark.parametrize("name", ["x.glb", "x.gltf"])
def test_values_are_those_of_the_gaussians(tmp_path: Path, name: str) -> None:
    gaussians, sh = random_gaussians(1, 60)
    write_gltf_splats(tmp_path / name, gaussians, sh, "Body model © somebody")
    file = read_gltf(tmp_path / name)
    of = file.attributes()
    np.testing.assert_array_equal(of["POSITION"], gaussians.mean)
    np.testing.assert_array_equal(of[f"{NAME}:SCALE"], gaussians.scale)
    np.testing.assert_array_equal(of[f"{NAME}:OPACITY"], gaussians.opacity)
    unit = gaussians.rotation / np.linalg.norm(gaussians.rotation, axis=1, keepdims=True)
    np.testing.assert_allclose(of[f"{NAME}:ROTATION"], unit[:, [1, 2, 3, 0]], atol=1e-7)
    assert file.json["asset"]["copyright"] == "Body model © somebody"
    np.testing.assert_allclose(of["COLOR_0"][:, 3], gaussians.opacity, atol=1e-5)
    linear = linear_colours(gaussians.colour) / 65535
    np.testing.assert_allclose(of["COLOR_0"][:, :3], linear, atol=1e-9)


def test_a_viewer_sees_our_colour(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(2, 30)
    write_gltf_splats(tmp_path / "x.glb", gaussians, sh)
    of = read_gltf(tmp_path / "x.glb").attributes()
    d = np.array([0.6, -0.48, 0.64])
    x, y, z = d
    f1, f2, f3 = (of[f"{NAME}:SH_DEGREE_1_COEF_{i}"] for i in range(3))
    c0, c1 = np.sqrt(1 / (4 * np.pi)), np.sqrt(3 / (4 * np.pi))
    seen = 0.5 + c0 * of[f"{NAME}:SH_DEGREE_0_COEF_0"] + c1 * (-y * f1 + z * f2 - x * f3)
    np.testing.assert_allclose(seen, gaussians.colour + sh @ d, atol=1e-6)


def test_what_the_extension_asks_for(tmp_path: Path) -> None:
    gaussians, _ = random_gaussians(3, 5)
    write_gltf_splats(tmp_path / "x.glb", gaussians, None)
    file = read_gltf(tmp_path / "x.glb")
    (primitive,) = file.json["meshes"][0]["primitives"]
    assert primitive["mode"] == 0
    assert primitive["extensions"][NAME] == {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    names = {"POSITION", "COLOR_0", *(f"{NAME}:{n}" for n in ("ROTATION", "SCALE", "OPACITY", "SH_DEGREE_0_COEF_0"))}
    assert primitive["attributes"].keys() == names
    assert file.json["nodes"] == [{"name": "Gaussians", "mesh": 0}]


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no Gaussians, and glTF has no lists of nothing"):
        write_gltf_splats(tmp_path / "x.glb", random_gaussians(4, 0)[0], None)
