from __future__ import annotations

from splatavatar.drive.sources.wire.repetition import Repetition


def test_what_is_the_same_for_too_long() -> None:
    frozen = Repetition(0.5)
    assert not any(frozen(number, number / 60) for number in range(60))
    assert not any(frozen("last", 1 + number / 60) for number in range(30))
    assert frozen("last", 1.5)
    assert not frozen("again", 1.6)


def test_a_slow_sender_is_not_frozen() -> None:
    frozen = Repetition(0.5)
    assert not any(frozen("same", float(number)) for number in range(8))


def test_a_clock_that_goes_back() -> None:
    frozen = Repetition(0.5)
    assert not any(frozen("same", time) for time in (100.0, 100.1, 3.0, 3.1, 3.2))
    assert any(frozen("same", 3.2 + 0.05 * step) for step in range(10))
