"""The audio-to-face network that ships with the package."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.audio.contract import still_head
from splatavatar.drive.audio.features import HOP, RATE, SIZE, WINDOW, Features
from splatavatar.drive.audio.runtime import open_network
from splatavatar.drive.audio.sound import checked_samples
from splatavatar.drive.signal import Recording
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import NAMES

MODEL = Path(__file__).parent / "data" / "audio_to_face.onnx"
FPS = 60
"""outputs a second"""
LOOK_AHEAD = 0.08
"""seconds of sound after the time of an output that it may depend on, at most"""


@lru_cache(maxsize=1)
def _own_network() -> Any:
    """The network that ships, loaded once: what it remembers is given to it, and so many may share it."""
    return open_network(MODEL)


class AudioToFace:
    """Speech in, ARKit coefficients out, causally.

    The network sees a frame of features every 10 ms and keeps its memory between them, so sound in pieces of any size
    gives the same coefficients, bit for bit, as all of it at once. Blinks, gaze and the head stay zero.
    """

    look_ahead = LOOK_AHEAD

    def __init__(self, model: Path = MODEL) -> None:
        """Raises DependencyError without onnxruntime, SettingsError for a file that is not such a network."""
        self._session = _own_network() if model == MODEL else open_network(model)
        shapes = {value.name: value.shape for value in self._session.get_inputs()}
        if shapes.keys() != {"features", "state"} or shapes["features"] != [1, SIZE]:
            raise SettingsError(
                f"{model}: inputs {', '.join(shapes)}, expected features (1, {SIZE}) and state of splatavatar's own "
                "audio network; other networks go through OnnxAudioModel."
            )
        properties = self._session.get_modelmeta().custom_metadata_map
        try:
            self._delay = float(properties["delay"])
        except (KeyError, ValueError) as error:
            raise SettingsError(f"{model}: its metadata lacks the delay of its outputs.") from error
        self._state_size = int(shapes["state"][1])
        self.reset()

    def reset(self) -> None:
        """Forget what was heard; the next sample is at time 0."""
        self._features = Features()
        self._state = np.zeros((1, self._state_size), np.float32)
        self._frames = 0
        self._last = np.zeros(len(NAMES), np.float32)
        self._outputs = 0

    def push(self, samples: NDArray[np.generic]) -> tuple[Doubles, Floats]:
        """Times (N), seconds from the first sample after a reset, and coefficients (N, 52) that ``samples`` completes.

        ``samples`` are mono at 16 kHz, any number of them: float32 in [-1, 1] or int16. Times are multiples of 1/60;
        a coefficient is out once the 80 ms of sound after its time are in. Raises SignalError.
        """
        times: list[float] = []
        rows: list[Floats] = []
        for features in self._features.push(checked_samples(samples)):
            now, self._state = self._session.run(None, {"features": features[None], "state": self._state})
            time = self._time(self._frames)
            while self._outputs / FPS <= time + 1e-9:
                share = np.float32((time - self._outputs / FPS) * RATE / HOP)
                times.append(self._outputs / FPS)
                rows.append(now[0] + max(share, np.float32(0)) * (self._last - now[0]))
                self._outputs += 1
            self._last = now[0]
            self._frames += 1
        return np.array(times, np.float64), np.array(rows, np.float32).reshape(-1, len(NAMES))

    def track(self, samples: NDArray[np.generic], rate: int = RATE) -> Recording:
        """The face for a whole piece of sound, one frame per 1/60 s from 0 to its end. Forgets what was heard before.

        Raises SignalError for no samples, a rate other than 16 kHz, or samples that are not finite.
        """
        samples = checked_samples(samples, rate)
        if not len(samples):
            raise SignalError("audio without samples.")
        self.reset()
        count = int(len(samples) / RATE * FPS) + 1
        times, arkit = self.push(np.concatenate([samples, np.zeros(int(LOOK_AHEAD * RATE) + HOP, np.float32)]))
        self.reset()
        return still_head(times[:count], arkit[:count], float(FPS))

    def _time(self, frame: int) -> float:
        """Seconds that the output for a frame of features is for."""
        return (frame * HOP + WINDOW) / RATE - self._delay
