from __future__ import annotations

from inspect import signature

import pytest

from splatavatar.avatar.limits import DEFAULT_LIMIT
from splatavatar.cli.drive import drive
from splatavatar.cli.export import export
from splatavatar.cli.render import render
from splatavatar.cli.values import parse_duration, parse_limit, parse_size
from splatavatar.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("300", 300), ("1.5H", 5400), (" 2 m ", 120)]
)
def test_reads_a_duration(text: str, seconds: float) -> None:
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
def test_refuses_another_duration(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration(text, "budget")
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "size"), [("512x512", (512, 512)), ("1920X1080", (1920, 1080)), ("1 × 2", (1, 2))])
def test_reads_a_size(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("512", "the size must be WIDTHxHEIGHT in pixels, such as 512x512, got '512'"),
        ("-1x5", "the size must be WIDTHxHEIGHT in pixels, such as 512x512, got '-1x5'"),
        ("0x5", "the width and height must be between 1 and 8192 pixels, got 0x5"),
        ("99999x5", "the width and height must be between 1 and 8192 pixels, got 99999x5"),
    ],
)
def test_refuses_another_size(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_size(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "limit"), [("3", 3.0), (" 0.5", 0.5), ("0", 0.0), ("OFF", None)])
def test_reads_a_limit(text: str, limit: float | None) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "", "none", "1e3", "3 sigma"])
def test_refuses_another_limit(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_limit(text)
    assert str(caught.value) == (
        f"the expression limit must be a number of standard deviations from 0, or off, got {text!r}"
    )


def test_the_option_defaults_to_the_limit_of_a_playback() -> None:
    for command in (drive, render, export):
        assert parse_limit(signature(command).parameters["limit"].default) == DEFAULT_LIMIT
