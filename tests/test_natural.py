from __future__ import annotations

import itertools
import random
from pathlib import Path

from splatavatar.natural import natural


def test_numbers_count_by_their_value() -> None:
    names = [f"{index}.npz" for index in range(24)]
    assert sorted(sorted(names), key=natural) == names
    assert sorted(["f10_b2", "f10_b10", "f9_b1", "F2"], key=natural) == ["F2", "f9_b1", "f10_b2", "f10_b10"]


def test_only_the_last_part_of_a_path_counts() -> None:
    assert sorted([Path("a/10.png"), Path("b/9.png")], key=natural) == [Path("b/9.png"), Path("a/10.png")]


def test_what_looks_like_a_digit_and_is_none_is_text() -> None:
    names = ["x².png", "x2.png", "x10.png", "x٣.png", "x①.png", "x" + 240 * "9" + ".png"]
    assert sorted(names, key=natural)[:3] == ["x2.png", "x10.png", names[-1]]


def test_the_order_is_one_whatever_came_first() -> None:
    names = ["1.npz", "01.npz", "001.npz", "A1.npz", "a1.npz", "2.npz", "1", "a", ".1"]
    expected = sorted(names, key=natural)
    for _ in range(50):
        random.Random(0).shuffle(names)
        assert sorted(names, key=natural) == expected
    assert all(natural(a) != natural(b) for a, b in itertools.combinations(names, 2))
