"""ARKit names as other programs spell them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

from splatavatar.rig.arkit import NAMES

BY_LOWER = {name.lower(): index for index, name in enumerate(NAMES)}
LONGEST = 120
"""characters of a name that is looked at"""
DEEPEST = 6
"""prefixes and containers before a name that are looked behind: strangers send names, too"""
PREFIXES = re.compile(r"(?:blend[ _-]?shapes?|arkit|bs|face|shapes?|weights?)[ ._:/-]+", re.IGNORECASE)
SIDES = {"l": "left", "r": "right"}

T = TypeVar("T")


def arkit_index(name: str) -> int | None:
    """The place of a coefficient in ``NAMES``, None for any other name.

    ``JawOpen``, ``jaw open``, ``eyeBlink_L`` and ``blendShapes.JawOpen`` are understood.

    PerfectSync models write capitals, iFacialMocap ``_L`` and ``_R``, Audio2Face and modelling tools what contains the
    shapes.
    """
    index = BY_LOWER.get(name.lower())
    if index is not None or len(name) > LONGEST:
        return index
    return _understood(name)


def meant(name: str, known: Mapping[str, T]) -> T | None:
    """What ``known``, by names in small letters and digits alone, holds for ``name``; None where it means none of
    them.
    """
    if len(name) > LONGEST:
        return None
    return next((known[reading] for reading in _readings(name) if reading in known), None)


@lru_cache(4096)
def _understood(name: str) -> int | None:
    return meant(name, BY_LOWER)


def _readings(name: str) -> Iterator[str]:
    """What a name may say, without what stands before it: first the most of it."""
    rest = name.strip()
    yield from _sided(rest)
    for _ in range(DEEPEST):
        if (prefix := PREFIXES.match(rest)) is None:
            break
        rest = rest[prefix.end() :]
        yield from _sided(rest)
    for at in [at for at in range(len(rest)) if rest[at] in ".:/|"][-DEEPEST:]:
        yield from _sided(rest[at + 1 :])


def _sided(name: str) -> Iterator[str]:
    yield _plain(name)
    side = re.search(r"(?:[ ._-]|(?<=[a-z]))([LR])$|[ ._-]([lr])$", name)
    if side is not None:
        yield _plain(name[: side.start()]) + SIDES[(side[1] or side[2]).lower()]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
