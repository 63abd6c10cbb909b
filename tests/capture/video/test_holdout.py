from __future__ import annotations

import math

import pytest

from splatavatar.capture.video.extract import ExtractOptions
from splatavatar.capture.video.holdout import Holdout, parse_holdout
from splatavatar.errors import SettingsError


def test_what_is_written_is_read() -> None:
    assert parse_holdout(None) == Holdout()
    assert not parse_holdout(None)
    assert parse_holdout("last:20%") == Holdout(last=0.2)
    assert parse_holdout(" last:12.5% ") == Holdout(last=0.125)
    assert parse_holdout("yaw:25") == Holdout(yaw=math.radians(25))
    assert parse_holdout("last:20%") and parse_holdout("yaw:25")


@pytest.mark.parametrize("text", ["", "20%", "last:0%", "last:51%", "last:20", "yaw:4", "yaw:61", "yaw:25%", "roll:9"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--holdout .*: expected last:P%, .* or yaw:D, .* as in yaw:25$"):
        parse_holdout(text)


def test_what_is_baked_and_what_stays_out_are_all_pictures() -> None:
    given = ExtractOptions(frames=30, face=1)
    assert Holdout().baked(given) == given
    last = Holdout(last=0.25)
    assert (last.baked(given).part, last.kept_out(given).part) == ((0.0, 0.75), (0.75, 1.0))
    yaw = Holdout(yaw=0.4)
    assert (yaw.baked(given).yaw, yaw.kept_out(given).yaw) == ((0.0, 0.4), (0.4, math.pi))
    assert yaw.kept_out(given).face == 1
