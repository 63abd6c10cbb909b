"""Loudness and pitch of a voice as it is heard, without looking ahead."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.acting.ear import RATE, TICK

STEP = TICK / RATE
"""seconds of a tick"""
WINDOW = 640
"""samples in which pitch is looked for: 40 ms, three periods of a deep voice"""
LOUD = 400
"""samples of which the loudness is"""
FFT = 1024
LOWEST, HIGHEST = 75.0, 400.0
"""Hz of the pitch of a voice"""
VOICED = 0.5
"""autocorrelation above which sound is voiced"""
OCTAVE = 0.02
"""by which a pitch an octave lower must be better"""
FAINTEST = -55.0
"""dB of full scale below which nothing is speech"""
ABOVE = 8.0
"""dB above the noise where speech begins"""
RANGE = 24.0
"""dB below the mean loudness of a voice where it ends"""
FLOOR, QUIETEST = -60.0, -70.0
"""dB of the noise at first, and at least; what is fainter is no sound of a room"""
RISE, RISE_VOICED = 6.0, 1.0
"""dB a second by which the noise is taken to rise, and in voiced sound; it falls at once"""
HISS = 0.3
"""seconds of sound that is not voiced, after which it is no speech"""
BEGIN = 3
"""voiced ticks with which speech begins: noise is loud, but not voiced"""
SILENT = 0.12
"""seconds below the threshold after which speech has paused"""
MEMORY = 3.0
"""seconds of voiced sound that mean and deviation remember"""
LEAST_LOUD, LEAST_PITCH = 3.0, 1.5
"""dB and semitones: the least deviation that a voice is taken to have"""
LOW = 0.64
"""deviations below the mean pitch: 26 of 100 values are lower, if they are normal"""


@dataclass(frozen=True)
class Prosody:
    """What a voice does at one tick."""

    loud: float = 0.0
    """deviations from the mean loudness of the voice"""
    pitch: float = 0.0
    """deviations from its mean pitch; 0 where it is not voiced"""
    voiced: bool = False
    speaking: bool = False
    """whether somebody speaks; short pauses between words are part of it"""
    spoken: float = 0.0
    """seconds since the phrase began; of the last one where nobody speaks"""
    pause: float = math.inf
    """seconds since the last sound of speech"""
    low: float = 0.0
    """seconds that the pitch has been in the lowest quarter"""


SILENCE = Prosody()


class Ears:
    """Follows one voice."""

    def __init__(self) -> None:
        self._sound = np.zeros(WINDOW, np.float32)
        self._floor = FLOOR
        self._loud, self._pitch = _Spread(LEAST_LOUD), _Spread(LEAST_PITCH)
        self._levels: deque[float] = deque(maxlen=3)
        self._pitches: deque[float] = deque(maxlen=5)
        self._run, self._unvoiced = 0, 0.0
        self._speaking = False
        self._spoken, self._pause, self._low = 0.0, math.inf, 0.0

    def hear(self, sound: Floats | None) -> Prosody:
        """The voice after the ``sound`` (160) of one more tick; None for silence."""
        self._sound[:-TICK] = self._sound[TICK:]
        self._sound[-TICK:] = 0.0 if sound is None else sound
        level = _level(self._sound[-LOUD:])
        audible = level > max(FAINTEST, self._floor + ABOVE, self._loud.mean - RANGE if self._loud.count else FAINTEST)
        tone = _pitch(self._sound) if audible else None
        if sound is not None:
            rise = RISE if tone is None else RISE_VOICED
            self._floor = min(max(level, QUIETEST), self._floor + rise * STEP)
        self._follow(audible, tone is not None)
        if tone is None:
            self._levels.clear()
            self._pitches.clear()
            loud = max(self._loud.of(level), -3.0) if audible else -3.0
            return Prosody(loud, 0.0, False, self._speaking, self._spoken, self._pause, self._low)
        self._levels.append(level)
        self._pitches.append(tone)
        level, tone = sum(self._levels) / len(self._levels), sorted(self._pitches)[len(self._pitches) // 2]
        loud, pitch = self._loud.of(level), self._pitch.of(tone)
        self._loud.learn(level)
        self._pitch.learn(tone)
        self._low = self._low + STEP if pitch < -LOW else 0.0
        return Prosody(loud, pitch, True, self._speaking, self._spoken, self._pause, self._low)

    def _follow(self, audible: bool, voiced: bool) -> None:
        self._run, self._unvoiced = (self._run + 1, 0.0) if voiced else (0, self._unvoiced + STEP)
        audible = audible and self._unvoiced < HISS
        if self._speaking:
            self._spoken += STEP
            self._pause = 0.0 if audible else self._pause + STEP
            self._speaking = self._pause < SILENT
            return
        self._pause += STEP
        if self._run >= BEGIN:
            self._speaking, self._spoken, self._pause, self._low = True, 0.0, 0.0, 0.0


class _Spread:
    """Mean and deviation of a value over the last seconds."""

    def __init__(self, least: float) -> None:
        self.mean = 0.0
        self.count = 0
        self._least = least
        self._variance = (2 * least) ** 2

    def of(self, value: float) -> float:
        """Deviations from the mean, at most 3; 0 before any was learnt."""
        if not self.count:
            return 0.0
        return min(max((value - self.mean) / max(math.sqrt(self._variance), self._least), -3.0), 3.0)

    def learn(self, value: float) -> None:
        """``value`` stands for one tick."""
        self.count += 1
        share = max(1.0 / self.count, STEP / MEMORY)
        off = value - self.mean
        self.mean += share * off
        # As if some values had been there before: a few alone say nothing of the deviation.
        self._variance += max(1.0 / (self.count + 100), STEP / MEMORY) * (off * off - self._variance)


HANN = np.hanning(WINDOW)
SHORTEST, MOST = math.floor(RATE / HIGHEST), math.ceil(RATE / LOWEST)
LAGS = np.arange(SHORTEST, MOST + 1)
_OWN = np.fft.irfft(np.abs(np.fft.rfft(HANN, FFT)) ** 2)
WEIGHT = _OWN[0] / _OWN[LAGS]
"""by which the autocorrelation of the window is taken out"""
COST = OCTAVE * np.log2(LAGS / SHORTEST)


def _level(sound: Floats) -> float:
    return 10.0 * math.log10(float(np.dot(sound, sound)) / len(sound) + 1e-10)


def _pitch(sound: Floats) -> float | None:
    """Semitones above 100 Hz of voiced ``sound`` (640); None where it is not voiced.

    The highest autocorrelation of the windowed sound over that of the window, after Boersma, "Accurate short-term
    analysis of the fundamental frequency" (1993), which prefers short periods slightly.
    """
    windowed = (sound - sound.mean()) * HANN
    correlation = np.fft.irfft(np.abs(np.fft.rfft(windowed, FFT)) ** 2)
    if correlation[0] <= 1e-9:
        return None
    likeness = correlation[LAGS] / correlation[0] * WEIGHT
    best = int(np.argmax(likeness - COST))
    if likeness[best] < VOICED:
        return None
    lag = float(LAGS[best])
    if 0 < best < len(LAGS) - 1:
        # The top of the parabola through three neighbours: lags are coarse where the pitch is high.
        before, top, after = (float(value) for value in likeness[best - 1 : best + 2])
        bend = before - 2 * top + after
        lag += 0.5 * (before - after) / bend if bend < 0 else 0.0
    return 12.0 * math.log2(RATE / lag / 100.0)
