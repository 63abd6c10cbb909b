from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.live_sound import HEARD_RATE, HeardSound, PlayedSound
from splatavatar.drive.sinks.soundtrack import RATE
from splatavatar.errors import SignalError


def click(length: int, at: int) -> np.ndarray:
    samples = np.zeros(length, np.float32)
    samples[at : at + 40] = 0.8
    return samples


def test_what_is_heard_lies_where_its_lips_are() -> None:
    """A click heard at 1001.5 shows 80 ms later, in a film that began at 1000.25."""
    sound = HeardSound()
    heard = click(3 * HEARD_RATE, 3 * HEARD_RATE // 2)
    sound.begin(1000.25)
    sound.align(0.08)
    for at in range(0, len(heard), 160):
        sound.hear(heard[at : at + 160], 1000.0 + at / HEARD_RATE)
    read = np.concatenate([sound.read(960) for _ in range(100)], axis=1)
    assert read.shape == (2, 96000)
    assert np.argmax(np.abs(read[0]) > 0.4) / RATE == pytest.approx(1.33, abs=0.003)
    assert not read[:, : round(1.3 * RATE)].any() or np.abs(read[:, : round(1.3 * RATE)]).max() < 0.05


def test_gaps_and_an_old_ring_are_silent() -> None:
    sound = HeardSound()
    sound.begin(10.0)
    sound.hear(np.full(1600, 0.5, np.float32), 10.0)
    sound.hear(np.full(1600, 0.5, np.float32), 11.0)
    read = sound.read(2 * RATE)[0]
    loud = np.abs(read) > 0.25
    assert loud[2000:4000].all() and loud[RATE + 2000 : RATE + 4000].all()
    assert not loud[5500 : RATE - 500].any() and not loud[RATE + 5500 :].any()
    # The clock of the source was set back by an hour: nothing of before is heard again.
    sound.hear(np.full(1600, 0.5, np.float32), -3590.0)
    assert not sound.read(RATE).any()


def test_a_file_that_is_played_begins_when_the_film_does(tmp_path: Path) -> None:
    samples = (click(4 * HEARD_RATE, 2 * HEARD_RATE) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, HEARD_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    sound = PlayedSound(tmp_path / "a.wav", lambda: 500.0)
    sink = EncodedVideo(tmp_path / "a.mp4", Fraction(25), 64, 48, MP4, sound)
    sound.begin(501.2)
    for _ in range(50):
        sink.write(np.zeros((48, 64, 3), np.uint8))
    sink.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = [(float(frame.time), frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    heard = np.concatenate([samples for _, samples in frames])
    assert frames[0][0] + np.argmax(np.abs(heard) > 0.3) / RATE == pytest.approx(0.8, abs=0.005)
    with pytest.raises(SignalError):
        PlayedSound(tmp_path / "a.mp3", lambda: None)
