"""From clean synthetic speech to what microphones hear of people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

Floats = NDArray[np.float32]
RATE = 16000


def warp(samples: Floats, rate: int, factor: float) -> Floats:
    """Samples at 16 kHz that sound ``factor`` times higher and faster: another length of the vocal tract."""
    return np.asarray(resample_poly(samples, 320, round(320 * rate * factor / RATE)), np.float32)


def equalise(samples: Floats, random: np.random.Generator) -> Floats:
    """A random smooth frequency response: a tilt and some bells, like another voice and another microphone."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1 / RATE), 30.0) / 1000.0)
    gain = random.uniform(-5, 5) * octaves
    for _ in range(random.integers(2, 7)):
        bell = (octaves - random.uniform(-3.5, 3)) / random.uniform(0.15, 1)
        gain += random.uniform(-10, 10) * np.exp(-np.square(bell))
    shaped = np.fft.irfft(np.fft.rfft(samples) * 10 ** (np.clip(gain, -30, 20) / 20), len(samples))
    return np.asarray(shaped, np.float32)


def room(samples: Floats, random: np.random.Generator) -> Floats:
    """Reverberation: the direct sound, a few early reflections and noise that decays exponentially."""
    decay = random.uniform(0.08, 0.7)
    length = int(decay * RATE)
    time = np.arange(length) / RATE
    tail = random.standard_normal(length) * 10 ** (-3 * time / decay)
    tail[: int(random.uniform(0.002, 0.02) * RATE)] = 0
    tail = sosfilt(butter(1, random.uniform(1500, 7000), fs=RATE, output="sos"), tail)
    tail *= 10 ** (random.uniform(-25, 0) / 20) / max(float(np.sqrt(np.square(tail).sum())), 1e-9)
    response = tail
    response[0] = 1.0
    for _ in range(random.integers(0, 5)):
        response[random.integers(10, min(400, length))] += random.uniform(-0.5, 0.5)
    return np.asarray(fftconvolve(samples, response)[: len(samples)], np.float32)


def noise(length: int, random: np.random.Generator) -> Floats:
    """Noise of power 1 with a random colour, sometimes with hum, sometimes swelling."""
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20.0)
    spectrum = random.standard_normal(len(frequencies)) + 1j * random.standard_normal(len(frequencies))
    sound = np.fft.irfft(spectrum * frequencies ** (-random.uniform(0, 1.3)), length)
    if random.random() < 0.2:
        time = np.arange(length) / RATE
        base = random.choice([50.0, 60.0])
        sound /= np.std(sound)
        for harmonic in range(1, 6):
            sound += random.uniform(0, 1) * np.sin(2 * np.pi * base * harmonic * time + random.uniform(0, 6))
    if random.random() < 0.2:
        sound *= 1 + 0.7 * np.sin(2 * np.pi * random.uniform(0.1, 3) * np.arange(length) / RATE)
    return np.asarray(sound / max(float(np.std(sound)), 1e-9), np.float32)


def breath(seconds: float, random: np.random.Generator) -> Floats:
    """The noise of breathing in, of power 1 at its loudest."""
    length = int(seconds * RATE)
    low = random.uniform(300, 1500)
    band = butter(1, [low, random.uniform(3500, 7500)], "bandpass", fs=RATE, output="sos")
    sound = sosfilt(band, random.standard_normal(length))
    swell = np.sin(np.pi * np.linspace(0, 1, length) ** random.uniform(0.6, 1.6)) ** 1.5
    return np.asarray(sound / max(float(np.std(sound)), 1e-9) * swell, np.float32)


def band_limit(samples: Floats, random: np.random.Generator) -> Floats:
    """What a telephone or a low-rate codec leaves."""
    high = float(random.choice([3400.0, 3800.0, 5500.0, 7000.0]))
    low = random.uniform(50, 350) if high < 4000 else random.uniform(20, 100)
    limited = sosfilt(butter(5, [low, high], "bandpass", fs=RATE, output="sos"), samples)
    if random.random() < 0.5:  # mu-law of 8 bits
        peak = max(float(np.abs(limited).max()), 1e-6)
        pressed = np.sign(limited) * np.log1p(255 * np.abs(limited) / peak) / np.log(256)
        pressed = np.round(pressed * 127) / 127
        limited = np.sign(pressed) * peak * np.expm1(np.abs(pressed) * np.log(256)) / 255
    return np.asarray(limited, np.float32)


def loudness_contour(length: int, random: np.random.Generator, depth: float) -> Floats:
    """(length) gains that wander by ``depth`` dB (standard deviation) within some tenths of a second."""
    knots = max(int(length / RATE * random.uniform(1.5, 5)), 2)
    gains = np.interp(np.arange(length), np.linspace(0, length, knots + 1), random.normal(0, depth, knots + 1))
    return np.asarray(10 ** (gains / 20), np.float32)


def record(speech: Floats, random: np.random.Generator) -> Floats:
    """``speech`` as some microphone in some room delivers it."""
    sound = equalise(speech, random) if random.random() < 0.9 else speech
    if random.random() < 0.6:
        sound = room(sound, random)
    power = float(np.sqrt(np.square(sound).mean())) + 1e-6
    sound = sound + power * 10 ** (-random.uniform(8, 55) / 20) * noise(len(sound), random)
    if random.random() < 0.25:
        sound = band_limit(sound, random)
    sound = sound * (10 ** (random.uniform(-36, -14) / 20) / (float(np.sqrt(np.square(sound).mean())) + 1e-6))
    if random.random() < 0.3:  # a limiter
        knee = random.uniform(0.05, 0.5)
        sound = knee * np.tanh(sound / knee)
    return np.asarray(np.clip(np.round(sound * 32768) / 32768, -1, 1), np.float32)
