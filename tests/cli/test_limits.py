from __future__ import annotations

from inspect import signature

import pytest

from splatavatar.cli.drive import drive
from splatavatar.cli.export import export
from splatavatar.cli.limits import parse_limit
from splatavatar.cli.render import render
from splatavatar.drive.limits import DEFAULT_LIMIT
from splatavatar.errors import SettingsError


@pytest.mark.parametrize(("text", "limit"), [("3", 3.0), (" 0.5", 0.5), ("0", 0.0), ("OFF", None)])
def test_reads(text: str, limit: float | None) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "", "none", "1e3", "3 sigma"])
def test_refuses(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_limit(text)
    assert str(caught.value) == (
        f"the expression limit must be a number of standard deviations from 0, or off, got {text!r}"
    )


def test_the_option_defaults_to_the_limit_of_a_playback() -> None:
    for command in (drive, render, export):
        assert parse_limit(signature(command).parameters["limit"].default) == DEFAULT_LIMIT
