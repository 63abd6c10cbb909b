"""Ways from sound to lips in one table: ``python benchmarks/lips_table.py VIDEO... [--headaudio FOLDER]``.

Beside the network that ships stand a ridge regression from the same features, and HeadAudio (npm package
``@met4citizen/headaudio``, unpacked; node runs it). For the two the inner-lip gap is fitted, by least squares, to the
gap of synthetic speech with known phonemes: to what the network learns from, that is. Needs espeak-ng.

* film: Pearson's correlation of the gap with MediaPipe's on each video, at the best lag within +-80 ms
* closures: share of the (p, b, m) of synthetic voices that were kept out, clean, for which the gap goes below what is
  closed; the gap of the two others is scaled to the spread of the wanted one
* delay: from a sample to the lips that it moves, 95th percentile: the sound that an output waits for, in pieces of
  5 ms, and the time until it is out. HeadAudio's is the lag at which it fits synthetic speech best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from audio_table import best_lag, gap_of_film
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.drive.audio.features import HOP, RATE, WINDOW, Features
from splatavatar.drive.audio.model import LOOK_AHEAD, MODEL, AudioToFace
from splatavatar.drive.audio.sound import read_audio
from splatavatar.models import locate

sys.path.insert(0, str(Path(__file__).parents[1] / "training/audio_to_face"))

import dataset
import text
import visemes
from espeak import Espeak
from measure import AROUND, MET, NEUTRAL_GAP, rig_gap

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Track = tuple[Doubles, Doubles]
"""times (T), seconds, and gaps (T)"""
FITTED, HELD = 150, 40
"""scenes of six seconds that the two are fitted to, and that closures are counted in"""
RIDGE = 30.0
BEFORE, AFTER = 12, 5
"""frames of features of the ridge: 120 ms of the past, and the look-ahead of the network"""


class Ridge:
    """A linear map from a window of features to the gap."""

    def __init__(self, scenes: list[dataset.Scene]) -> None:
        inputs, wanted = [], []
        for scene in scenes:
            times, rows = self._windows(scene.samples)
            inputs.append(rows)
            wanted.append(wanted_gap(scene, times))
        rows, gaps = np.concatenate(inputs), np.concatenate(wanted)
        self._mean, self._level = rows.mean(0), float(gaps.mean())
        centred = rows - self._mean
        gram = centred.T @ centred + RIDGE * np.eye(rows.shape[1])
        self._weights = np.linalg.solve(gram, centred.T @ (gaps - self._level))

    @staticmethod
    def _windows(samples: Floats) -> tuple[Doubles, Doubles]:
        features = Features().push(samples).astype(np.float64)
        padded = np.pad(features, ((BEFORE, AFTER), (0, 0)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, BEFORE + AFTER + 1, axis=0)
        times = (np.arange(len(features)) * HOP + WINDOW / 2) / RATE
        return times, windows.reshape(len(features), -1)

    def __call__(self, samples: Floats) -> Track:
        times, rows = self._windows(samples)
        return times, (rows - self._mean) @ self._weights + self._level


class HeadAudio:
    """Visemes by HeadAudio, weighted to a gap."""

    def __init__(self, folder: Path, scenes: list[dataset.Scene]) -> None:
        self._folder = folder
        pieces = [self._visemes(scene.samples) for scene in scenes]
        scores = []
        for lag in np.arange(0.0, 0.2001, 0.01):
            rows = np.concatenate([self._late(*piece, lag) for piece in pieces])
            gaps = np.concatenate([wanted_gap(scene, piece[0]) for scene, piece in zip(scenes, pieces, strict=True)])
            weights = np.linalg.lstsq(rows, gaps, rcond=None)[0]
            scores.append((float(np.corrcoef(rows @ weights, gaps)[0, 1]), lag, weights))
        _, self.lag, self._weights = max(scores, key=lambda score: score[0])

    def _visemes(self, samples: Floats) -> tuple[Doubles, Doubles]:
        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            samples.astype(np.float32).tofile(file.name)
            driver = Path(__file__).with_name("headaudio_visemes.mjs")
            done = subprocess.run(["node", driver, self._folder, file.name], capture_output=True, check=True)
        rows = np.array(json.loads(done.stdout)["rows"], np.float64)
        return np.arange(len(rows)) / 60, np.concatenate([rows, np.ones((len(rows), 1))], 1)

    @staticmethod
    def _late(times: Doubles, rows: Doubles, lag: float) -> Doubles:
        return np.stack([np.interp(times + lag, times, column) for column in rows.T], 1)

    def __call__(self, samples: Floats) -> Track:
        times, rows = self._visemes(samples)
        return times, self._late(times, rows, self.lag) @ self._weights


def wanted_gap(scene: dataset.Scene, times: Doubles) -> Doubles:
    """(T) gap of ideal visemes at ``times`` (T)."""
    fine = np.arange(0.0, dataset.SECONDS, visemes.STEP)
    level = dataset.loudness(scene.samples, fine)
    channels = visemes.coefficients(scene.phones, scene.shut, scene.breaths, level, fine)
    return np.interp(times, fine, NEUTRAL_GAP + channels @ visemes.GAP)


def closures_hit(way: Callable[[Floats], Track], scenes: list[dataset.Scene], fitted: bool) -> float:
    """Share of the closures that close."""
    tracks = [way(scene.samples) for scene in scenes]
    if fitted:
        wanted = np.concatenate([wanted_gap(scene, times) for scene, (times, _) in zip(scenes, tracks, strict=True)])
        got = np.concatenate([gaps for _, gaps in tracks])
        scale = float(wanted.std() / got.std())
        tracks = [(times, wanted.mean() + scale * (gaps - got.mean())) for times, gaps in tracks]
    hits = []
    for scene, (times, gaps) in zip(scenes, tracks, strict=True):
        for start, end in scene.shut:
            near = (times > start - AROUND) & (times < end + AROUND)
            if start > 0.3 and end < dataset.SECONDS - 0.1:
                hits.append(bool(gaps[near].min() <= MET))
    return float(np.mean(hits))


def delay(model: Path, samples: Floats) -> float:
    """Seconds, 95th percentile, from a sample to the lips, the sound coming in pieces of 5 ms."""
    network = AudioToFace(model)
    delays = []
    piece = HOP // 2
    for start in range(0, len(samples), piece):
        began = perf_counter()
        times, _ = network.push(samples[start : start + piece])
        spent = perf_counter() - began
        delays += [(start + piece) / RATE - time + spent for time in times]
    return float(np.percentile(delays, 95))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, default=MODEL, help="another network than the one that ships")
    parser.add_argument("--headaudio", type=Path, help="the unpacked npm package @met4citizen/headaudio")
    arguments = parser.parse_args()
    espeak, landmarker = Espeak(), locate()
    fitted = [dataset.scene(espeak, np.random.default_rng([98, n]), text.VARIANTS) for n in range(FITTED)]
    held = [dataset.scene(espeak, np.random.default_rng([99, n]), text.HELD_OUT) for n in range(HELD)]
    films = [(read_audio(video), gap_of_film(video, landmarker)) for video in arguments.videos]
    network = AudioToFace(arguments.model)

    def shipped(samples: Floats) -> Track:
        recording = network.track(samples)
        return recording.time, rig_gap(recording.arkit).astype(np.float64)

    ways: list[tuple[str, Callable[[Floats], Track], float, bool]] = [
        ("network", shipped, delay(arguments.model, films[0][0]), False),
        ("ridge regression", Ridge(fitted), LOOK_AHEAD, True),
    ]
    if arguments.headaudio is not None:
        theirs = HeadAudio(arguments.headaudio, fitted)
        ways.append(("HeadAudio", theirs, theirs.lag, True))
    table = Table("", *(video.stem for video in arguments.videos), "mean", "closures", "delay, ms", box=box.SIMPLE)
    for name, way, late, scaled in ways:
        scores = [best_lag(film, way(samples))[0] for samples, film in films]
        hit = closures_hit(way, held, scaled)
        cells = [f"{score:.2f}" for score in (*scores, float(np.mean(scores)))]
        table.add_row(name, *cells, f"{100 * hit:.0f} %", f"{1000 * late:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
