import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.audio import model
from splatavatar.drive.audio.model import LOOK_AHEAD, MODEL, AudioToFace
from splatavatar.drive.audio.sound import RATE, read_audio
from splatavatar.errors import DependencyError, SettingsError, SignalError
from splatavatar.rig.arkit import INDEX, NAMES
from support.shared import shared

pytest.importorskip("onnxruntime")


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Syllables of a buzz through wandering resonances: enough like a voice to move the lips."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    buzz = sum(
        np.cos(2 * np.pi * 110 * k * time) * np.exp(-(((110 * k - 700 - 300 * np.sin(5 * time)) / 300) ** 2))
        for k in range(1, 30)
    )
    gate = np.clip(1.5 * np.sin(2 * np.pi * 3 * time) + 0.5, 0, 1)
    return (0.15 * buzz * gate + 0.0005 * random.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> AudioToFace:
    return AudioToFace()


def test_the_network_is_small() -> None:
    assert MODEL.stat().st_size <= 5_000_000


def test_track_is_60_frames_a_second_to_the_end(network: AudioToFace) -> None:
    recording = network.track(sound(1.0))
    np.testing.assert_allclose(recording.time, np.arange(61) / 60)
    assert recording.arkit.shape == (61, 52)
    assert recording.fps == 60
    assert recording.arkit.min() >= 0 and recording.arkit.max() <= 1


def test_speech_opens_the_mouth_and_leaves_the_eyes(network: AudioToFace) -> None:
    arkit = network.track(sound(2.0)).arkit
    assert arkit[:, INDEX["jawOpen"]].max() > 0.1
    assert arkit[:, INDEX["jawOpen"]].std() > 0.02
    assert not arkit[:, [n for n, name in enumerate(NAMES) if name.startswith("eye")]].any()


@pytest.mark.parametrize("size", [97, 160, 4800])
def test_streaming_equals_the_whole(network: AudioToFace, size: int) -> None:
    samples = sound(1.2)
    whole = network.track(samples)
    network.reset()
    pieces = [network.push(samples[n : n + size]) for n in range(0, len(samples), size)]
    times, arkit = np.concatenate([t for t, _ in pieces]), np.concatenate([a for _, a in pieces])
    np.testing.assert_array_equal(times, whole.time[: len(times)])
    np.testing.assert_array_equal(arkit, whole.arkit[: len(arkit)])
    assert times[-1] > 1.2 - LOOK_AHEAD - 1 / 60


def test_look_ahead(network: AudioToFace) -> None:
    """What comes more than 80 ms after a time changes nothing at it, and what comes just before that does."""
    samples = sound(1.5)
    for cut in (0.7, 0.9031, 1.1):
        other = samples.copy()
        other[int(cut * RATE) :] = np.random.default_rng(1).standard_normal(len(other) - int(cut * RATE)) * 0.1
        one, two = network.track(samples), network.track(other)
        fixed = one.time <= cut - LOOK_AHEAD
        np.testing.assert_array_equal(one.arkit[fixed], two.arkit[fixed])
        assert not np.array_equal(one.arkit, two.arkit)


def test_outputs_come_as_soon_as_their_sound_is_in(network: AudioToFace) -> None:
    network.reset()
    samples, out = sound(1.0), 0
    for n in range(0, len(samples), 80):
        out += len(network.push(samples[n : n + 80])[0])
        heard = (n + 80) / RATE
        assert out >= int((heard - LOOK_AHEAD - 0.005) * 60)


@pytest.mark.parametrize("level", [0.0, 3e-4, 2e-3])
def test_lips_are_still_in_silence(network: AudioToFace, level: float) -> None:
    silence = level * np.random.default_rng(5).standard_normal(4 * RATE).astype(np.float32)
    arkit = network.track(silence).arkit[30:]
    assert arkit.std(0).max() < 0.01


def test_lips_come_to_rest_after_speech(network: AudioToFace) -> None:
    samples = np.concatenate([sound(1.5), np.zeros(3 * RATE, np.float32)])
    recording = network.track(samples)
    after = recording.arkit[recording.time > 2.2]
    assert after.std(0).max() < 0.01
    assert after[:, INDEX["jawOpen"]].max() < 0.05


def test_the_same_sound_gives_the_same_face(network: AudioToFace) -> None:
    samples = sound(0.5)
    np.testing.assert_array_equal(network.track(samples).arkit, AudioToFace().track(samples).arkit)


def test_int16_is_the_same_as_float(network: AudioToFace) -> None:
    pcm = (sound(0.5) * 32768).astype(np.int16)
    np.testing.assert_array_equal(network.track(pcm).arkit, network.track(pcm.astype(np.float32) / 32768).arkit)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(0, np.float32), RATE, "audio without samples"),
        (np.zeros(100, np.float32), 44100, "audio at 44100 Hz, expected 16000 Hz mono"),
        (np.full(10, np.nan, np.float32), RATE, "10 samples that are not finite"),
        (np.zeros((2, 100), np.float32), RATE, r"shape \(2, 100\), expected one channel"),
        (np.zeros(100, np.int32), RATE, "type int32, expected float32"),
    ],
)
def test_bad_sound(network: AudioToFace, samples: np.ndarray, rate: int, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        network.track(samples, rate)


def test_not_a_network(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        AudioToFace(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(SettingsError, match="cannot load it"):
        AudioToFace(tmp_path / "bad.onnx")


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(model, "_own_network", model._own_network.__wrapped__)  # as where nobody has loaded it yet
    with pytest.raises(DependencyError, match=r'pip install "\.\[audio\]"'):
        AudioToFace()


def test_import_is_lazy() -> None:
    code = (
        "import sys, splatavatar.drive.audio.model as m; sys.exit('onnxruntime' in sys.modules or 'av' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def write_wave(path: Path, samples: np.ndarray, rate: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(samples[:, None], channels, 1) * 32767).astype(np.int16).tobytes())
    return path


def test_read_audio_resamples_and_mixes(tmp_path: Path) -> None:
    time = np.arange(44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    samples = read_audio(write_wave(tmp_path / "tone.wav", tone, 44100, 2))
    assert abs(len(samples) - RATE) < 40
    assert samples.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(samples[:8000]))
    assert abs(spectrum.argmax() * 2 - 440) <= 2
    assert 0.4 < np.abs(samples[2000:14000]).max() < 0.75


def test_read_audio_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="no such file"):
        read_audio(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(SignalError, match="cannot be decoded"):
        read_audio(tmp_path / "text.wav")
    with pytest.raises(SignalError, match="without samples"):
        read_audio(write_wave(tmp_path / "empty.wav", np.empty(0), RATE))


@pytest.mark.shared
def test_a_video_without_sound() -> None:
    with pytest.raises(SignalError, match="no audio track"):
        read_audio(shared("videos/liveportrait-d0.mp4"))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["Claire_neutral", "Mark_joy"])
def test_real_speech_moves_the_lips_and_its_pauses_do_not(network: AudioToFace, name: str) -> None:
    arkit = network.track(read_audio(shared(f"speech/{name}.wav"))).arkit
    assert arkit[:, INDEX["jawOpen"]].std() > 0.03
    assert np.diff(arkit, axis=0).max() < 0.35
