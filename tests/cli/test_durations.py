from __future__ import annotations

import pytest

from splatavatar.cli.durations import parse_duration
from splatavatar.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("300", 300), ("1.5H", 5400), (" 2 m ", 120)]
)
def test_reads(text: str, seconds: float) -> None:
    assert parse_duration(text, "budget") == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "the budget must be longer than 0 seconds, got 0"),
        ("0m", "the budget must be longer than 0 seconds, got 0"),
        ("-1m", "the budget must be longer than 0 seconds, got -60"),
        ("soon", "the budget must be a duration such as 90s, 5m or 1h, got 'soon'"),
        ("5 days", "the budget must be a duration such as 90s, 5m or 1h, got '5 days'"),
        ("", "the budget must be a duration such as 90s, 5m or 1h, got ''"),
        (400 * "9" + "s", "the budget must be at most 720 hours, got inf"),
        ("721h", "the budget must be at most 720 hours, got 721"),
        ("1e400s", "the budget must be a duration such as 90s, 5m or 1h, got '1e400s'"),
        ("inf", "the budget must be a duration such as 90s, 5m or 1h, got 'inf'"),
        ("²s", "the budget must be a duration such as 90s, 5m or 1h, got '²s'"),
        ("nan", "the budget must be a duration such as 90s, 5m or 1h, got 'nan'"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration(text, "budget")
    assert str(caught.value) == message
