from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.drive.face.landmark_signal import GAP_ROW
from splatavatar.drive.face.mood import FACES, MANNERS, Mood
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SettingsError
from splatavatar.rig.arkit import INDEX

REST = FaceSignal.neutral()


def test_what_is_typed() -> None:
    assert Mood.parse("happy:0.6") == Mood("happy", 0.6)
    assert Mood.parse(" Sad ") == Mood("sad", 1.0)
    assert Mood.parse("calm:0") == Mood("calm", 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("joyful", "there is no mood 'joyful'; expected one of neutral, happy, sad, angry, surprised, calm, serious."),
        ("", "there is no mood ''; expected"),
        ("happy:2", "the intensity of a mood is from 0 to 1, got 2."),
        ("happy:-1", "a mood is NAME or NAME:INTENSITY, such as happy:0.6, got 'happy:-1'."),
        ("happy:", "a mood is NAME or NAME:INTENSITY"),
        ("happy:nan", "a mood is NAME or NAME:INTENSITY"),
        ("happy:1e3", "a mood is NAME or NAME:INTENSITY"),
        ("\x1b[31m" + "x" * 500, r"there is no mood '\\x1b[31mxxx"),
    ],
)
def test_what_is_no_mood(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Mood.parse(text)
    assert str(raised.value).startswith(said) and len(str(raised.value)) < 200 and "\x1b" not in str(raised.value)


def test_an_intensity_that_is_no_number_is_refused() -> None:
    with pytest.raises(SettingsError, match="from 0 to 1, got nan"):
        Mood("happy", float("nan"))


def test_each_shows_what_it_is_called() -> None:
    happy, sad, angry, surprised = (Mood(name).add(REST).arkit for name in ("happy", "sad", "angry", "surprised"))
    for left in ("mouthSmileLeft", "cheekSquintLeft"):
        assert happy[INDEX[left]] == happy[INDEX[left.replace("Left", "Right")]] > 0.3
    assert sad[INDEX["browInnerUp"]] > 0.5 and sad[INDEX["mouthFrownLeft"]] > 0.4
    assert angry[INDEX["browDownLeft"]] > 0.5 and not angry[INDEX["mouthSmileLeft"]]
    assert surprised[INDEX["eyeWideLeft"]] > 0.4 and surprised[INDEX["browOuterUpRight"]] > 0.5


def test_neutral_and_none_of_a_mood_change_nothing() -> None:
    assert Mood().add(REST) is REST
    assert Mood("angry", 0.0).add(REST) is REST
    assert Mood("angry").add(REST, 0.0) is REST
    assert Mood("angry", 0.0).manner == MANNERS["neutral"]


def test_intensity_and_share_are_how_much() -> None:
    full, half, shared = (Mood("sad").add(REST), Mood("sad", 0.5).add(REST), Mood("sad").add(REST, 0.5))
    np.testing.assert_allclose(half.arkit, shared.arkit, atol=1e-6)
    moved = np.flatnonzero(full.arkit)
    moved = moved[moved != INDEX["mouthClose"]]
    np.testing.assert_allclose(half.arkit[moved], 0.5 * full.arkit[moved], atol=1e-6)
    assert Mood("sad", 0.5).manner.head == pytest.approx(0.5 * (1 + MANNERS["sad"].head))


@pytest.mark.parametrize("name", list(FACES))
def test_lips_that_meet_still_meet_and_lids_close(name: str) -> None:
    rng, mood = np.random.default_rng(0), Mood(name)
    for _ in range(200):
        arkit = (rng.random(52) ** 3).astype(np.float32)
        jaw = arkit[INDEX["jawOpen"]]
        arkit[INDEX["mouthClose"]] = min(jaw + 0.065, 1.0)  # as for p, b and m
        arkit[INDEX["mouthFunnel"]] = 0.0
        given = replace(REST, arkit=arkit)
        shown = mood.add(given).arkit
        assert shown.min() >= 0 and shown.max() <= 1
        if shown[INDEX["mouthClose"]] < 1:
            assert GAP_ROW @ shown <= GAP_ROW @ arkit + 1e-5
    blink = mood.add(FaceSignal.neutral(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)).arkit
    assert blink[INDEX["eyeBlinkLeft"]] == 1 and not blink[[INDEX["eyeWideLeft"], INDEX["eyeWideRight"]]].any()


def test_round_lips_stay_round() -> None:
    wide = Mood("happy").add(FaceSignal.neutral(mouthPucker=0.9)).arkit
    assert wide[INDEX["mouthSmileLeft"]] < 0.1
    assert wide[INDEX["mouthPucker"]] == pytest.approx(0.9)


def test_what_is_given_is_not_changed() -> None:
    given = FaceSignal.neutral(jawOpen=0.3)
    before = given.arkit.copy()
    Mood("surprised").add(given)
    np.testing.assert_array_equal(given.arkit, before)
    odd = replace(REST, arkit=np.full(52, np.nan, np.float32))
    assert np.isfinite(Mood("happy").add(odd).arkit).all()
