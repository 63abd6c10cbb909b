from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.drive.face.channels import BROWS, EYES, GAZE, HEAD
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.face.vector import to_vector
from splatavatar.drive.retarget import LOOK, look_angles
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SettingsError
from splatavatar.rig.arkit import INDEX
from support.spoken_sound import RATE, talk

REST = FaceSignal.neutral()
BLINK = INDEX["eyeBlinkLeft"]
SPEECH = talk(4, 2.0, 0.5)


def shown(
    behaviour: Behaviour,
    seconds: float,
    fps: float = 25.0,
    said: NDArray[np.float32] | None = None,
    heard: NDArray[np.float32] | None = None,
    whole: bool = False,
) -> NDArray[np.float64]:
    """The values (T, 62) of the pictures; sound comes with each, or all of it with the first."""
    rows = []
    for n in range(round(seconds * fps)):
        for take, sound in ((behaviour.say, said), (behaviour.hear, heard)):
            if sound is not None and not whole:
                take(sound[round(n * RATE / fps) : round((n + 1) * RATE / fps)])
            elif sound is not None and n == 0:
                take(sound)
        rows.append(to_vector(behaviour.add(REST, n / fps)))
    return np.array(rows)


def test_sound_and_seed_are_all_there_is() -> None:
    listened = talk(2, 2.5, 0.6, seed=9)
    one = shown(Behaviour(3), 6, said=SPEECH, heard=listened)
    np.testing.assert_array_equal(shown(Behaviour(3), 6, said=SPEECH, heard=listened), one)
    np.testing.assert_array_equal(shown(Behaviour(3), 6, said=SPEECH, heard=listened, whole=True), one)
    assert np.abs(shown(Behaviour(4), 6, said=SPEECH, heard=listened) - one).max() > 0.05
    assert np.abs(shown(Behaviour(3), 6) - one).max() > 0.05


def test_pieces_of_any_size_are_the_same() -> None:
    rng, behaviour, rows, at = np.random.default_rng(0), Behaviour(3), [], 0
    for n in range(125):
        due = round((n + 1) * RATE / 25)
        while at < due:
            size = int(rng.integers(1, 400))
            behaviour.say(SPEECH[at : min(at + size, due)])
            at = min(at + size, due)
        rows.append(to_vector(behaviour.add(REST, n / 25)))
    np.testing.assert_array_equal(np.array(rows), shown(Behaviour(3), 5, said=SPEECH))


def test_pictures_at_another_rate_show_the_same_motion() -> None:
    slow = shown(Behaviour(3), 5, 20.0, said=SPEECH, whole=True)
    fast = shown(Behaviour(3), 5, 60.0, said=SPEECH, whole=True)
    np.testing.assert_allclose(slow, fast[::3], atol=1e-6)


def test_silence_need_not_be_said() -> None:
    gap = np.zeros(2 * RATE, np.float32)
    fed = shown(Behaviour(1), 12, said=np.concatenate([SPEECH[: 4 * RATE], gap, SPEECH[: 4 * RATE]]))
    behaviour, rows = Behaviour(1), []
    for n in range(300):
        if not 100 <= n < 150:
            at = n * 640 if n < 100 else (n - 150) * 640
            behaviour.say(SPEECH[at : min(at + 640, 4 * RATE)])
        rows.append(to_vector(behaviour.add(REST, n / 25)))
    np.testing.assert_array_equal(np.array(rows), fed)


def test_an_amount_of_none_changes_nothing() -> None:
    behaviour = Behaviour(0, amount=0.0)
    behaviour.say(SPEECH)
    for n in range(100):
        assert behaviour.add(REST, n / 25) is REST
    quiet = Behaviour(0)
    assert quiet.add(REST, 0.0, 0.0) is REST
    assert quiet.add(REST, 0.5, {}) is REST


def test_an_amount_is_how_far() -> None:
    half, full = (shown(Behaviour(2, amount), 10, said=SPEECH) for amount in (0.5, 1.0))
    np.testing.assert_allclose(half[:, 52:58], 0.5 * full[:, 52:58], atol=1e-6)
    # Lids close, or they do not.
    assert half[:, BLINK].max() > 0.95


def test_it_moves_without_jumps() -> None:
    """At 60 pictures a second: the head by less than 0.03 radians a picture, the eyes by less than 0.2."""
    for seed in range(2):
        rows = shown(Behaviour(seed), 10, 60.0, said=SPEECH[: 5 * RATE], heard=np.roll(SPEECH, 6 * RATE))
        steps = np.abs(np.diff(rows, axis=0))
        assert steps[:, 52:55].max() < 0.03
        assert steps[:, 55:58].max() < 0.001
        looks = np.array([look_angles(row[LOOK[0]], left=True) for row in rows])
        assert np.abs(np.diff(looks, axis=0)).max() < 0.2
        assert steps[:, [INDEX["browInnerUp"]]].max() < 0.1


def test_who_listens_nods_where_the_other_ends_and_not_in_silence() -> None:
    def down(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(rows[:, 52] - np.median(rows[:, 52]))

    heard = talk(5, 3.0, 0.8)
    plain = down(shown(Behaviour(0), 20, 20.0))
    nodding = np.array([down(shown(Behaviour(seed), 20, 20.0, heard=heard)) for seed in range(2)])
    assert plain.max() < 0.04 < 0.06 < nodding.max()
    # The pitch is low in the last second of a phrase of 3 s. Its end is noticed 0.15 s later, the nod begins up to
    # 0.4 s after that and is at its lowest 0.17 s later; another may follow.
    times = np.concatenate([np.flatnonzero(row > 0.05) / 20 for row in nodding]) % 3.8
    assert ((times > 2.0) | (times < 0.7)).mean() > 0.95


def test_eyes_make_up_for_the_head() -> None:
    """In eye contact the direction in the room is within what is looked at of a face."""
    behaviour = Behaviour(1)
    away = []
    for row in shown(behaviour, 10, said=SPEECH):
        yaw, pitch = look_angles(row[LOOK[0]], left=True)
        away.append((yaw + row[53], pitch - row[52]))
    off = np.abs(np.array(away))
    assert np.median(off[:, 0]) < 0.06 and np.median(off[:, 1]) < 0.06


def test_channels_that_are_measured_are_left() -> None:
    behaviour = Behaviour(0)
    behaviour.say(SPEECH)
    for n in range(100):
        for channel, kept in ((EYES, [*LOOK.ravel(), 52, 53]), (HEAD, [BLINK, *LOOK.ravel()]), (GAZE, [BLINK, 52, 53])):
            row = to_vector(behaviour.add(REST, n / 25, {channel: 1.0}))
            assert not row[kept].any()
    gaze = replace(REST, gaze=np.full((2, 2), 0.2, np.float32))
    assert (behaviour.add(gaze, 4.0).gaze != 0.2).any()
    assert not behaviour.add(REST, 4.0).gaze.any()


def test_the_mood_goes_with_the_brows() -> None:
    behaviour = Behaviour(0, mood=Mood("happy"))
    assert behaviour.add(REST, 0.0).arkit[INDEX["mouthSmileLeft"]] == pytest.approx(0.6)
    assert not behaviour.add(REST, 0.1, {EYES: 1.0}).arkit[INDEX["mouthSmileLeft"]]
    assert behaviour.add(REST, 0.1, {BROWS: 0.5}).arkit[INDEX["mouthSmileLeft"]] == pytest.approx(0.3)
    still = Behaviour(0, 0.0, Mood("happy")).add(REST, 0.0)
    assert still.arkit[INDEX["mouthSmileLeft"]] == pytest.approx(0.6) and not still.head_rotation.any()


def test_an_interruption_forgets_what_was_said() -> None:
    """From then on it is as if nothing more had been said, and the eyes are with the other."""
    behaviour, other = Behaviour(5), Behaviour(5)
    behaviour.say(SPEECH)
    other.say(SPEECH[: 3 * RATE])
    rows, rest = [], []
    for n in range(200):
        if n == 75:
            behaviour.clear()
            other.clear()
        rows.append(to_vector(behaviour.add(REST, n / 25)))
        rest.append(to_vector(other.add(REST, n / 25)))
    # The tick at 3 s was heard by neither of them yet.
    np.testing.assert_allclose(np.array(rows), np.array(rest), atol=1e-9)


@pytest.mark.parametrize(
    "sound",
    [
        np.full(8000, np.nan, np.float32),
        np.full(8000, np.inf, np.float32),
        np.full(8000, -1e30, np.float32),
        np.sign(np.random.default_rng(0).standard_normal(8000)).astype(np.float32),
        np.zeros(0, np.float32),
        np.tile(np.array([1, -1], np.float32), 4000),
    ],
    ids=["nan", "inf", "huge", "square noise", "none", "highest"],
)
def test_hostile_sound_is_survived(sound: NDArray[np.float32]) -> None:
    behaviour = Behaviour(0, 2.0, Mood("angry"))
    for n in range(50):
        behaviour.say(sound)
        behaviour.hear(sound)
        row = to_vector(behaviour.add(REST, n / 25))
        assert np.isfinite(row).all()
        assert row[:52].min() >= 0 and row[:52].max() <= 1 and np.abs(row[52:55]).max() < 0.5


def test_times_that_make_no_sense_are_survived() -> None:
    behaviour = Behaviour(0)
    for t in (np.nan, 5.0, np.inf, 4.0, -1e9, 5.5, 1e6, 1e6 + 0.5, 1e12):
        behaviour.say(SPEECH[:1000])
        assert np.isfinite(to_vector(behaviour.add(REST, t))).all()


def test_what_it_cannot_be() -> None:
    for amount in (-0.1, 2.1, float("nan")):
        with pytest.raises(SettingsError, match="the amount of behaviour is from 0 to 2, got "):
            Behaviour(0, amount)
    with pytest.raises(SettingsError, match="the seed of a behaviour is 0 or more, got -1"):
        Behaviour(-1)
