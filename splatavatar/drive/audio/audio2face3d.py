"""Audio2Face-3D v2.3, as NVIDIA publishes it: a folder with network.onnx, model_data.npz and bs_skin.npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.arrays import read_npz
from splatavatar.drive.audio.contract import (
    AudioModelSpec,
    WindowedModel,
    arkit_columns,
    rows_of,
    run_network,
    to_arkit,
)
from splatavatar.drive.audio.runtime import open_network
from splatavatar.drive.sources.recorded.checked import as_doubles
from splatavatar.errors import SettingsError

WINDOW, CENTRE = 8320, 4160
"""samples of a window, and the one that the output is for"""
FRAME_RATE = 30.0
EMOTIONS = 26
"""16 implicit values, then 10 explicit emotions"""
RIDGE = 0.01
"""of the solve, relative to the mean energy of a shape: keeps shapes that look alike from fighting each other"""
LARGEST = 1e6
"""of a coordinate, whatever its unit"""
SWEEPS = 60
"""of the solve at most"""


class Audio2Face3D(WindowedModel):
    """Windows of 8320 samples and an emotion to coefficients of skin shapes, these to ARKit coefficients.

    Of the network's outputs the first K are the weights of ``shapes_matrix_skin`` (K, V, 3) in ``model_data.npz``. The
    skin that they make is approximated by the ARKit shapes in ``bs_skin.npz`` (``poseNames``, an array (V, 3) of
    offsets by each name, the vertices to look at in ``frontalMask``) with weights that are not negative. The tongue,
    the jaw and the eyes, which follow in the output, are not used.
    """

    def __init__(self, folder: Path, emotion: NDArray[np.floating] | None = None) -> None:
        """``emotion`` (26) is neutral if None. Raises DependencyError, SettingsError."""
        self._path = folder / "network.onnx"
        self._session = open_network(self._path)
        inputs = {value.name: value.shape for value in self._session.get_inputs()}
        if inputs.keys() != {"input", "emotion"}:
            raise SettingsError(f"{self._path}: inputs {', '.join(inputs)}, expected input and emotion.")
        given = np.zeros(EMOTIONS, np.float32) if emotion is None else np.asarray(emotion, np.float32)
        if given.shape != (EMOTIONS,):
            raise SettingsError(f"an emotion of shape {given.shape}, expected ({EMOTIONS}).")
        self._emotion = given.reshape(1, 1, -1)
        self._load(folder)
        look_ahead = (WINDOW - CENTRE) / 16000
        super().__init__(AudioModelSpec(window=WINDOW, frame_rate=FRAME_RATE, look_ahead=look_ahead), self._rows)

    def _load(self, folder: Path) -> None:
        expected = "that of Audio2Face-3D v2.3, beside network.onnx"
        data = read_npz(folder / "model_data.npz", SettingsError, ("shapes_matrix_skin", "shapes_mean_skin"), expected)
        shapes = read_npz(folder / "bs_skin.npz", SettingsError, expected=expected)
        try:
            names = [name.decode() if isinstance(name, bytes) else str(name) for name in shapes["poseNames"]]
            self._names = tuple(name for name in names if name != "neutral")
            mask = shapes["frontalMask"]
            basis = as_doubles(np.stack([shapes[name][mask].ravel() for name in self._names], 1))
            skin = data["shapes_matrix_skin"]
            skin = as_doubles(skin.reshape(len(skin), -1, 3)[:, mask].reshape(len(skin), -1))
            rest = as_doubles(data["shapes_mean_skin"][mask]).ravel() - as_doubles(shapes["neutral"][mask]).ravel()
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise SettingsError(
                f"{folder}: expected model_data.npz and bs_skin.npz of Audio2Face-3D v2.3 beside network.onnx."
            ) from error
        if not all((np.abs(array) <= LARGEST).all() for array in (basis, skin, rest)):  # nor NaN
            raise SettingsError(f"{folder}: model_data.npz or bs_skin.npz holds numbers that are no place of a face.")
        self._count = len(skin)
        gram = basis.T @ basis
        self._gram = gram + RIDGE * max(float(np.trace(gram)) / len(gram), 1e-12) * np.eye(len(gram))
        self._project, self._offset = basis.T @ skin.T, basis.T @ rest
        self._order = arkit_columns(self._names)
        self._weights = np.zeros(len(self._names))

    def reset(self) -> None:
        """Forget what was heard; the next sample is at time 0."""
        super().reset()
        self._weights = np.zeros(len(self._names))

    def _rows(self, window: Floats) -> Floats:
        feed = {"input": window.reshape(1, 1, -1), "emotion": self._emotion}
        out = rows_of(run_network(self._session, feed, self._path), self._path)
        if out.shape[1] < self._count:
            raise SettingsError(f"{self._path}: {out.shape[1]} outputs, expected {self._count} or more.")
        wanted = self._project @ out[0, : self._count].astype(np.float64) + self._offset
        self._weights = solve_non_negative(self._gram, wanted, self._weights)
        return to_arkit(self._weights.astype(np.float32)[None], self._names, self._order, self._path)


def solve_non_negative(gram: Doubles, wanted: Doubles, start: Doubles) -> Doubles:
    """The weights (P) >= 0 that minimise w.G.w / 2 - b.w, by coordinate descent from ``start``.

    ``gram`` G (P, P) is positive definite; ``wanted`` b (P).
    """
    weights = start.copy()
    scale = np.sqrt(np.diag(gram))
    for _ in range(SWEEPS):
        change = 0.0
        for n in range(len(weights)):
            value = max(weights[n] + (wanted[n] - gram[n] @ weights) / gram[n, n], 0.0)
            change = max(change, abs(value - weights[n]) * scale[n])
            weights[n] = value
        if change < 1e-6 * scale.max():
            break
    return weights
