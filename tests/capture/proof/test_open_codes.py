"""Codes are remembered, for some days, until they are used."""

from __future__ import annotations

import datetime
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar.capture.proof.code import new_code
from splatavatar.capture.proof.open_codes import (
    DAYS,
    MOST,
    claim,
    codes_path,
    hand_out,
    open_codes,
    remembered_codes,
    why_none,
)
from splatavatar.errors import TrustError

TODAY = datetime.date(2026, 11, 27)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))


def test_a_code_proves_one_film_however_often_that_is_baked() -> None:
    assert open_codes(TODAY) == []
    first, second = new_code(TODAY), new_code(TODAY)
    hand_out(first)
    hand_out(second)
    assert open_codes(TODAY) == [second, first]
    assert claim(second, "5" * 64)
    assert claim(second, "5" * 64)
    assert not claim(second, "6" * 64)
    assert [code.heard for code in open_codes(TODAY)] == ["5" * 64, None]
    assert claim(first, "6" * 64)


def test_a_code_holds_for_some_days() -> None:
    code = new_code(TODAY)
    hand_out(code)
    days = [datetime.timedelta(days) for days in (-2, -1, 0, DAYS - 1, DAYS)]
    assert [bool(open_codes(TODAY + day)) for day in days] == [False, True, True, True, False]
    assert remembered_codes() == [code]


def test_the_oldest_go() -> None:
    codes = [new_code(TODAY) for _ in range(MOST + 3)]
    for code in codes:
        hand_out(code)
    assert remembered_codes() == codes[::-1][:MOST]


def test_why_none_is_open() -> None:
    assert why_none(TODAY) == "no code is open; splatavatar consent say hands one out"
    old = replace(new_code(TODAY), date=datetime.date(2026, 11, 1))
    hand_out(old)
    assert why_none(TODAY) == (
        f"the code of 2026-11-01 does not hold any more, a code does for {DAYS} days; "
        "splatavatar consent say hands one out"
    )
    hand_out(new_code(TODAY))
    assert why_none(TODAY) is None
    assert old not in remembered_codes()


def test_only_their_user_may_read_them() -> None:
    hand_out(new_code(TODAY))
    path = codes_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        {"words": ["window"] * 6},
        [{"words": ["window"] * 5, "date": "2026-11-27"}],
        [{"words": ["window"] * 5 + ["xyzzy"], "date": "2026-11-27"}],
        [{"words": ["window"] * 6, "date": "27.11.2026"}],
        [{"words": ["window"] * 6, "date": 5}],
        [{"words": 7, "date": "2026-11-27"}],
        [{"words": ["window"] * 6, "date": "2026-11-27"}] * (MOST + 1),
        [[["window"]]],
        [["window"]],
        7,
    ],
)
def test_a_damaged_file_is_one_sentence(damage: object) -> None:
    path = codes_path()
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(damage))
    with pytest.raises(TrustError, match=r"codes\.json: damaged, expected the codes that splatavatar consent say"):
        open_codes(TODAY)
    path.write_text("[{")
    with pytest.raises(TrustError, match=r"codes\.json"):
        open_codes(TODAY)
