"""Rows of TalkSHOW, and arrays that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from support.body_motions import T, talkshow

EXPECTED = "expected a motion of TalkSHOW, an npy file of rows of 265 numbers."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((T, 264)), f"an array of the shape ({T}, 264), {EXPECTED}"),
        (np.zeros(265), f"an array of the shape (265,), {EXPECTED}"),
        (np.zeros((0, 265)), "body_pose does not hold numbers."),
        (np.zeros((T, 265), bool), "body_pose does not hold numbers."),
    ],
)
def test_refused(tmp_path: Path, rows: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", rows)
    with pytest.raises(SignalError) as caught:
        read_signal(tmp_path / "a.npy")
    assert str(caught.value) == f"{tmp_path / 'a.npy'}: {message}"


@pytest.mark.parametrize(("column", "name"), [(1, "jaw_pose"), (4, "leye_pose"), (8, "reye_pose"), (46, "body_pose")])
def test_a_number_that_is_none(tmp_path: Path, column: int, name: str) -> None:
    rows = talkshow()
    rows[3, column] = np.nan
    np.save(tmp_path / "a.npy", rows)
    with pytest.raises(SignalError, match=f"{name} is not a finite number in frame 3"):
        read_signal(tmp_path / "a.npy")


def test_pickled_objects_and_damage(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(SignalError, match=r"pickled objects in 'a\.npy', which are never read, expected a motion of"):
        read_signal(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", talkshow())
    whole = (tmp_path / "a.npy").read_bytes()
    for length in (0, 5, 100, 200, len(whole) - 1):
        (tmp_path / "a.npy").write_bytes(whole[:length])
        with pytest.raises(SignalError):
            read_signal(tmp_path / "a.npy")
