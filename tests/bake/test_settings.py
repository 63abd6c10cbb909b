from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training.schedule import Schedule
from splatavatar.errors import SettingsError

CAPTURE = Path("capture")


def test_the_budget_is_that_of_the_preset_unless_given() -> None:
    assert BakeSettings(CAPTURE).budget == PRESETS["balanced"].budget_seconds == 300
    assert BakeSettings(CAPTURE, preset="best").budget == 1800
    assert BakeSettings(CAPTURE, preset="best", budget_seconds=12.5).budget == 12.5


def test_a_better_preset_has_more_time_and_more_gaussians() -> None:
    fast, balanced, best = (PRESETS[name] for name in ("fast", "balanced", "best"))
    assert fast.budget_seconds < balanced.budget_seconds < best.budget_seconds
    assert fast.gaussians < balanced.gaussians < best.gaussians
    assert fast.promised_steps < balanced.promised_steps < best.promised_steps
    # What two cores do in the time is enough, and what is enough is an avatar.
    assert all(Schedule().fewest_steps < each.promised_steps < each.steps for each in PRESETS.values())


def test_a_budget_that_was_asked_for_is_kept_whatever_it_comes_to() -> None:
    assert BakeSettings(CAPTURE).promised_steps == PRESETS["balanced"].promised_steps
    assert BakeSettings(CAPTURE, budget_seconds=12.5).promised_steps == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"preset": "great"}, "unknown preset 'great'; the presets are fast, balanced, best"),
        ({"crop": "waist"}, "unknown crop 'waist'; the crops are auto, neck, shoulders, chest"),
        ({"budget_seconds": 0.0}, "the budget must be longer than 0 seconds, got 0"),
        ({"budget_seconds": -1.5}, "the budget must be longer than 0 seconds, got -1.5"),
        ({"budget_seconds": float("nan")}, "the budget must be longer than 0 seconds, got nan"),
        ({"budget_seconds": float("inf")}, "the budget must have an end, got inf seconds"),
        ({"iterations": 0}, "the iterations must be at least 1, got 0"),
        ({"seed": -7}, "the seed must not be negative, got -7"),
        # The avatar could not be saved at the end.
        ({"seed": 10**20}, f"the seed must be at most {10**18}, got {10**20}"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        BakeSettings(CAPTURE, **values)
    assert str(error.value) == message
