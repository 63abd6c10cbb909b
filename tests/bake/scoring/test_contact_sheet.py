from __future__ import annotations

import numpy as np
import pytest

from splatavatar.bake.scoring.contact_sheet import GAP, LABEL, SheetRow, contact_sheet, spread


@pytest.mark.parametrize(
    ("count", "wanted", "expected"),
    [(0, 4, []), (1, 4, [0]), (3, 4, [0, 1, 2]), (9, 3, [0, 4, 8]), (52, 2, [0, 51])],
)
def test_spread(count: int, wanted: int, expected: list[int]) -> None:
    assert spread(count, wanted) == expected


def test_a_row_holds_render_truth_and_amplified_difference() -> None:
    render = np.full((40, 60, 3), 0.5, np.float32)
    truth = np.full((40, 60, 3), 0.42, np.float32)
    sheet = contact_sheet([SheetRow("first", render, truth), SheetRow("second", truth, truth)])
    assert sheet.shape == (LABEL + 2 * (LABEL + 40 + GAP), 3 * (60 + GAP) + GAP, 3)
    middle = 2 * LABEL + 20
    assert [int(sheet[middle, GAP + 30 + i * (60 + GAP), 0]) for i in range(3)] == [128, 107, 102]
    below = middle + 40 + GAP + LABEL
    assert [int(sheet[below, GAP + 30 + i * (60 + GAP), 0]) for i in range(3)] == [107, 107, 0]


def test_large_pictures_are_scaled_down() -> None:
    picture = np.zeros((1280, 640, 3), np.float32)
    assert contact_sheet([SheetRow("large", picture, picture)]).shape == (
        LABEL * 2 + 320 + GAP,
        3 * (160 + GAP) + GAP,
        3,
    )
