"""``benchmarks/identity.py``: whether renders from aside are still the person."""

from __future__ import annotations

from pathlib import Path

import identity
import numpy as np
import pytest
from PIL import Image

from splatavatar.rotations import rotation_matrices


def test_the_shape_of_a_face_is_known_wherever_it_is_and_however_large() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 50, (478, 3))
    moved = 1.7 * truth @ rotation_matrices(np.array([0.1, 0.8, -0.2])).T + (300, -20, 5)
    assert identity.shape_distance(truth, moved) < 1e-9
    span = np.linalg.norm(truth[33] - truth[263])
    other = truth + rng.normal(0, 0.02 * span / np.sqrt(3), truth.shape)
    assert identity.shape_distance(truth, other) == pytest.approx(0.0184, rel=0.05)  # mean length of such a vector


def test_pictures_are_laid_over_the_same_grey(tmp_path: Path) -> None:
    for name in ("truth", "masks", "renders"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (4, 4), (10, 20, 30)).save(tmp_path / "truth" / "t000_cam01.png")
    matte = Image.new("L", (4, 4), 0)
    matte.paste(255, (0, 0, 2, 4))
    matte.save(tmp_path / "masks" / "t000_cam01.png")
    render = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    render.paste((10, 20, 30, 255), (0, 0, 2, 4))
    render.save(tmp_path / "renders" / "t000_cam01.png")
    (truth,), (drawn,) = identity.pictures_of(tmp_path)
    np.testing.assert_array_equal(truth, drawn)
    assert truth[0, 0].tolist() == [10, 20, 30] and truth[0, 3].tolist() == [153] * 3


def test_rows_are_printed_by_azimuth_and_faces_that_were_not_found_are_left_out() -> None:
    rows = [
        {"camera": 1, "azimuth": 40.2, "found": 2, "pictures": 3, "shape": 0.0123, "descriptor": 0.25, "moments": 0.1},
        {"camera": 0, "azimuth": -70.0, "found": 0, "pictures": 3},
    ]
    table = identity.table_of(rows)
    cells = [list(column.cells) for column in table.columns]
    assert cells[1] == ["-70", "40"] and cells[2] == ["0 / 3", "2 / 3"]
    assert cells[3] == ["", "1.23"] and cells[4] == ["", "0.250"]
