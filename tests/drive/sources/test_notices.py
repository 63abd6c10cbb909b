from __future__ import annotations

import pytest

from splatavatar.drive.sources.notices import Notices


def test_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    notices = Notices("webcam 0", lambda: now[0])
    for step in range(300):
        now[0] = step * 0.01
        notices.say(f"line {step}")
    assert [record.getMessage() for record in caplog.records] == [f"webcam 0: line {step}" for step in (0, 100, 200)]


def test_what_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    notices = Notices("osc 1", lambda: now[0])
    for step in range(10):
        now[0] = float(step)
        notices.once("a", "first")
        notices.once("b", "second")
    assert [record.getMessage() for record in caplog.records] == ["osc 1: first", "osc 1: second"]


def test_what_is_said_once_is_never_lost(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices("osc 1", lambda: 5.0)
    assert notices.say("first")
    assert not notices.say("left out")
    for _ in range(3):
        notices.once("a", "second")
        notices.once("b", "third")
    assert [record.getMessage() for record in caplog.records] == ["osc 1: first", "osc 1: second", "osc 1: third"]
