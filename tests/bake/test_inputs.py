"""The minute that preparing the body model takes once is told apart, wherever in a bake it falls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from splatavatar.bake.events import CamerasChecked, Event, Preparing
from splatavatar.bake.inputs import FirstUse
from splatavatar.rig import anny_data
from splatavatar.rig.first_use import ANNY, FACE, IDENTITY
from splatavatar.rig.loader import load_rig


def test_seconds_of_first_use_are_summed_up_and_all_is_passed_on() -> None:
    told: list[Event] = []
    now: Iterator[float] = iter([0.0, 1.0, 31.0, 62.0, 65.0, 66.0, 70.0, 75.0, 80.0, 81.0])
    first_use = FirstUse(told.append, lambda: next(now))
    events: list[Event] = [
        Preparing("finding the face", 0.5),
        *(Preparing(ANNY, fraction) for fraction in (0.0, 0.5, 1.0)),  # from 1 to 62
        Preparing("tracking the head", 0.0),
        *(Preparing(IDENTITY, fraction) for fraction in (0.0, 0.9)),  # from 66, without an end of its own
        CamerasChecked("well"),  # at 75
        Preparing(FACE, 0.0),
        Preparing("tracking the head", 0.1),
    ]
    for event in events:
        first_use(event)
    assert told == events
    assert first_use.seconds == 61 + 9 + 1


def test_what_is_made_once_tells_its_stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = anny_data.load("anny-head")
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    anny_data.save(anny_data.cache_path("anny-head", "data"), vars(data))
    told: list[tuple[str, float]] = []
    for _ in range(2):
        load_rig("anny-head", None, lambda stage, fraction: told.append((stage, fraction)))
    assert {stage for stage, _ in told} == {IDENTITY}
    assert [fraction for _, fraction in told].count(0.0) == 1  # the second time it is there
