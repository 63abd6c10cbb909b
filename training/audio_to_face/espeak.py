"""Speech with known phonemes, from the espeak-ng library."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SYNCHRONOUS = 2
PHONEME_EVENTS, IPA = 1, 2
EVENT_END, EVENT_PHONEME = 0, 7
UTF8 = 1
RATE, PITCH, PITCH_RANGE = 1, 3, 4


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phone:
    """A phoneme: IPA, and seconds from and to. The marker of a voiceless stop is its burst, after the closure."""

    ipa: str
    start: float
    end: float


def _library() -> tuple[ctypes.CDLL, bytes | None]:
    """The system's espeak-ng, or else that of the package espeakng_loader and the path of its data."""
    try:
        return ctypes.CDLL("libespeak-ng.so.1"), None
    except OSError:
        import espeakng_loader

        return ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path().encode()


class Espeak:
    """The synthesiser. One per process: the library has global state."""

    def __init__(self) -> None:
        self._library, data = _library()
        flags = PHONEME_EVENTS | IPA
        self.sample_rate: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, flags | 0x8000)
        if self.sample_rate <= 0:
            raise RuntimeError("espeak-ng cannot be initialised: is its data installed?")
        self._audio: list[NDArray[np.int16]] = []
        self._events: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        index = 0
        while events[index].type != EVENT_END:
            event = events[index]
            if event.type == EVENT_PHONEME:
                self._events.append((event.sample / self.sample_rate, event.id.decode("utf8", "ignore")))
            index += 1
        if wave and count:
            self._audio.append(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0

    def say(self, text: str, voice: str, rate: int, pitch: int, pitch_range: int) -> tuple[Floats, list[Phone]]:
        """Samples in [-1, 1] at ``sample_rate``, and the phonemes; '' is a pause."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._audio.clear()
        self._events.clear()
        data = text.encode()
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._audio) if self._audio else np.empty(0, np.int16)
        duration = len(samples) / self.sample_rate
        marks = [(time, ipa) for time, ipa in self._events if not ipa.startswith("(")]
        ends = [time for time, _ in marks[1:]] + [duration]
        phones = [
            Phone(ipa.strip("_:!|ˈˌ"), start, end) for (start, ipa), end in zip(marks, ends, strict=True) if end > start
        ]
        return samples.astype(np.float32) / 32768.0, phones
