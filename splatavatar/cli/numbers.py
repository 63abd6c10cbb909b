"""Bounds of the numbers that options take. Beyond them nothing makes sense, or overflows on its way."""

from __future__ import annotations

import math

import typer

LARGEST_SEED = (1 << 63) - 1
MOST_PICTURES = 100_000
"""that are chosen from a video, or timed"""
MOST_FACES = 1000
MOST_CLIPS = 4096
"""of one bake"""
MOST_STEPS = 1_000_000_000
LARGEST_DEVICE = 9999
"""number of a camera"""


def finite(value: float | None) -> float | None:
    """Returns ``value`` itself, as the callback of an option. Raises BadParameter for infinity and NaN."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value:g} is not a finite number.")
    return value
