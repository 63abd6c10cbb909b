"""The teeth of VHAP and RGBAvatar."""

from __future__ import annotations

import numpy as np

from splatavatar.avatar.importers.flame.lip_teeth import LOWER_LIP, RGBAVATAR, UPPER_LIP, VHAP

KNOWN = {
    **{0: (0, 31, 30), 1: (0, 1, 31), 13: (6, 7, 37), 14: (7, 8, 37), 27: (14, 44, 43)},
    **{28: (60, 75, 76), 42: (67, 82, 68), 55: (74, 88, 89), 56: (75, 30, 76), 70: (82, 37, 38), 83: (88, 44, 89)},
    **{84: (45, 46, 15), 98: (52, 23, 22), 111: (58, 59, 29), 112: (90, 106, 105), 126: (97, 98, 112)},
    **{139: (104, 119, 118), 140: (105, 106, 45), 154: (112, 53, 52), 167: (118, 119, 59)},
}
"""triangles by their place"""


def lips() -> np.ndarray:
    """A template whose lips are arcs 6 mm apart, and nothing else."""
    template = np.zeros((5023, 3))
    turn = np.linspace(-1, 1, 15)
    arc = np.stack([0.03 * np.sin(turn), 0.001 * np.cos(turn), 0.03 * np.cos(turn)], 1)
    template[list(UPPER_LIP)] = arc + np.array([0, 0.003, 0])
    template[list(LOWER_LIP)] = arc - np.array([0, 0.003, 0])
    return template


def test_triangles() -> None:
    triangles = VHAP.faces()
    assert triangles.shape == (VHAP.triangles, 3) == (168, 3)
    for place, corners in KNOWN.items():
        assert tuple(triangles[place]) == corners, place
    assert np.unique(triangles).tolist() == list(range(VHAP.vertices)) == list(range(120))
    # Those of the upper row first; each row is one piece.
    lower = set(VHAP.lower.tolist())
    assert all(not lower & set(corners) for corners in triangles[:84].tolist())
    assert all(set(corners) <= lower for corners in triangles[84:].tolist())


def test_vertices() -> None:
    template = lips()
    unit = 0.006
    teeth = VHAP.made(template, template).reshape(8, 15, 3)
    middle = (template[list(UPPER_LIP)] + template[list(LOWER_LIP)]) / 2
    np.testing.assert_allclose(teeth[:, :, 0], np.tile(middle[:, 0], (8, 1)), atol=1e-12)
    height = middle[:, 1].mean()
    for row, (up, back) in enumerate(
        [(2.1, 0), (-2.1, 0.4), (0.1, 0), (-0.1, 0.4), (2.1, 1), (0.1, 1), (-2.1, 1.4), (-0.1, 1.4)]
    ):
        np.testing.assert_allclose(teeth[row, :, 1], height + up * unit, atol=1e-12)
        np.testing.assert_allclose(teeth[row, :, 2], middle[:, 2] - (1.5 + back) * unit, atol=1e-12)


def test_the_teeth_of_a_person_follow_the_lips() -> None:
    template = lips()
    shaped = template.copy()
    shaped[list(UPPER_LIP)] += [0.002, 0, 0.004]
    moved = VHAP.made(template, shaped) - VHAP.made(template, template)
    np.testing.assert_allclose(moved, np.tile([0.001, 0, 0.002], (120, 1)), atol=1e-12)


def test_the_front_alone() -> None:
    both, front = VHAP.faces(), RGBAVATAR.faces()
    np.testing.assert_array_equal(front, np.concatenate([both[:28], both[84:112]]))
    template = lips()
    teeth = RGBAVATAR.made(template, template).reshape(4, 15, 3)
    height = template[list(UPPER_LIP), 1].mean() / 2 + template[list(LOWER_LIP), 1].mean() / 2
    np.testing.assert_allclose(teeth[:, :, 1], height + 0.006 * np.array([[0], [0], [-1], [1]]) + np.zeros(15))
    np.testing.assert_allclose(teeth[0, :, 2] - teeth[1, :, 2], 0.4 * 0.006)
    np.testing.assert_allclose(template[list(UPPER_LIP), 2] - teeth[2, :, 2], 2 * 0.006)
