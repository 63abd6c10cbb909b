"""Faces that a voice makes: from a microphone's sound as it comes, or from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.drive.signal import FaceSignal, Recording
from splatavatar.drive.sources.recorded.checked import checked
from splatavatar.drive.sources.recorded.clock import frame_rate
from splatavatar.errors import SignalError, SourceError
from splatavatar.progress import FrameProgress

RATE = 16000
"""Hz that the models of speech take"""
FPS = 60.0
"""faces a second"""
DRIFT = 0.02
"""share by which the start of the sound follows the clock of the machine, per piece of sound"""
GAP, SET_BACK = 0.25, 1.0
"""seconds that sound may come late, beyond which some was lost, and early, beyond which the clock was set back: the
model then starts anew. Drivers hand over several pieces at once, and a busy machine takes one late, the next early
"""
PIECE = RATE // 4
"""samples that the model gets at a time from a file"""


class AudioModel(Protocol):
    """A model that makes faces from speech, causally, such as ``drive.audio``'s."""

    def reset(self) -> None:
        """The next sample is at time 0."""
        ...

    def push(self, samples: NDArray[np.generic]) -> tuple[NDArray[np.float64], Floats]:
        """Times (N) in seconds and coefficients (N, 52) that ``samples``, mono at 16 kHz, complete."""
        ...


ModelMaker = Callable[[], AudioModel]


def own_model() -> AudioModel:
    """The model that ships with the package. Raises DependencyError without onnxruntime."""
    from splatavatar.drive.audio.model import AudioToFace

    return AudioToFace()


class Voice:
    """Turns pieces of sound, with the times at which they were heard, into signals."""

    def __init__(self, model: AudioModel) -> None:
        self._model = model
        self._start: float | None = None
        self._samples = 0

    def hear(self, samples: Floats, heard: float) -> list[FaceSignal]:
        """The signals that ``samples`` complete, oldest first; ``heard`` is when the first of them was.

        The clocks of a sound card and of the machine differ: times follow the latter, evenly. Samples that are not
        finite count as silence.
        """
        expected = heard if self._start is None else self._start + self._samples / RATE
        if self._start is None or not -SET_BACK <= heard - expected <= GAP:
            self._model.reset()
            self._start, self._samples = heard, 0
        else:
            self._start += DRIFT * (heard - expected)
        self._samples += len(samples)
        times, arkit = self._model.push(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0))
        return [spoken(self._start + float(time), row) for time, row in zip(times, arkit, strict=True)]


def spoken(time: float, arkit: Floats) -> FaceSignal:
    """A signal of what a voice tells: no head, no gaze. Silence is a closed mouth and as certain as speech."""
    still = np.zeros(3, np.float32)
    return FaceSignal(time, arkit, still, still.copy(), np.zeros((2, 2), np.float32), 1.0)


def sound_of(path: str | Path) -> Floats:
    """Decodes (N) samples at 16 kHz of the first audio track of any file. Raises SourceError."""
    from splatavatar.drive.audio.sound import read_audio

    try:
        return read_audio(path)
    except SignalError as error:
        raise SourceError(str(error)) from error


def audio_recording(
    path: str | Path,
    model: AudioModel | None = None,
    progress: FrameProgress | None = None,
    listener: Callable[[Floats], None] | None = None,
) -> Recording:
    """The face for all of a file's sound, from its time 0 to its end at the rate of the model (our own: 60 a second).

    ``progress(done, total)`` counts samples; ``listener`` takes all of them first. Raises SourceError for a file
    without sound, DependencyError without onnxruntime.
    """
    samples = sound_of(path)
    if listener is not None:
        listener(samples)
    model = own_model() if model is None else model
    model.reset()
    times, rows = list[NDArray[np.float64]](), list[Floats]()
    # After its end a file is silent: what looks ahead gets what it waits for.
    padded = np.concatenate([samples, np.zeros(RATE, np.float32)])
    for at in range(0, len(padded), PIECE):
        time, arkit = model.push(padded[at : at + PIECE])
        times.append(time)
        rows.append(arkit)
        if progress is not None:
            progress(min(at + PIECE, len(samples)), len(samples))
    time = np.concatenate(times)
    inside = time <= len(samples) / RATE + 1e-9
    time, arkit = time[inside], np.concatenate(rows)[inside].astype(np.float32)
    T = len(time)
    return checked(
        Recording(
            time=time - time[:1],
            arkit=arkit,
            head_rotation=np.zeros((T, 3), np.float32),
            head_translation=np.zeros((T, 3), np.float32),
            gaze=np.zeros((T, 2, 2), np.float32),
            confidence=np.ones(T, np.float32),
            fps=frame_rate(time),
        ),
        str(path),
    )
