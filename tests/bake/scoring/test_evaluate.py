"""Where the rig parameters of an evaluation may come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.bake.scoring.evaluate import evaluate
from splatavatar.errors import SettingsError
from support.small_avatar import small_avatar


def test_what_is_none_of_the_ways_is_refused(sample_capture: Path) -> None:
    with pytest.raises(SettingsError, match="--as 'dead': expected one of live, landmarks, followed"):
        evaluate(small_avatar(), sample_capture, by="dead")


def test_a_capture_of_known_cameras_is_no_video(sample_capture: Path) -> None:
    with pytest.raises(SettingsError) as error:
        evaluate(small_avatar(), sample_capture, by="landmarks")
    assert str(error.value) == f"--as landmarks is for videos; {sample_capture} has cameras of its own"
