"""A session: what its settings open, and what is handed to the sinks of a program."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.session import Session, SessionSettings
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.live_sound import LiveSoundtrack
from splatavatar.drive.sinks.soundtrack import RATE
from splatavatar.drive.sources.live.audio_file import AudioFile
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.errors import SourceError

SECONDS = 1.0
TONE = 1000.0


class Screen:
    """Keeps what a live sink is shown."""

    name, main_thread = "screen", False

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.moments: list[float] = []
        self.closed = False

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        self.images.append(image)
        self.moments.append(moment)

    def close(self) -> None:
        self.closed = True


class Speaker(Screen):
    """Plays sound as well: as much as belongs to the time from the first picture to this one."""

    def __init__(self) -> None:
        super().__init__()
        self.sound: LiveSoundtrack | None = None
        self.samples = [np.zeros((2, 0), np.float32)]

    def hear(self, sound: LiveSoundtrack) -> None:
        assert not self.images
        self.sound = sound

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        super().write(image, moment, age)
        if self.sound is not None:
            due = round((moment - self.moments[0]) * RATE)
            self.samples.append(self.sound.read(due - sum(piece.shape[1] for piece in self.samples)))

    def close(self) -> None:
        super().close()
        if self.sound is not None:
            self.sound.close()


class Room:
    """Keeps the faces that it is sent."""

    def __init__(self) -> None:
        self.faces: list[tuple[FaceSignal, float]] = []
        self.closed = False

    def take(self, signal: FaceSignal, now: float) -> None:
        self.faces.append((signal, now))

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def demo() -> Avatar:
    return load_avatar(DEMO)


def clip() -> RecordingSource:
    return RecordingSource(moving_signal(SECONDS), "clip")


def test_a_live_sink_gets_the_moment_of_each_picture(demo: Avatar) -> None:
    screen, room = Screen(), Room()
    settings = SessionSettings([clip()], live_sinks=[screen], signal_sinks=[room], size=(64, 64))
    Session(demo, settings).run()
    moments = [now for _, now in room.faces]
    assert len(screen.moments) > 1 and (np.diff(screen.moments) > 0).all()
    assert set(screen.moments) <= set(moments)  # the sink may miss some, the face's taker misses none
    assert screen.closed and room.closed


def test_faces_alone_open_no_renderer(demo: Avatar) -> None:
    room = Room()
    # No such device is ever asked for: nothing draws.
    settings = SessionSettings([clip()], signal_sinks=[room], size=(64, 64), device="none")
    Session(demo, settings).run()
    assert room.closed and any(signal.arkit.any() for signal, _ in room.faces)


def test_a_live_sink_takes_the_sound_of_a_voice(demo: Avatar, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = 0.5 * np.sin(2 * np.pi * TONE * np.arange(round(SECONDS * RATE)) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(np.rint(32767 * tone).astype("<i2").tobytes())
    speaker = Speaker()
    settings = SessionSettings([AudioFile(path)], live_sinks=[speaker], size=(64, 64))
    Session(demo, settings).run()
    heard = np.concatenate(speaker.samples, 1)[0]
    assert heard.shape[0] > RATE / 4
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(spectrum.argmax() * RATE / heard.shape[0] - TONE) < 20


def test_a_live_sink_is_given_no_sound_where_there_is_none(demo: Avatar) -> None:
    speaker = Speaker()
    Session(demo, SessionSettings([clip()], live_sinks=[speaker], size=(64, 64))).run()
    assert speaker.images and speaker.sound is None


def test_sources_by_name_that_are_none(demo: Avatar) -> None:
    with pytest.raises(SourceError, match="there is no source 'nodding'"):
        Session(demo, SessionSettings(["nodding"])).run()
