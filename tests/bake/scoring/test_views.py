from __future__ import annotations

import numpy as np

from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.scoring.contact_sheet import GAP, LABEL
from splatavatar.bake.scoring.views import EXPRESSIONS, SIDE, YAWS, views_picture
from splatavatar.rig.arkit import INDEX
from support.small_avatar import small_avatar


def cell(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    top, left = row * (LABEL + SIDE + GAP) + LABEL, GAP + column * (SIDE + GAP)
    return sheet[top : top + SIDE, left : left + SIDE].astype(int)


def test_the_avatar_is_seen_from_every_side_and_with_every_face() -> None:
    renderer = CpuRenderer(small_avatar())
    sheet = views_picture(renderer)
    assert sheet.shape == (2 * (LABEL + SIDE + GAP), GAP + 8 * (SIDE + GAP), 3)
    assert len(YAWS) == len(EXPRESSIONS) == 8
    # Its colours are random: every view differs from the front, all have grey corners.
    front = cell(sheet, 0, YAWS.index(0))
    for column, yaw in enumerate(YAWS):
        side = cell(sheet, 0, column)
        assert side[0, 0].tolist() == [153, 153, 153]
        assert (side[SIDE // 2, SIDE // 2] != 153).any()
        assert yaw == 0 or np.abs(side - front).max() > 20
    # Of the expressions, the small rig has a jaw alone.
    faces = {name: cell(sheet, 1, column) for column, name in enumerate(EXPRESSIONS)}
    assert np.abs(faces["jaw open"] - front).max() > 20
    np.testing.assert_array_equal(faces["smile"], front)


def test_every_expression_is_of_arkit() -> None:
    assert all(set(coefficients) <= set(INDEX) for coefficients in EXPRESSIONS.values())
