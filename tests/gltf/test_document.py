"""Documents of glTF, read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from splatavatar.errors import OutputError
from splatavatar.gltf.document import INDICES, VERTICES, Document, narrowest
from support.gltf_files import read_gltf

POINTS = np.array([[0, 0, 0], [1, 0.1, -2], [0.5, 3, 1]], np.float32)


def triangle(copyright: str = "") -> Document:
    document = Document(copyright)
    attributes = {"POSITION": document.accessor(POINTS, VERTICES, bounds=True)}
    index = document.accessor(narrowest(np.arange(3), 3), INDICES)
    document.json.update(
        meshes=[{"primitives": [{"attributes": attributes, "indices": index}]}],
        nodes=[{"mesh": 0}],
        scenes=[{"nodes": [0]}],
        scene=0,
    )
    return document


@pytest.mark.parametrize("name", ["a.glb", "a.gltf"])
def test_values_come_back(tmp_path: Path, name: str) -> None:
    document = triangle("a © b")
    shares = np.array([[0, 65535, 1, 2]] * 5, "<u2")
    bytes_ = np.array([[1, 2, 3, 255]], "u1")
    matrices = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    places = [document.accessor(values) for values in (bytes_, matrices)]
    places.append(document.accessor(shares, normalised=True))
    document.write(tmp_path / name)
    read = read_gltf(tmp_path / name)
    assert read.json["asset"] == {"version": "2.0", "generator": "splatavatar", "copyright": "a © b"}
    np.testing.assert_array_equal(read.attributes()["POSITION"], POINTS)
    np.testing.assert_array_equal(read.values[places[0]], bytes_)
    np.testing.assert_array_equal(read.values[places[1]], matrices)
    np.testing.assert_array_equal(read.values[places[2]], shares / 65535)


def test_matrices_go_column_by_column(tmp_path: Path) -> None:
    document = triangle()
    matrix = np.eye(4, dtype=np.float32)[None].copy()
    matrix[0, :3, 3] = 7, 8, 9  # a translation
    document.accessor(matrix)
    document.write(tmp_path / "a.glb")
    content = (tmp_path / "a.glb").read_bytes()
    stored = np.frombuffer(content[-64:], "<f4")
    np.testing.assert_array_equal(stored[12:15], [7, 8, 9])


@pytest.mark.parametrize("moved", [[], [2], [0, 5, 69_999], [*range(70_000)]], ids=len)
def test_rows_of_zeros_are_not_stored(tmp_path: Path, moved: list[int]) -> None:
    values = np.zeros((70_000, 3), np.float32)
    values[moved] = np.random.default_rng(1).normal(size=(len(moved), 3)) + 10
    document = triangle()
    place = document.sparse(values, bounds=True)
    document.write(tmp_path / "a.glb")
    read = read_gltf(tmp_path / "a.glb")
    np.testing.assert_array_equal(read.values[place], values)
    assert read.json["accessors"][place]["min"] == values.min(0).tolist()
    stored = (tmp_path / "a.glb").stat().st_size
    assert stored < 2000 + (16 if len(moved) < 1000 else 12) * len(moved)


def test_indices_keep_the_number_that_restarts_primitives_free() -> None:
    assert narrowest(np.array([65534]), 65535).dtype == np.uint16
    assert narrowest(np.array([65535]), 65536).dtype == np.uint32


def test_no_copyright_where_there_is_none(tmp_path: Path) -> None:
    triangle().write(tmp_path / "a.gltf")
    assert "copyright" not in json.loads((tmp_path / "a.gltf").read_text())["asset"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        triangle().write(tmp_path / "none/a.glb")
