from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.bake.reporting.page import Report, write_report
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training.schedule import Schedule
from splatavatar.bake.unfinished import unfinished

VIEWS = np.zeros((2, 3, 3), np.uint8)
SETTINGS = BakeSettings(Path("me"), budget_seconds=60.0)


def test_three_steps_are_no_avatar() -> None:
    why = unfinished(SETTINGS, Schedule(), 3)
    assert why is not None and why.enough == 360
    assert str(why) == (
        "unfinished: the budget of 60 s was enough for 3 steps, an avatar needs at least 305 and usually gets some "
        "8,000"
    )
    assert "for 1 step," in str(unfinished(SETTINGS, Schedule(), 1))


def test_every_round_of_densification_needs_steps_to_learn_from() -> None:
    for schedule in (Schedule(), Schedule.monocular(0.1), Schedule(densify_rounds=2)):
        fewest = schedule.fewest_steps
        assert unfinished(SETTINGS, schedule, fewest - 1) and unfinished(SETTINGS, schedule, fewest) is None
        rounds = (schedule.densify_until - schedule.densify_from) * fewest / schedule.densify_rounds
        assert abs(rounds - schedule.steps_a_round) < 0.1
    # What is usual is enough.
    assert all(preset.steps > 4 * Schedule().fewest_steps for preset in PRESETS.values())


def test_who_asks_for_steps_gets_them() -> None:
    assert unfinished(replace(SETTINGS, budget_seconds=None, iterations=3), Schedule(), 3) is None


def test_the_report_says_it(tmp_path: Path) -> None:
    whole = Report("x", b"", [], [], {}, {}, 1, 2, 3.0, "here", 4.0, {}, "splatavatar", VIEWS, (), "")
    for report in (whole, replace(whole, unfinished="unfinished: <3> steps")):
        write_report(tmp_path / "report.html", report)
        text = (tmp_path / "report.html").read_text("utf-8")
        assert ("unfinished: &lt;3&gt; steps" in text) == bool(report.unfinished)


def test_a_report_of_a_strange_name_is_utf8(tmp_path: Path) -> None:
    report = Report("K\udcf6pfe", b"", [], [], {}, {}, 1, 2, 3.0, "here", 4.0, {"capture": "K\udcf6pfe"}, "x", VIEWS)
    write_report(tmp_path / "report.html", report)
    (tmp_path / "report.html").read_bytes().decode("utf-8")
