"""Examples: some seconds of recorded speech, its features, and what the lips do."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import augment
import numpy as np
import text
import visemes
from espeak import Espeak, Phone
from numpy.typing import NDArray
from speech import Spoken

from splatavatar.drive.audio.features import HOP, RATE, SIZE, WINDOW, Features

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Classes = NDArray[np.int64]
Compact = tuple[NDArray[np.float16], NDArray[np.float16], NDArray[np.uint8]]
"""features, targets and classes of many examples"""

SECONDS = 6.0
FRAMES = int(SECONDS * RATE - WINDOW) // HOP + 1
DELAY = 0.07
"""seconds from the time that an output is for to the end of the last feature frame that it may use"""
CHUNK, ATTEMPTS = 200, 3
SILENT = 0.03
"""share of the examples without any speech"""


def output_times(count: int) -> Doubles:
    """(count) seconds that the outputs of the network are for, one a feature frame."""
    return np.asarray((np.arange(count) * HOP + WINDOW) / RATE - DELAY)


@dataclass(frozen=True)
class Scene:
    """Clean speech at 16 kHz, and what is in it."""

    samples: Floats
    phones: list[Phone]
    shut: list[tuple[float, float]]
    """(start, end) seconds of the bilabial closures"""
    breaths: list[tuple[float, float]]


def scene(espeak: Espeak, random: np.random.Generator, variants: list[str], language: str | None = None) -> Scene:
    """One voice that speaks for SECONDS, with pauses and breaths; in any language if None."""
    variant = str(random.choice(variants))
    rate, pitch = int(random.integers(120, 250)), int(random.integers(15, 85))
    intonation = int(random.integers(20, 100))
    factor = float(np.exp(random.uniform(-0.16, 0.16)))
    samples = np.zeros(int(SECONDS * RATE), np.float32)
    phones: list[Phone] = []
    shut: list[tuple[float, float]] = []
    breaths: list[tuple[float, float]] = []
    at = float(random.uniform(-1.0, 1.0))
    end = 0.0
    while at < SECONDS:
        spoken_in, said = text.sentence(random, language)
        spoken, heard = espeak.say(said, f"{spoken_in}+{variant}", rate, pitch, intonation)
        clean = augment.warp(spoken, espeak.sample_rate, factor)
        if len(clean) < 1600:
            continue
        heard = [Phone(phone.ipa, phone.start / factor, phone.end / factor) for phone in heard]
        for start, stop in visemes.closures(heard, clean, RATE):
            shut.append((at + start, at + stop))
        clean = clean * augment.loudness_contour(len(clean), random, float(random.uniform(0, 4)))
        if at > 0.5 and at - end > 0.3 and random.random() < 0.6:
            length = min(float(random.uniform(0.2, 0.5)), at - end)
            start = at - length - float(random.uniform(0.0, 0.1))
            loud = 10 ** (-random.uniform(14, 45) / 20) * float(np.std(clean))
            _add(samples, augment.breath(length, random) * loud, start)
            breaths.append((start, start + length))
        _add(samples, clean, at)
        if at > end:
            phones.append(Phone("", end, at))
        phones += [Phone(phone.ipa, at + phone.start, at + phone.end) for phone in heard]
        end = at + len(clean) / RATE
        at = end + (float(random.uniform(0.02, 0.3)) if random.random() < 0.6 else float(random.uniform(0.3, 1.6)))
    return Scene(samples, phones, shut, breaths)


def recorded_scene(spoken: Spoken, random: np.random.Generator) -> Scene:
    """SECONDS of a recording, from a random time on; a shorter one begins and ends in silence."""
    factor = float(np.exp(random.uniform(-0.12, 0.12)))
    warped = augment.warp(spoken.samples, RATE, factor)
    at = float(random.uniform(min(SECONDS - 1.0 - len(warped) / RATE, 0.0), 1.0))
    samples = np.zeros(int(SECONDS * RATE), np.float32)
    _add(samples, warped * augment.loudness_contour(len(warped), random, float(random.uniform(0, 3))), at)
    phones = [Phone(phone.ipa, at + phone.start / factor, at + phone.end / factor) for phone in spoken.phones]
    shut = [(at + start / factor, at + end / factor) for start, end in spoken.closures]
    if at > 0:
        phones.insert(0, Phone("", 0.0, at))
    return Scene(samples, phones, shut, [])


def loudness(samples: Floats, times: Doubles) -> Doubles:
    """(T) dB of full scale in 30 ms around each time."""
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    low, high = (np.clip(((times + shift) * RATE).astype(int), 0, len(samples)) for shift in (-0.015, 0.015))
    return np.asarray(10 * np.log10((power[high] - power[low]) / (0.03 * RATE) + 1e-8))


def example(espeak: Espeak, random: np.random.Generator, variants: list[str]) -> tuple[Floats, Floats, Classes]:
    """Features (FRAMES, SIZE), targets (FRAMES, channels) and classes (FRAMES) of one example."""
    if random.random() < SILENT:
        sound = augment.noise(int(SECONDS * RATE), random) * 10 ** (-random.uniform(40, 80) / 20)
        still = np.zeros((FRAMES, len(visemes.NAMES)), np.float32)
        return Features().push(sound.astype(np.float32)), still, np.zeros(FRAMES, np.int64)
    return _finish(scene(espeak, random, variants), random)


def _finish(spoken: Scene, random: np.random.Generator) -> tuple[Floats, Floats, Classes]:
    times = output_times(FRAMES)
    level = loudness(spoken.samples, times)
    targets = visemes.coefficients(spoken.phones, spoken.shut, spoken.breaths, level, times)
    features = Features().push(augment.record(spoken.samples, random))
    return features, targets, visemes.classes(spoken.phones, times)


def build(count: int, seed: int, variants: list[str]) -> Compact:
    """``count`` examples: features (count, FRAMES, SIZE) and targets (count, FRAMES, channels), float16, and classes
    (count, FRAMES), uint8.

    Each CHUNK is made in a process of its own: some voices make espeak-ng crash after some thousand phrases. A chunk
    that did is made again from another seed, so the result is always the same.
    """
    features = np.empty((count, FRAMES, SIZE), np.float16)
    targets = np.empty((count, FRAMES, len(visemes.NAMES)), np.float16)
    labels = np.empty((count, FRAMES), np.uint8)
    context = get_context("spawn")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chunk.npz"
        for start in range(0, count, CHUNK):
            stop = min(start + CHUNK, count)
            for attempt in range(ATTEMPTS):
                process = context.Process(target=_chunk, args=(path, start, stop, seed + 1000 * attempt, variants))
                process.start()
                process.join()
                if process.exitcode == 0:
                    break
            else:
                raise RuntimeError(f"espeak-ng crashed {ATTEMPTS} times over the examples from {start} to {stop}")
            with np.load(path) as made:
                features[start:stop], targets[start:stop] = made["features"], made["targets"]
                labels[start:stop] = made["labels"]
    return features, targets, labels


def build_recorded(count: int, seed: int, spoken: list[Spoken]) -> Compact:
    """As ``build``, of recordings; longer ones are drawn more often."""
    lengths = np.array([len(recording.samples) for recording in spoken], np.float64)
    made = []
    for n in range(count):
        random = np.random.default_rng([seed, n])
        drawn = spoken[random.choice(len(spoken), p=lengths / lengths.sum())]
        made.append(_compact(_finish(recorded_scene(drawn, random), random)))
    features, targets, labels = (np.stack(values) for values in zip(*made, strict=True))
    return features, targets, labels


def _compact(made: tuple[Floats, Floats, Classes]) -> Compact:
    return made[0].astype(np.float16), made[1].astype(np.float16), made[2].astype(np.uint8)


def _chunk(path: Path, start: int, stop: int, seed: int, variants: list[str]) -> None:
    espeak = Espeak()
    made = [_compact(example(espeak, np.random.default_rng([seed, n]), variants)) for n in range(start, stop)]
    features, targets, labels = (np.stack(values) for values in zip(*made, strict=True))
    np.savez(path, features=features, targets=targets, labels=labels)


def _add(samples: Floats, piece: Floats, at: float) -> None:
    start = round(at * RATE)
    low, high = max(start, 0), min(start + len(piece), len(samples))
    if high > low:
        samples[low:high] += piece[low - start : high - start]
