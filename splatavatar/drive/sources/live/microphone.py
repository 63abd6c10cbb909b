"""A voice before a microphone."""

from __future__ import annotations

import contextlib
import importlib
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.channels import VOICE
from splatavatar.drive.sources.live.voice import FPS, RATE, ModelMaker, Voice, own_model
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread
from splatavatar.errors import DependencyError, SourceError

BLOCK = 0.01
"""seconds of sound at a time"""
WAITING = 100
"""blocks that may wait for the model; older ones are dropped"""
WAIT = 0.1
"""seconds after which the thread looks whether it is to stop"""
SILENT = 1.0
"""seconds without any sound, not even silence, after which a microphone has gone"""
RETRY = 1.0
"""seconds between two attempts to open one that has gone"""

Hear = Callable[[Floats, float], None]
"""takes mono samples and the seconds that have passed since the first of them was heard"""


class Microphone:
    """The microphone ``device``: its number or a part of its name, None for the system's choice.

    One that goes away is tried again every second. The times of the signals are those at which their sound was heard.
    """

    channels = VOICE
    fps = FPS
    ended = False

    def __init__(self, device: int | str | None = None, model: ModelMaker = own_model) -> None:
        self.name = "mic" if device is None else f"mic {device}"
        self._device = device
        self._make = model
        self._notices = Notices(self.name)
        self._thread: Thread | None = None
        self.listeners: list[Callable[[Floats, float], None]] = []
        """take every block of mono samples at 16 kHz, and when the first of them was heard"""

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. Raises SourceError without a microphone, DependencyError without sounddevice."""
        voice = Voice(self._make())
        blocks: queue.Queue[tuple[Floats, float]] = queue.Queue(WAITING)

        def hear(samples: Floats, ago: float) -> None:
            if blocks.full():
                with contextlib.suppress(queue.Empty):
                    blocks.get_nowait()  # the newest sound wins
            blocks.put_nowait((samples, clock() - ago))

        stream = open_microphone(self._device, hear)
        self._thread = Thread(self.name, lambda stopping: self._run(stream, hear, blocks, voice, emit, stopping))

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _run(
        self,
        stream: Any,
        hear: Hear,
        blocks: queue.Queue[tuple[Floats, float]],
        voice: Voice,
        emit: Emit,
        stopping: threading.Event,
    ) -> None:
        missed, gone = 0.0, False
        while not stopping.is_set():
            try:
                samples, heard = blocks.get(timeout=WAIT)
            except queue.Empty:
                missed += WAIT
                if missed < SILENT:
                    continue
                missed = 0.0
                if stream is not None:
                    stream.close(True)
                    stream = None
                if not gone:
                    gone = self._notices.say("gives no more sound; it is tried again every second.")
                stopping.wait(RETRY)
                if not stopping.is_set():
                    stream = _reopened(self._device, hear)
                continue
            missed = 0.0
            for listener in self.listeners:
                listener(samples, heard)
            if gone:
                gone = not self._notices.say("is back.")
            for signal in voice.hear(samples, heard):
                emit(signal)
        if stream is not None:
            stream.close(True)


def open_microphone(device: int | str | None, hear: Hear) -> Any:
    """A running stream of ``sounddevice`` that calls ``hear`` from a thread of its own with 16 kHz mono.

    Raises SourceError or DependencyError.
    """
    try:
        sounddevice = importlib.import_module("sounddevice")
    except ModuleNotFoundError as error:
        raise DependencyError(
            "the microphone needs the package 'sounddevice'; add it by: pip install \".[live]\""
        ) from error
    except OSError as error:
        raise DependencyError(
            "the microphone needs the library PortAudio, which is not installed (Debian and Ubuntu: libportaudio2)."
        ) from error
    which = "microphone" if device is None else f"microphone {device!r}"
    try:
        about = sounddevice.query_devices(device, "input")
    except (ValueError, OverflowError, sounddevice.PortAudioError) as error:
        there = [str(found["name"]) for found in sounddevice.query_devices() if found["max_input_channels"] > 0]
        found = f"found {', '.join(there)}" if there else "none was found"
        raise SourceError(f"there is no {which}; {found}. Recorded sound goes in with --audio FILE.") from error
    own = round(float(about["default_samplerate"]))
    for rate in dict.fromkeys((RATE, own)):
        stream = None
        try:
            stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=round(BLOCK * rate),
                device=device,
                channels=1,
                dtype="float32",
                latency="low",
                callback=_callback(rate, hear),
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            problem = error
            if stream is not None:
                stream.close(True)  # it would hold the device
            continue
        return stream
    reason = str(problem.args[0]).lower().rstrip(".")
    raise SourceError(f"the {which} cannot be opened ({reason}); another program may be using it.") from problem


def _callback(rate: int, hear: Hear) -> Callable[[Any, int, Any, Any], None]:
    resample = _resampler(rate)

    def take(data: Any, frames: int, time: Any, status: Any) -> None:
        ago = time.currentTime - time.inputBufferAdcTime
        # Some drivers do not know when the sound was heard.
        hear(resample(data[:, 0].copy()), ago if 0.0 < ago < 1.0 else frames / rate)

    return take


def _reopened(device: int | str | None, hear: Hear) -> Any:
    """The stream, or None where it is still absent. PortAudio knows the devices that were there when it was started."""
    sounddevice = importlib.import_module("sounddevice")
    try:
        sounddevice._terminate()
        sounddevice._initialize()
        return open_microphone(device, hear)
    except (SourceError, sounddevice.PortAudioError):
        return None


def _resampler(rate: int) -> Callable[[Floats], Floats]:
    """A function that turns pieces of sound at ``rate`` into pieces at 16 kHz."""
    if rate == RATE:
        return lambda samples: samples
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)

    def resample(samples: Floats) -> Floats:
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = rate
        pieces = [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        return np.concatenate(pieces) if pieces else np.empty(0, np.float32)

    return resample
