from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.columns import arkit_columns, to_arkit
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import INDEX, NAMES


def test_other_columns_are_left_out_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    names = ["Angry", *NAMES, "Sad", "Happy", "Subject\x1b[2J"]
    np.testing.assert_array_equal(arkit_columns(names, "x"), np.arange(1, 53))
    assert [record.getMessage() for record in caplog.records] == [
        "x: the columns 'Angry', 'Sad', 'Happy' and 1 more mean nothing to a face and are left out."
    ]


def test_what_mediapipe_lacks_and_adds_is_known(caplog: pytest.LogCaptureFixture) -> None:
    column = arkit_columns(["_neutral", *(name for name in NAMES if name != "tongueOut")], "x")
    assert column[INDEX["tongueOut"]] == -1 and not caplog.records
    assert not to_arkit(np.ones((2, 52)), column, "x")[:, INDEX["tongueOut"]].any()


@pytest.mark.parametrize("twice", ["JawOpen", "jawopen", "blendShapes.JawOpen", "jaw_open"])
def test_one_name_in_two_spellings_is_refused(twice: str) -> None:
    with pytest.raises(SignalError) as caught:
        arkit_columns([*NAMES, twice], "x")
    assert str(caught.value) == f"x: the coefficient 'jawOpen', as 'jawOpen' and {twice!r}, occurs twice."


def test_a_file_of_something_else() -> None:
    with pytest.raises(SignalError, match="x: no names of ARKit's coefficients in it"):
        arkit_columns(["a", "b"], "x")
    with pytest.raises(SignalError, match="x: 5000 names of coefficients, expected ARKit's 52"):
        arkit_columns(["."] * 5000, "x")


def face(value: float, count: int = 4) -> np.ndarray:
    values = np.full((count, 52), 0.25)
    values[2, 7] = value
    return values


@pytest.mark.parametrize(("value", "shown"), [(-0.01, 0.0), (1.2, 1.0), (-3.0, 0.0), (9.0, 1.0), (5e-324, 0.0)])
def test_what_goes_a_little_too_far_is_held(value: float, shown: float) -> None:
    assert to_arkit(face(value), np.arange(52), "x")[2, 7] == shown


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_no_infinite_coefficient_passes(value: float) -> None:
    with pytest.raises(SignalError, match="x: arkit is not a finite number in frame 2"):
        to_arkit(face(value), np.arange(52), "x")


@pytest.mark.parametrize("value", [37.0, -50.0, 1e300])
def test_what_cannot_be_meant_is_refused(value: float) -> None:
    with pytest.raises(SignalError) as caught:
        to_arkit(face(value), np.arange(52), "x")
    assert str(caught.value) == f"x: {NAMES[7]} is {value:g} in frame 2, expected numbers from 0 to 1."


def test_percents_are_known_by_their_size(caplog: pytest.LogCaptureFixture) -> None:
    values = np.random.default_rng(0).uniform(0, 1, (30, 52))
    np.testing.assert_allclose(to_arkit(100 * values, np.arange(52), "x"), values, atol=1e-6)
    assert len(caplog.records) == 1 and "percents" in caplog.text
