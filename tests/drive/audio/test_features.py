import numpy as np
import pytest
from scipy.signal import stft

from splatavatar.drive.audio.features import BANDS, CENTRES, HOP, RATE, SIZE, WINDOW, Features, LogMel


@pytest.fixture
def sound() -> np.ndarray:
    random = np.random.default_rng(3)
    time = np.arange(RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 40)) * (
        0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)
    )
    return (0.05 * voice + 0.001 * random.standard_normal(RATE)).astype(np.float32)


def test_log_mel_agrees_with_scipy(sound: np.ndarray) -> None:
    frames = LogMel().push(sound)
    window = np.hanning(WINDOW + 1)[:-1]
    _, _, spectra = stft(
        sound.astype(np.float64), RATE, window=window, nperseg=WINDOW, noverlap=WINDOW - HOP, nfft=512, boundary=None,
        padded=False, scaling="spectrum",
    )  # fmt: skip
    power = np.abs(spectra.T * window.sum() / WINDOW * 4) ** 2

    def mel(hertz: np.ndarray) -> np.ndarray:
        return 2595 * np.log10(1 + hertz / 700)

    step = (mel(np.array(7600.0)) - mel(np.array(60.0))) / (BANDS + 1)
    distance = np.abs(mel(np.arange(257) * RATE / 512)[:, None] - mel(CENTRES)[None]) / step
    triangles = np.clip(1 - distance, 0, None)
    expected = 10 * np.log10(power @ (triangles / triangles.sum(0)) + 1e-10)
    assert frames.shape == expected.shape == ((RATE - WINDOW) // HOP + 1, BANDS)
    np.testing.assert_allclose(frames, expected, atol=0.02)


def test_a_tone_is_in_its_band() -> None:
    time = np.arange(4000) / RATE
    frames = LogMel().push(np.sin(2 * np.pi * 1000 * time).astype(np.float32))
    assert abs(CENTRES[frames[5].argmax()] - 1000) < 60


@pytest.mark.parametrize("size", [1, 160, 401, 5000])
def test_pieces_give_the_same_features(sound: np.ndarray, size: int) -> None:
    sound = sound[:6000]
    features = Features()
    pieces = [features.push(sound[n : n + size]) for n in range(0, len(sound), size)]
    np.testing.assert_array_equal(np.concatenate(pieces), Features().push(sound))


def test_level_and_timbre_are_taken_out(sound: np.ndarray) -> None:
    sound = np.tile(sound, 6)
    dull = np.convolve(0.5 * sound, [0.4, 0.3, 0.2, 0.1])[: len(sound)].astype(np.float32)
    plain, other = Features().push(sound)[-100:, :30], Features().push(dull)[-100:, :30]
    assert np.abs(plain - other).mean() < 0.15


def test_silence_is_finite_and_low() -> None:
    features = Features().push(np.zeros(RATE, np.float32))
    assert features.shape[1] == SIZE
    assert np.isfinite(features).all()
    assert features[:, BANDS].max() < -2
