"""Which track of a film is heard, and what becomes of damage."""

from __future__ import annotations

import struct
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from splatavatar.drive.audio.sound import read_audio
from splatavatar.drive.offline import FileInput
from splatavatar.errors import SignalError
from splatavatar.sounds import Sound

RATE = 16000


def write_tracks(path: Path, pitches: list[float], seconds: float = 1.0, start: float = 0.0) -> Path:
    """One AAC track for each of ``pitches`` (Hz), beginning at ``start``."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("aac", rate=44100, layout="mono") for _ in pitches]
        for number in range(round(seconds * 44100 / 1024)):
            time = (np.arange(1024) + 1024 * number) / 44100
            for stream, pitch in zip(streams, pitches, strict=True):
                samples = 0.5 * np.sin(2 * np.pi * pitch * time)
                frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), "fltp", "mono")
                frame.sample_rate, frame.time_base = 44100, Fraction(1, 44100)
                frame.pts = 1024 * number + round(start * 44100)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


def pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


def spoil(path: Path, count: int) -> None:
    """The first ``count`` tracks are of a codec that nobody knows."""
    path.write_bytes(path.read_bytes().replace(b"mp4a\0", b"zzzz\0", count).replace(b"esds", b"zsds", count))


def test_the_first_track_that_can_be_decoded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_tracks(tmp_path / "a.mp4", [440, 880])
    assert pitch(read_audio(path)) == pytest.approx(440, abs=3)
    assert caplog.messages == []
    spoil(path, 1)
    for _ in range(2):
        assert pitch(read_audio(path)) == pytest.approx(880, abs=3)
    assert caplog.messages == [f"{path}: its first track of sound cannot be decoded here; track 2 is taken."]


def test_no_track_that_can_be_decoded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_tracks(tmp_path / "a.mp4", [440, 880])
    spoil(path, 2)
    with pytest.raises(SignalError) as caught:
        read_audio(path)
    assert str(caught.value) == (
        f"{path}: its sound cannot be decoded here, in none of its 2 tracks; convert it to AAC or WAV first."
    )
    # As the sound of a film it is left out.
    assert FileInput("video", path).sound() is None
    assert FileInput("video", path).sound() is None
    assert caplog.messages == [f"{caught.value} It goes on without sound."]
    with pytest.raises(SignalError):
        FileInput("audio", path).sound()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_damage_in_the_middle_is_silent_and_shifts_nothing(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tracks(tmp_path / name, [440], 20.0)
    whole = read_audio(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xa5" * 2000
    path.write_bytes(content)
    damaged = read_audio(path)
    assert len(damaged) == pytest.approx(len(whole), abs=RATE // 20)
    assert pitch(damaged[:RATE]) == pitch(damaged[-RATE:]) == pytest.approx(440, abs=3)
    assert caplog.messages == [f"{path}: its sound is damaged; what cannot be decoded is silent."]


def test_time_counts_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    """Broadcasts and camcorders begin at any time."""
    samples = read_audio(write_tracks(tmp_path / "a.ts", [440], 1.0, start=5000.0))
    assert len(samples) == pytest.approx(RATE, abs=RATE // 10)
    assert np.abs(samples[800:1600]).max() > 0.3


def write_pcm(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 7, 16])
def test_any_number_of_channels(tmp_path: Path, channels: int) -> None:
    tone = 0.5 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)
    path = write_pcm(tmp_path / "a.wav", np.repeat(tone[:, None], channels, 1))
    assert pitch(read_audio(path)) == pytest.approx(440, abs=3)
    assert len(read_audio(path)) == RATE
    sound = Sound(path, 2, 48000)
    both = np.concatenate(list(sound.pieces()), axis=1)
    sound.close()
    assert both.shape == (2, 48000)
    assert np.abs(both).max(1) == pytest.approx([0.5, 0.5], abs=0.25)


def test_one_sample(tmp_path: Path) -> None:
    assert len(read_audio(write_pcm(tmp_path / "a.wav", np.full((1, 1), 0.5)))) <= 2


@pytest.mark.parametrize(
    ("offset", "kind", "value"), [(22, "<H", 0), (22, "<H", 60000), (24, "<I", 0), (24, "<I", 1), (24, "<I", 2**31 - 1)]
)
def test_headers_that_make_no_sense(tmp_path: Path, offset: int, kind: str, value: int) -> None:
    """No channels, no rate, very many channels."""
    path = write_pcm(tmp_path / "a.wav", np.zeros((RATE, 1)))
    content = bytearray(path.read_bytes())
    struct.pack_into(kind, content, offset, value)
    path.write_bytes(content)
    with pytest.raises(SignalError, match=r"a\.wav"):
        read_audio(path)


@pytest.mark.parametrize("start", [0.0, 0.5, 1.0, 2.0, 2.9, 3.5])
def test_what_is_before_the_start_is_left_out_be_it_sound_or_a_gap(tmp_path: Path, start: float) -> None:
    path, step = tmp_path / "gap.mkv", RATE // 10
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for number in range(20):  # a second of sound, two of nothing, another of sound
            first = number < 10
            frame = av.AudioFrame.from_ndarray(np.full((1, step), 8192 if first else 16384, np.int16), "s16", "mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = number * step + (0 if first else 2 * RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    expected = np.repeat([0.25, 0.0, 0.0, 0.5], RATE)[round(start * RATE) :]
    sound = Sound(path, 1, RATE, start)
    heard = np.concatenate(list(sound.pieces()), 1)[0]
    sound.close()
    np.testing.assert_allclose(heard, expected, atol=1e-3)
