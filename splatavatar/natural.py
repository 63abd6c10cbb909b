"""The order in which people count: frame 2 before frame 10."""

from __future__ import annotations

import re
from pathlib import PurePath

Key = tuple[tuple[tuple[int, str], ...], str]


def natural(path: str | PurePath) -> Key:
    """A sorting key of the last part of ``path``: numbers in it by their value, letters without regard to case.

    Names that count the same (``1.npz`` and ``01.npz``) come in the order of their characters, so that every folder has
    one order. Digits are those of ASCII; a number may be of any length.
    """
    name = PurePath(path).name
    parts = re.split(r"([0-9]+)", name.casefold())
    # Text and numbers take turns, so that one is never compared with the other.
    return tuple((0, part) if at % 2 == 0 else _value(part) for at, part in enumerate(parts)), name


def _value(digits: str) -> tuple[int, str]:
    """Orders as the number does."""
    plain = digits.lstrip("0")
    return len(plain), plain
