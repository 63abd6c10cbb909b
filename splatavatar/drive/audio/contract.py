"""Networks of others: one contract, and an engine that feeds any of them in real time.

An ONNX network fits the contract if it has one input, samples (1, window) or (window) in [-1, 1], and its first output
holds rows (1, F, C) or (F, C) or (C), evenly spaced in time. What the rows are, and for what times, says an
``AudioModelSpec``: given by the caller, or as JSON in the network's metadata under ``splatavatar.audio``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.audio.runtime import open_network
from splatavatar.drive.audio.sound import RATE, checked_samples
from splatavatar.drive.signal import Recording
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import INDEX, NAMES

METADATA = "splatavatar.audio"
OUTPUTS = ("arkit", "flame")
LONGEST, MOST_ROWS, FASTEST = 600 * RATE, 1024, 1000.0
"""of a window, in samples, of a hop, in rows, and of rows a second"""
JAW = 3
"""numbers of FLAME's jaw, an axis-angle vector in radians, after its expression"""

FlameMap = Callable[[Floats, Floats], Floats]
"""from FLAME expressions (N, E) and jaws (N, 3) to ARKit coefficients (N, 52)"""


@dataclass(frozen=True)
class AudioModelSpec:
    """What a network hears and what it says."""

    window: int
    """samples that go in, at 16 kHz"""
    frame_rate: float
    """rows a second"""
    look_ahead: float = 0.0
    """seconds from the time of the last row to the end of the window"""
    hop: int = 1
    """new rows that each run is used for, taken from the end"""
    output: str = "arkit"
    """``arkit``: coefficients; ``flame``: expression, then the jaw (3) as axis-angle in radians"""
    names: tuple[str, ...] = NAMES
    """ARKit names of the columns, where ``output`` is ``arkit``; columns of other names are dropped"""

    def __post_init__(self) -> None:
        if self.output not in OUTPUTS:
            raise SettingsError(f"an audio model's output is {' or '.join(OUTPUTS)}, got {self.output!r}.")
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (self.window, self.hop))
        within = 1 <= self.window <= LONGEST and 1 <= self.hop <= MOST_ROWS and 0 < self.frame_rate <= FASTEST
        if not (whole and within):
            raise SettingsError(
                f"an audio model needs a window of 1 to {LONGEST} samples, a hop of 1 to {MOST_ROWS} rows, both whole "
                f"numbers, and a frame rate above 0 and up to {FASTEST:g}, got {self.window}, {self.hop} and "
                f"{self.frame_rate:g}."
            )
        if not 0 <= self.look_ahead * RATE <= self.window:
            raise SettingsError(f"a look-ahead of {self.look_ahead:g} s does not fit into {self.window} samples.")
        if self.output == "arkit" and not set(self.names) & set(NAMES):
            raise SettingsError("none of the audio model's names is an ARKit coefficient.")

    @staticmethod
    def from_json(text: str) -> AudioModelSpec:
        """The spec that a network's metadata holds. Raises SettingsError."""
        known = {field.name for field in fields(AudioModelSpec)}
        try:
            stored = json.loads(text)
            if not isinstance(stored, dict) or not stored.keys() <= known:
                raise TypeError
            for name in {"window", "hop", "frame_rate", "look_ahead"} & stored.keys():
                value = stored[name]
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise TypeError
                stored[name] = int(value) if isinstance(value, float) and value.is_integer() else value
            if "names" in stored:
                stored["names"] = tuple(map(str, stored["names"]))
            return AudioModelSpec(**stored)
        except (ValueError, TypeError) as error:
            raise SettingsError(
                f"the metadata {METADATA!r} of an audio model must be JSON of {', '.join(sorted(known))}."
            ) from error


class WindowedModel:
    """Runs a function of a window of sound as the sound comes; ``push`` and ``track`` as ``AudioToFace`` has them."""

    def __init__(self, spec: AudioModelSpec, run: Callable[[Floats], Floats]) -> None:
        """``run`` takes samples (window) and returns coefficients (F, 52) of the last F >= hop times."""
        self.spec = spec
        self._run = run
        self.reset()

    @property
    def look_ahead(self) -> float:
        """Seconds of sound after the time of an output that it may depend on, at most."""
        return self.spec.look_ahead + (self.spec.hop - 1) / self.spec.frame_rate

    def reset(self) -> None:
        """Forget what was heard; the next sample is at time 0."""
        self._heard = np.zeros(self.spec.window, np.float32)
        self._start = -self.spec.window  # sample number of the first of ``_heard``
        self._outputs = 0

    def push(self, samples: NDArray[np.generic]) -> tuple[Doubles, Floats]:
        """Times (N), seconds, and coefficients (N, 52) that ``samples`` (mono, 16 kHz, any number) completes.

        Raises SignalError.
        """
        self._heard = np.concatenate([self._heard, checked_samples(samples)])
        spec, hop = self.spec, self.spec.hop
        times: list[float] = []
        rows: list[Floats] = []
        while True:
            last = (self._outputs + hop - 1) / spec.frame_rate
            end = round((last + spec.look_ahead) * RATE)
            if end > self._start + len(self._heard):
                break
            first = end - spec.window - self._start
            out = self._run(self._heard[first : first + spec.window])
            if len(out) < hop:
                raise SettingsError(f"the audio model gave {len(out)} rows, expected at least its hop of {hop}.")
            rows += list(out[-hop:])
            times += [(self._outputs + n) / spec.frame_rate for n in range(hop)]
            self._outputs += hop
            self._heard, self._start = self._heard[first:], self._start + first
        return np.array(times, np.float64), np.array(rows, np.float32).reshape(-1, len(NAMES))

    def track(self, samples: NDArray[np.generic], rate: int = RATE) -> Recording:
        """The face for a whole piece of sound, from 0 to its end. Forgets what was heard before. Raises SignalError."""
        samples = checked_samples(samples, rate)
        if not len(samples):
            raise SignalError("audio without samples.")
        self.reset()
        rate_out = self.spec.frame_rate
        count = int(len(samples) / RATE * rate_out) + 1
        padding = round((self.look_ahead + (self.spec.hop + 1) / rate_out) * RATE)
        times, arkit = self.push(np.concatenate([samples, np.zeros(padding, np.float32)]))
        self.reset()
        return still_head(times[:count], arkit[:count], rate_out)


class OnnxAudioModel(WindowedModel):
    """A network that fits the contract of this module."""

    def __init__(self, path: Path, spec: AudioModelSpec | None = None, flame: FlameMap | None = None) -> None:
        """``flame`` maps the outputs of a FLAME network. Raises DependencyError, SettingsError."""
        self._path = path
        self._session = open_network(path)
        if spec is None:
            text = self._session.get_modelmeta().custom_metadata_map.get(METADATA)
            if text is None:
                raise SettingsError(f"{path}: its metadata has no {METADATA!r}, which says what it hears and says.")
            spec = AudioModelSpec.from_json(text)
        if spec.output == "flame" and flame is None:
            raise SettingsError(f"{path}: its output is FLAME's; a map from FLAME to ARKit coefficients is needed.")
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise SettingsError(f"{path}: inputs {', '.join(i.name for i in inputs)}, expected one, the samples.")
        self._input, self._flat = inputs[0].name, len(inputs[0].shape) == 1
        if isinstance(inputs[0].shape[-1], int) and inputs[0].shape[-1] != spec.window:
            raise SettingsError(f"{path}: takes {inputs[0].shape[-1]} samples, its spec says {spec.window}.")
        self._flame = flame
        if spec.output == "arkit":
            self._order = arkit_columns(spec.names)
        super().__init__(spec, self._rows)

    def _rows(self, window: Floats) -> Floats:
        fed = window if self._flat else window[None]
        out = rows_of(run_network(self._session, {self._input: fed}, self._path), self._path)
        if self._flame is not None and self.spec.output == "flame":
            return np.asarray(self._flame(out[:, :-JAW], out[:, -JAW:]), np.float32)
        return to_arkit(out, self.spec.names, self._order, self._path)


def run_network(session: Any, feed: dict[str, Floats], path: Path) -> Floats:
    """The first output of a network. Raises SettingsError where it does not take what is fed."""
    try:
        return np.asarray(session.run(None, feed)[0], np.float32)
    except Exception as error:  # onnxruntime's own classes are not public
        shapes = ", ".join(f"{name} {value.shape}" for name, value in feed.items())
        raise SettingsError(f"{path}: the audio model does not take {shapes}.") from error


def rows_of(out: Floats, path: Path) -> Floats:
    """The rows (F, C) of an output (1, F, C), (F, C) or (C). Raises SettingsError."""
    if out.ndim == 3 and len(out) == 1:
        out = out[0]
    if out.ndim == 1:
        out = out[None]
    if out.ndim != 2:
        raise SettingsError(f"{path}: an output of shape {out.shape}, expected (1, frames, values).")
    return out


def arkit_columns(names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Columns of ``names`` that are ARKit's, and where in ``arkit.NAMES`` they go."""
    pairs = [(column, INDEX[name]) for column, name in enumerate(names) if name in INDEX]
    return [column for column, _ in pairs], [index for _, index in pairs]


def to_arkit(rows: Floats, names: Sequence[str], order: tuple[list[int], list[int]], path: Path) -> Floats:
    """The coefficients (F, 52) in [0, 1] of rows (F, C); what is no finite number rests.

    Raises SettingsError for another number of columns than names.
    """
    if rows.shape[1] != len(names):
        raise SettingsError(f"{path}: rows of {rows.shape[1]} values, expected {len(names)}.")
    arkit = np.zeros((len(rows), len(NAMES)), np.float32)
    arkit[:, order[1]] = np.clip(np.nan_to_num(rows[:, order[0]], posinf=0.0), 0.0, 1.0)
    return arkit


def still_head(times: Doubles, arkit: Floats, fps: float) -> Recording:
    """Coefficients over time as a recording in which nothing else moves."""
    still = np.zeros((len(times), 3), np.float32)
    return Recording(
        time=times,
        arkit=arkit,
        head_rotation=still,
        head_translation=still.copy(),
        gaze=np.zeros((len(times), 2, 2), np.float32),
        confidence=np.ones(len(times), np.float32),
        fps=fps,
    )
