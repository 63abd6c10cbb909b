"""A bake whose time went elsewhere: into preparation, or to other programs."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training.schedule import Schedule


@dataclass(frozen=True)
class Unfinished:
    """Why an avatar is none yet; its text is one sentence."""

    budget: float
    """seconds that the bake had"""
    steps: int
    """that it came to"""
    fewest: int
    """steps that an avatar needs at least"""
    usual: int
    """steps that the preset gets on two cores"""
    enough: float
    """seconds with which a resumed bake comes to its end"""

    def __str__(self) -> str:
        count = f"{self.steps} step{'s' * (self.steps != 1)}"
        return (
            f"unfinished: the budget of {self.budget:g} s was enough for {count}, an avatar needs at least "
            f"{self.fewest} and usually gets some {self.usual:,}"
        )


def unfinished(settings: BakeSettings, schedule: Schedule, steps: int) -> Unfinished | None:
    """Why an avatar that has seen ``steps`` steps is none yet; None where they are enough.

    Who asks for a number of steps gets what was asked for.
    """
    if settings.iterations is not None or steps >= schedule.fewest_steps:
        return None
    preset = PRESETS[settings.preset]
    enough = settings.budget + preset.budget_seconds
    return Unfinished(settings.budget, steps, schedule.fewest_steps, preset.steps, enough)
