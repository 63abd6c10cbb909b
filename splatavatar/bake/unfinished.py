"""A bake whose time went elsewhere: into preparation, or to other programs."""

from __future__ import annotations

from splatavatar.bake.schedule import Schedule
from splatavatar.bake.settings import PRESETS, BakeSettings


def unfinished(settings: BakeSettings, schedule: Schedule, steps: int) -> str | None:
    """Why an avatar that has seen ``steps`` steps is none yet, in one sentence; None where they are enough.

    Who asks for a number of steps gets what was asked for.
    """
    if settings.iterations is not None or steps >= schedule.fewest_steps:
        return None
    preset = PRESETS[settings.preset]
    count = f"{steps} step{'s' * (steps != 1)}"
    return (
        f"unfinished: the budget of {settings.budget:g} s was enough for {count}, an avatar needs at least "
        f"{schedule.fewest_steps} and usually gets some {preset.steps:,}; "
        f"go on with --resume --budget {settings.budget + preset.budget_seconds:g}s"
    )
