from __future__ import annotations

import pytest

from splatavatar.bake.engines.splats import PARAMETERS
from splatavatar.bake.training.schedule import Schedule


def test_rates_fall_exponentially() -> None:
    schedule = Schedule(final_rate=0.01)
    assert schedule.decay(0.0) == 1.0
    assert schedule.decay(0.5) == pytest.approx(0.1)
    assert schedule.decay(1.0) == pytest.approx(0.01)


def test_rounds_of_densification_are_even_between_their_ends() -> None:
    schedule = Schedule(densify_from=0.1, densify_until=0.5, densify_rounds=5)
    assert [schedule.densify_at(i) for i in range(5)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert Schedule(densify_from=0.1, densify_rounds=1).densify_at(0) == 0.1


def test_every_parameter_has_a_rate() -> None:
    assert set(Schedule().rates) == {*PARAMETERS, "correctives"}


def test_a_schedule_can_be_changed_without_changing_the_next() -> None:
    Schedule().rates["colour"] = 9.0
    assert Schedule().rates["colour"] < 1
