"""Voices of espeak-ng, by the library and the data that the package ``espeakng-loader`` ships."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Hz of what is spoken"""
_RETRIEVAL, _CHARACTERS, _UTF8 = 1, 1, 1
_SPEED, _PITCH = 1, 3


def spoken(text: str, voice: str = "en-us", speed: int = 150, pitch: int = 50) -> NDArray[np.float32]:
    """``text`` as samples (n) at 16 kHz in [-1, 1]; ``speed`` in words a minute, ``pitch`` from 0 to 99.

    ``voice`` is a language and, after a plus, a variant: ``en-gb+f3``.
    """
    library, rate, pieces = _library()
    if library.espeak_SetVoiceByName(voice.encode()):
        raise ValueError(f"espeak-ng has no voice {voice}")
    library.espeak_SetParameter(_SPEED, speed, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    pieces.clear()
    written = text.encode()
    library.espeak_Synth(written, len(written) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    return resampled(np.concatenate(pieces).astype(np.float32) / 32768, rate)


def resampled(samples: NDArray[np.floating[Any]], rate: int) -> NDArray[np.float32]:
    """Samples of ``rate`` Hz at 16 kHz, by their spectrum."""
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)
    kept = min(len(spectrum), count // 2 + 1)
    return (np.fft.irfft(spectrum[:kept], count) * (count / len(samples))).astype(np.float32)


def in_a_room(
    samples: NDArray[np.float32], generator: np.random.Generator, echo: float, snr: float
) -> NDArray[np.float32]:
    """The same with the echo of a room that fades by 60 dB in ``echo`` seconds, and noise ``snr`` dB below it."""
    time = np.arange(max(round(echo * RATE), 1)) / RATE
    answer = generator.normal(size=len(time)) * 10 ** (-3 * time / max(echo, 1e-3)) * 0.03
    answer[0] = 1.0
    count = len(samples) + len(answer) - 1
    heard = np.fft.irfft(np.fft.rfft(samples, count) * np.fft.rfft(answer, count), count)
    # Noise of rooms falls with frequency; half of it is white.
    white, brown = generator.normal(size=(2, count))
    brown = np.convolve(brown, np.ones(16) / 4, "same")
    noise = white + brown
    heard = heard + noise * np.sqrt((heard**2).mean() / (noise**2).mean()) * 10 ** (-snr / 20)
    return np.asarray(0.7 * heard / np.abs(heard).max(), np.float32)


@lru_cache(maxsize=1)
def _library() -> tuple[Any, int, list[NDArray[np.int16]]]:
    """The library, the rate in Hz of what it speaks, and the list that it speaks into."""
    library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
    pieces: list[NDArray[np.int16]] = []

    def heard(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    library.callback = kind(heard)  # kept alive with the library
    library.espeak_SetSynthCallback(library.callback)
    return library, rate, pieces
