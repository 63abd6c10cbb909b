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


def tone_as_heard(heard: np.ndarray) -> np.ndarray:
    """Loudness (N), root mean square of each 10 ms, of a film that reads a tone a second after its blocks come."""
    sound, time, read = HeardSound(), np.arange(160) / HEARD_RATE, list[np.ndarray]()
    sound.begin(100.0)
    count = 0
    for block, at in enumerate(heard):
        sound.hear((0.5 * np.sin(400 * np.pi * (block / 100 + time))).astype(np.float32), float(at))
        due = round((float(at) - 100.0 - sound.lag) * RATE)
        if due > count:
            read.append(sound.read(due - count)[0])
            count = due
    samples = np.concatenate(read)
    return np.sqrt((samples[: len(samples) // 480 * 480].reshape(-1, 480) ** 2).mean(1))


@pytest.mark.parametrize("kind", ["late", "bursts", "fast"])
def test_sound_that_comes_unevenly_is_heard_all_the_same(kind: str) -> None:
    """A block that is handed over 80 ms late, ten at once, a card whose clock is fast: no sound is lost for it."""
    heard = 100.0 + 0.01 * np.arange(1000)
    if kind == "late":
        heard[500] += 0.08
    elif kind == "bursts":
        heard = 100.0 + 0.1 * (np.arange(1000) // 10)
    else:
        heard = 100.0 + 0.01 * (1 - 0.01) * np.arange(2000)
    loud = tone_as_heard(heard)
    assert len(loud) > 800
    assert (loud[5:] > 0.25).all()  # 0.35 but where pieces are joined


def test_sound_that_was_lost_is_silent_and_what_follows_in_its_place() -> None:
    heard = 100.0 + 0.01 * np.arange(1000)
    heard[300:] += 0.5
    loud = tone_as_heard(heard)
    assert (loud[5:298] > 0.25).all() and (loud[302:348] < 0.05).all() and (loud[352:] > 0.25).all()


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


def played(tmp_path: Path, origins: list[float | None], reads: int) -> np.ndarray:
    """Samples of a film that began at 501.0, each 20 ms of them read while the next of ``origins`` is the file's.

    The file has a click at second 1.
    """
    samples = (click(4 * HEARD_RATE, HEARD_RATE) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, HEARD_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    left = list(origins)
    sound = PlayedSound(tmp_path / "a.wav", lambda: left.pop(0) if len(left) > 1 else left[0])
    assert sound.read(960).shape == (2, 0)
    sound.begin(501.0)
    read = [sound.read(960) for _ in range(reads)]
    sound.close()
    assert {piece.shape for piece in read} == {(2, 960)}
    return np.concatenate(read, axis=1)[0]


def test_a_video_that_is_slow_to_begin_has_its_sound_with_its_pictures(tmp_path: Path) -> None:
    """The film is half a second old when the first picture of the video comes, and 0.7 when that is known."""
    heard = played(tmp_path, [None] * 35 + [501.5], 100)
    assert np.argmax(np.abs(heard) > 0.3) / RATE == pytest.approx(1.5, abs=0.005)


def test_a_video_that_falls_behind_takes_its_sound_with_it(tmp_path: Path) -> None:
    heard = played(tmp_path, [501.0] * 20 + [502.2], 120)
    assert np.argmax(np.abs(heard) > 0.3) / RATE == pytest.approx(2.2, abs=0.005)


@pytest.mark.parametrize("video", [True, False])
def test_what_a_film_leaves_out_is_not_heard(tmp_path: Path, video: bool) -> None:
    """All stood still for 20 seconds from second 0.4 on: a video goes on where it was, a voice has gone on."""
    samples = (click(30 * HEARD_RATE, (1 if video else 21) * HEARD_RATE) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, HEARD_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    origin = [501.0]
    sound = PlayedSound(tmp_path / "a.wav", lambda: origin[0])
    sound.begin(501.0)
    heard = [sound.read(960) for _ in range(20)]
    sound.leave_out(20.0)
    origin[0] += 20.0 if video else 0.0
    heard += [sound.read(960) for _ in range(80)]
    sound.close()
    assert np.argmax(np.abs(np.concatenate(heard, axis=1)[0]) > 0.3) / RATE == pytest.approx(1.0, abs=0.005)


def test_a_microphone_is_heard_after_what_a_film_leaves_out() -> None:
    sound, heard = HeardSound(), click(3 * HEARD_RATE, 3 * HEARD_RATE // 2)
    sound.begin(100.0)
    for at in range(0, HEARD_RATE, 160):
        sound.hear(np.zeros(160, np.float32), 100.0 + at / HEARD_RATE)
    read = [sound.read(RATE)]
    sound.leave_out(20.0)  # from 101 to 121
    for at in range(0, len(heard), 160):
        sound.hear(heard[at : at + 160], 121.0 + at / HEARD_RATE)
    read.append(sound.read(3 * RATE))
    assert np.argmax(np.abs(np.concatenate(read, axis=1)[0]) > 0.4) / RATE == pytest.approx(2.5, abs=0.003)
