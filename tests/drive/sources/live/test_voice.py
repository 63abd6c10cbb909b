from __future__ import annotations

import threading
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.sources.live.audio_file import AudioFile
from splatavatar.drive.sources.live.microphone import Microphone, open_microphone
from splatavatar.drive.sources.live.voice import RATE, Voice, audio_recording, own_model, sound_of
from splatavatar.errors import DependencyError, SourceError
from splatavatar.rig.arkit import INDEX
from support.shared import shared


class Loudness:
    """A causal model of the documented interface: the jaw opens with the loudness, 50 outputs a second."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._rest, self._count = np.empty(0, np.float32), 0

    def push(self, samples: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        self._rest = np.concatenate([self._rest, samples]).astype(np.float32)
        pieces = self._rest[: len(self._rest) // 320 * 320].reshape(-1, 320)
        self._rest = self._rest[pieces.size :]
        times = (self._count + np.arange(len(pieces))) / 50
        self._count += len(pieces)
        arkit = np.zeros((len(pieces), 52), np.float32)
        arkit[:, INDEX["jawOpen"]] = np.abs(pieces).max(1) if len(pieces) else 0
        return times, arkit


class StepClock:
    """Goes on by 2 ms whenever it is looked at."""

    def __init__(self) -> None:
        self._now, self._lock = 50.0, threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self._now += 0.002
            return self._now


def write_wav(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def burst(seconds: float = 1.0) -> NDArray[np.float32]:
    """Silence with a loud tone in its middle third."""
    n = round(seconds * RATE)
    samples = np.zeros(n, np.float32)
    samples[n // 3 : 2 * n // 3] = 0.8 * np.sin(np.arange(2 * n // 3 - n // 3) * 0.2)
    return samples


def test_times_follow_the_sound() -> None:
    voice = Voice(Loudness())
    signals = []
    for block in range(100):
        signals += voice.hear(np.zeros(160, np.float32), 7.0 + block * 0.01)
    np.testing.assert_allclose([signal.time for signal in signals], 7.0 + np.arange(50) / 50, atol=1e-9)
    assert all(signal.confidence == 1 for signal in signals)


def test_times_do_not_jitter_and_do_not_drift_away() -> None:
    voice, rng = Voice(Loudness()), np.random.default_rng(0)
    signals, drift = [], 1.001
    for block in range(3000):
        heard = block * 0.01 * drift + rng.normal(0, 0.003)
        signals += voice.hear(np.zeros(160, np.float32), heard)
    steps = np.diff([signal.time for signal in signals])
    assert (np.abs(steps - 0.02) < 0.002).all()
    last = signals[-1]
    assert last.time == pytest.approx(2998 * 0.01 * drift, abs=0.01)


def test_lost_sound_starts_the_model_anew() -> None:
    voice = Voice(Loudness())
    voice.hear(np.ones(1000, np.float32), 1.0)
    signals = voice.hear(np.zeros(640, np.float32), 9.0)
    assert [signal.time for signal in signals] == pytest.approx([9.0, 9.02])
    assert not np.any([signal.arkit for signal in signals])


@pytest.mark.parametrize("at_once", [20, 40])
def test_sound_that_is_handed_over_at_once_is_all_heard(at_once: int) -> None:
    """Drivers give several pieces at a time, all of which are then said to be heard now."""
    voice = Voice(Loudness())
    blocks = np.ones((400, 160), np.float32)
    signals = [s for n, block in enumerate(blocks) for s in voice.hear(block, n // at_once * at_once / 100)]
    assert len(signals) == 200
    times = np.array([signal.time for signal in signals])
    assert (np.diff(times) > 0).all() and np.abs(times - np.arange(200) / 50).max() < at_once / 100


def test_a_piece_that_is_late_loses_nothing() -> None:
    voice = Voice(Loudness())
    late = {100: 0.2, 101: 0.15, 250: 0.15}
    heard = [0.01 * n + late.get(n, 0.0) for n in range(400)]
    signals = [s for at in heard for s in voice.hear(np.ones(160, np.float32), at)]
    assert len(signals) == 200
    np.testing.assert_allclose([signal.time for signal in signals], np.arange(200) / 50, atol=0.01)


def test_samples_that_are_not_finite_are_silence() -> None:
    signals = Voice(Loudness()).hear(np.full(640, np.nan, np.float32), 1.0)
    assert len(signals) == 2
    assert not np.any([signal.arkit for signal in signals])


def test_a_recording_of_a_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", burst(3.0))
    progress: list[tuple[int, int]] = []
    taken: list[NDArray[np.float32]] = []
    recording = audio_recording(path, Loudness(), lambda done, total: progress.append((done, total)), taken.append)
    assert [len(samples) for samples in taken] == [48000] and np.abs(taken[0] - burst(3.0)).max() < 1e-4
    assert recording.fps == 50
    assert recording.time[-1] == pytest.approx(3.0, abs=0.021)
    jaw = recording.arkit[:, INDEX["jawOpen"]]
    loud = (recording.time > 1.03) & (recording.time < 1.97)
    assert (jaw[loud] > 0.7).all()
    assert jaw[recording.time < 0.97].max() < 0.01
    assert progress[-1] == (48000, 48000)


@pytest.mark.shared
def test_the_models_of_the_package_have_the_interface() -> None:
    pytest.importorskip("onnxruntime")
    with wave.open(str(shared("speech/jfk.wav"))) as file:
        samples = np.frombuffer(file.readframes(3 * RATE), "<i2") / np.float32(32768)
    voice, signals = Voice(own_model()), []
    for block in range(0, len(samples), 160):
        signals += voice.hear(samples[block : block + 160].astype(np.float32), 5.0 + block / RATE)
    times = np.array([signal.time for signal in signals])
    np.testing.assert_allclose(np.diff(times), 1 / 60, atol=1e-6)
    assert times[0] == pytest.approx(5.0, abs=1e-6)
    # All but what the model may look ahead.
    assert times[-1] > 8.0 - 0.08 - 2 / 60
    assert np.ptp([signal.arkit[INDEX["jawOpen"]] for signal in signals]) > 0.05


def test_other_rates_are_resampled(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100)
    samples = sound_of(write_wav(tmp_path / "a.wav", tone.astype(np.float32), 44100))
    assert len(samples) == pytest.approx(16000, abs=40)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * 16000 / len(samples) == pytest.approx(440, abs=2)


def test_a_file_is_heard_at_its_pace(tmp_path: Path, heard: Any) -> None:
    source = AudioFile(write_wav(tmp_path / "a.wav", burst(1.0)), Loudness)
    clock, listened = StepClock(), list[tuple[NDArray[np.float32], float]]()
    source.listeners.append(lambda samples, at: listened.append((samples, at)))
    source.start(heard, clock)
    signals = heard.wait(50)
    deadline = time.monotonic() + 10
    while not source.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    source.stop()
    source.stop()
    assert source.ended
    assert source.origin is not None
    np.testing.assert_allclose([s.time - source.origin for s in signals], np.arange(50) / 50, atol=1e-9)
    assert signals[25].arkit[INDEX["jawOpen"]] > 0.7
    assert clock() - source.origin >= 1.0
    np.testing.assert_allclose([at - source.origin for _, at in listened], np.arange(len(listened)) / 4, atol=1e-9)
    np.testing.assert_allclose(np.concatenate([piece for piece, _ in listened])[:16000], burst(1.0), atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"no sound at all", None])
def test_files_without_sound(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.wav"):
        audio_recording(path, Loudness())
    with pytest.raises(SourceError, match=r"a\.wav"):
        AudioFile(path, Loudness).start(lambda signal: None, time.perf_counter)


def microphones() -> int:
    try:
        import sounddevice
    except (ImportError, OSError):
        return -1
    return sum(device["max_input_channels"] > 0 for device in sounddevice.query_devices())


@pytest.mark.skipif(microphones() > 0, reason="there is a microphone")
def test_no_microphone() -> None:
    expected = DependencyError if microphones() < 0 else SourceError
    with pytest.raises(expected, match="microphone"):
        Microphone(model=Loudness).start(lambda signal: None, time.perf_counter)


@pytest.mark.skipif(microphones() < 0, reason="no sounddevice or no PortAudio here")
def test_a_microphone_that_does_not_exist() -> None:
    with pytest.raises(SourceError, match="no microphone 'no such thing'"):
        open_microphone("no such thing", lambda samples, ago: None)
