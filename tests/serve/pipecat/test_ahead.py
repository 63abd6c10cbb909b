from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.serve.pipecat.ahead import LEAD, Ahead
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment

RATE = 24000


def speaking() -> tuple[SpeakingFace, Ahead]:
    face = SpeakingFace(AudioToFace, 25.0, RATE)
    return face, Ahead(face)


def sound(seconds: float) -> np.ndarray:
    return (np.arange(round(seconds * RATE)) % 997).astype(np.int16)


def step(ahead: Ahead) -> tuple[list[Moment], Moment | None]:
    return list(ahead.made()), ahead.shown()


def test_an_idle_face_is_asked_once_a_picture() -> None:
    _, ahead = speaking()
    for n in range(5):
        made, shown = step(ahead)
        assert made == [shown]
        assert shown is not None
        assert shown.signal.time == n / 25


def test_sound_is_ahead_of_its_pictures_by_the_lead_until_it_ends() -> None:
    face, ahead = speaking()
    step(ahead)
    face.push(sound(1.0), RATE)
    face.end()
    sent, pictures = 0.0, 0
    shown: list[float] = []
    leads = []
    for _ in range(40):
        made, moment = step(ahead)
        sent += sum(len(one.sound) for one in made if one.sound is not None) / RATE
        assert moment is not None
        shown.append(moment.signal.time)
        pictures += moment.sound is not None
        leads.append(sent - pictures / 25)
    assert np.allclose(np.diff(shown), 1 / 25), "every moment is shown, in order"
    assert sent == pytest.approx(1.0)
    assert pictures == 25
    assert np.allclose(leads[:22], LEAD)
    assert np.allclose(leads[25:], 0)


def test_a_voice_no_faster_than_speech_has_no_gap() -> None:
    face, ahead = speaking()
    said, heard = sound(2.0), []
    for n in range(60):
        face.push(said[n * 960 : (n + 1) * 960], RATE)
        made, _ = step(ahead)
        heard += [one.sound for one in made]
    first = next(n for n, one in enumerate(heard) if one is not None)
    assert all(one is not None for one in heard[first : first + 50])
    assert (np.concatenate([one for one in heard if one is not None]) == said).all()


def test_segments_follow_one_another_without_a_pause() -> None:
    face, ahead = speaking()
    for _ in range(3):
        face.push(sound(0.4), RATE)
        face.end()
    heard = [moment.sound is not None for _ in range(32) for moment in step(ahead)[0]]
    assert heard[:30] == [True] * 30
    assert not any(heard[30:])


def test_an_interruption_leaves_no_moment_of_before() -> None:
    face, ahead = speaking()
    face.push(sound(2.0), RATE)
    for _ in range(5):
        step(ahead)
    assert ahead.clear() == [0]
    made, shown = step(ahead)
    assert made == [shown]
    assert made[0].sound is None
    assert made[0].cleared == face.cleared == 1


def test_nothing_is_shown_of_an_interruption_between() -> None:
    _, ahead = speaking()
    list(ahead.made())
    ahead.clear()
    assert ahead.shown() is None
