from __future__ import annotations

import numpy as np

from splatavatar.bake.scoring.contact_sheet import GAP, LABEL
from splatavatar.bake.scoring.picture_grid import Cell, on_grey, picture_grid


def flat(height: int, width: int, level: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_cells_lie_in_columns_as_wide_as_the_widest() -> None:
    grid = picture_grid([[Cell("a", flat(30, 40, 10)), Cell("b", flat(20, 60, 20))], [Cell("c", flat(25, 50, 30))]])
    assert grid.shape == (LABEL + 30 + GAP + LABEL + 25 + GAP, GAP + 2 * (GAP + 60), 3)
    assert grid[LABEL, GAP].tolist() == [10, 10, 10]
    assert grid[LABEL + 19, GAP + 66 + 59].tolist() == [20, 20, 20]
    assert grid[2 * LABEL + 30 + GAP + 24, GAP + 49].tolist() == [30, 30, 30]


def test_a_label_is_drawn_above_its_picture() -> None:
    bare, said = (picture_grid([[Cell(label, flat(30, 80, 10))]]) for label in ("", "yaw 30"))
    assert not (bare[:LABEL] == said[:LABEL]).all()
    assert (bare[LABEL:] == said[LABEL:]).all()


def test_alpha_shows_the_grey_of_the_scores() -> None:
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    assert on_grey(rgba).tolist() == [[[255, 0, 0], [153, 153, 153], [122, 122, 122]]]
