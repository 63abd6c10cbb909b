from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import INDEX
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.speech.resampling import Samples
from support.still_life import StillLife

RATE = 24000


def tone(seconds: float, rate: int = RATE) -> Samples:
    """A voice-like sound: a buzz of 140 Hz with syllables."""
    t = np.arange(round(seconds * rate)) / rate
    buzz = np.sign(np.sin(2 * np.pi * 140 * t)) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * t))
    return np.asarray(8000 * buzz, np.int16)


def face(fps: float = 25.0, rate: int = RATE) -> SpeakingFace:
    return SpeakingFace(AudioToFace, fps, rate)


def said(moments: list[Moment]) -> Samples:
    return np.concatenate([np.zeros(0, np.int16), *(moment.sound for moment in moments if moment.sound is not None)])


def test_what_is_said_is_what_came_and_begins_at_once() -> None:
    speaking, sound = face(), tone(1.01)
    assert speaking.push(sound, RATE) == 0
    assert speaking.end() == 0
    moments = [speaking.next() for _ in range(30)]
    assert (said(moments) == sound).all()
    assert [moment.begins for moment in moments] == [True] + [False] * 29
    assert [n for n, moment in enumerate(moments) if moment.ended] == [25]
    assert moments[25].ended == (0,)
    assert [len(moment.sound) for moment in moments[:26] if moment.sound is not None] == [960] * 25 + [240]
    assert moments[25].position == pytest.approx(1.01)
    assert all(moment.sound is None and moment.segment is None for moment in moments[26:])


def test_times_of_moments_are_even() -> None:
    speaking = face(30.0)
    assert [speaking.next().signal.time for _ in range(4)] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])


def test_slices_of_a_rate_that_is_no_multiple_add_up() -> None:
    speaking = face(30.0, 16000)
    speaking.push(tone(1.0, 16000), 16000)
    speaking.end()
    lengths = [len(moment.sound) for moment in (speaking.next() for _ in range(30)) if moment.sound is not None]
    assert sum(lengths) == 16000
    assert set(lengths) == {533, 534}


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_any_rate_comes_out_as_long_as_it_was(rate: int) -> None:
    speaking = face()
    for piece in np.array_split(tone(1.0, rate), 50):
        speaking.push(piece, rate)
    speaking.end()
    assert len(said([speaking.next() for _ in range(40)])) == RATE


def test_a_segment_waits_for_what_the_model_hears_ahead() -> None:
    speaking = face()
    speaking.push(tone(0.07), RATE)
    assert speaking.next().sound is None
    speaking.push(tone(0.02), RATE)
    assert speaking.next().begins


def test_sound_in_real_time_is_said_without_a_break() -> None:
    speaking, sound = face(), tone(2.0)
    moments = []
    for n in range(50):
        speaking.push(sound[n * 960 : (n + 1) * 960], RATE)
        moments.append(speaking.next())
    speaking.end()
    moments += [speaking.next() for _ in range(10)]
    assert (said(moments) == sound).all()
    spoken = [n for n, moment in enumerate(moments) if moment.sound is not None]
    assert spoken == list(range(spoken[0], spoken[0] + 50))
    assert spoken[0] <= 2, "no more than 120 ms are added"


def test_a_segment_without_an_end_is_said_all_the_same() -> None:
    speaking, sound = face(), tone(0.05)
    speaking.push(sound, RATE)
    moments = [speaking.next() for _ in range(20)]
    assert (said(moments) == sound).all()
    assert not any(moment.ended for moment in moments)
    speaking.end()
    assert speaking.next().ended == (0,)


def test_empty_segments_are_over_in_order() -> None:
    speaking = face()
    assert [speaking.end(), speaking.end()] == [0, 1]
    speaking.push(tone(0.04), RATE)
    speaking.end()
    assert speaking.end() == 3
    assert [speaking.next().ended for _ in range(3)] == [(0, 1, 2, 3), (), ()]


def test_an_interruption_leaves_nothing() -> None:
    speaking = face()
    speaking.push(tone(2.0), RATE)
    speaking.end()
    speaking.push(tone(1.0), RATE)
    for _ in range(10):
        before = speaking.next()
    assert speaking.clear() == [0, 1]
    assert speaking.waiting == 0
    moments = [speaking.next() for _ in range(40)]
    assert all(moment.sound is None and not moment.ended for moment in moments)
    assert before.cleared == 0
    assert {moment.cleared for moment in moments} == {1}
    speaking.push(tone(0.2), RATE)
    speaking.end()
    after = [speaking.next() for _ in range(6)]
    assert after[0].begins
    assert after[0].segment == 2
    assert after[4].ended == (2,)


def jaw(moments: list[Moment]) -> list[float]:
    return [float(moment.signal.arkit[INDEX["jawOpen"]]) for moment in moments]


@pytest.mark.shared
def test_the_mouth_is_that_of_the_model_and_closes(shared_speech: Samples) -> None:
    speaking = SpeakingFace(AudioToFace, 60.0, 16000)
    speaking.push(shared_speech, 16000)
    speaking.end()
    count = len(shared_speech) * 60 // 16000
    moments = [speaking.next() for _ in range(count + 30)]
    track = AudioToFace().track(shared_speech.astype(np.float32) / 32768)
    expected = np.stack([np.interp(np.arange(count) / 60 + 1 / 120, track.time, row) for row in track.arkit.T], 1)
    got = np.array([moment.signal.arkit for moment in moments])
    assert np.abs(got[:count] - expected)[:-10].max() < 0.02, "the same up to the delay of the resampler"
    assert got[:count, INDEX["jawOpen"]].max() > 0.2
    assert got[count + 6 :, INDEX["jawOpen"]].max() == 0, "at rest 100 ms after the end"


@pytest.mark.shared
def test_the_mouth_closes_after_an_interruption(shared_speech: Samples) -> None:
    speaking = SpeakingFace(AudioToFace, 60.0, 16000)
    speaking.push(shared_speech, 16000)
    moments = [speaking.next() for _ in range(200)]
    open_at = int(np.argmax(jaw(moments)))
    again = SpeakingFace(AudioToFace, 60.0, 16000)
    again.push(shared_speech, 16000)
    for _ in range(open_at + 1):
        last = again.next()
    again.clear()
    closing = jaw([again.next() for _ in range(6)])
    assert 0 < closing[0] < float(last.signal.arkit[INDEX["jawOpen"]])
    assert closing[-1] == 0


def test_life_is_added_and_told_what_is_said() -> None:
    heard: list[int] = []

    class Listening(StillLife):
        def say(self, samples: np.ndarray) -> None:
            heard.append(len(samples))

    speaking = SpeakingFace(AudioToFace, 25.0, RATE, Listening())
    speaking.push(tone(1.0), RATE)
    speaking.end()
    moments = [speaking.next() for _ in range(200)]
    assert abs(sum(heard) - 16000) < 64
    assert max(float(moment.signal.arkit[INDEX["eyeBlinkLeft"]]) for moment in moments) > 0.5


def test_refuses_what_is_no_sound() -> None:
    speaking = face()
    with pytest.raises(SignalError, match="sound at 100 Hz, expected 8000 to 192000 Hz"):
        speaking.push(tone(0.1), 100)
    with pytest.raises(SignalError, match="neither 16-bit integers nor finite numbers"):
        speaking.push(np.array([np.nan]), RATE)
    with pytest.raises(SignalError, match="more than 600 s of speech wait"):
        speaking.push(np.zeros(601 * RATE, np.int16), RATE)
    for _ in range(1000):
        speaking.end()
    with pytest.raises(SignalError, match="more than 1000 segments of speech wait"):
        speaking.end()
    with pytest.raises(SettingsError, match="a face at 0 pictures a second"):
        SpeakingFace(AudioToFace, 0)


def test_channels_are_averaged() -> None:
    speaking = face()
    speaking.push(np.tile(np.array([100, 300], np.int16), 960), RATE, channels=2)
    speaking.end()
    sound = speaking.next().sound
    assert sound is not None
    assert set(sound.tolist()) == {200}
