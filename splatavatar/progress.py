"""How far work of several stages has come, as whoever does it tells whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""called with the name of the stage and the share of it that is done, in [0, 1]"""
ShareProgress = Callable[[float], None]
"""called with the share of one stage that is done, in [0, 1]"""
FrameProgress = Callable[[int, int], None]
"""called once a frame with how many are done and how many there are"""


def unheard(stage: str, fraction: float) -> None:
    """The ``Progress`` that nobody listens to."""
