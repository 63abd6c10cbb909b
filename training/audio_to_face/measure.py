"""What the network that ships does with other voices: ``python training/audio_to_face/measure.py [--speech FOLDER]``.

A closure (p, b, m) counts as hit if the lips meet within it or 30 ms of it: the inner-lip gap of the Anny head, neutral
0.037 of the distance of the outer eye corners, reaches 0.004 or less. A vowel counts as missed if they meet in its
middle. Voices of espeak-ng, whose times are known, are told by language; recordings of people are aligned by a
recogniser (``speech.py``), so part of what is missed there is its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import augment
import dataset
import numpy as np
import speech
import text
import visemes
from espeak import Espeak
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.drive.audio.model import MODEL, AudioToFace
from splatavatar.drive.audio.sound import RATE
from splatavatar.rig.arkit import INDEX

Floats = NDArray[np.float32]
NEUTRAL_GAP, MET = 0.037, 0.004
AROUND = 0.03
"""seconds"""
LANGUAGES = ("en-us", "de", "fr", "es", "it", "pt-br", "ru", "cmn-latn-pinyin")
EDGES = 0.3, 0.1
"""seconds at the beginning and at the end of a scene that do not count"""


def rig_gap(arkit: Floats) -> Floats:
    """(T) inner-lip gap of the Anny head for coefficients (T, 52)."""
    columns = [[INDEX[name] for name in names] for names in visemes.CHANNELS]
    channels = np.stack([arkit[:, names].mean(1) for names in columns], 1)
    return np.asarray(NEUTRAL_GAP + channels @ visemes.GAP, np.float32)


class Tally:
    """Counts over scenes."""

    def __init__(self) -> None:
        self._closed: list[bool] = []
        self._vowels: list[bool] = []
        self._got: list[Floats] = []
        self._wanted: list[Floats] = []

    def add(self, network: AudioToFace, scene: dataset.Scene, heard: Floats) -> None:
        """What ``network`` does when it hears ``heard`` of ``scene``."""
        recording = network.track(heard)
        gap, time = rig_gap(recording.arkit), recording.time
        level = dataset.loudness(scene.samples, time)
        ideal = visemes.coefficients(scene.phones, scene.shut, scene.breaths, level, time, 1 / 60)
        self._got.append(gap)
        self._wanted.append(np.asarray(NEUTRAL_GAP + ideal @ visemes.GAP, np.float32))
        first, last = EDGES[0], len(scene.samples) / RATE - EDGES[1]
        for start, end in scene.shut:
            if start > first and end < last:
                near = (time > start - AROUND) & (time < end + AROUND)
                self._closed.append(bool(gap[near].min() <= MET))
        for phone in scene.phones:
            middle = (phone.start + phone.end) / 2
            if phone.ipa[:1] in visemes.VOWELS and first < middle < last:
                self._vowels.append(bool(np.interp(middle, time, gap) <= MET))

    def row(self) -> tuple[str, ...]:
        """Closures, their share that is hit, vowels, their share that closes, and the correlation of the gap."""
        # A scene without speech has no correlation.
        pairs = [(a, b) for a, b in zip(self._got, self._wanted, strict=True) if a.std() > 0 and b.std() > 0]
        together = np.corrcoef(np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs]))[0, 1]
        return (
            str(len(self._closed)),
            f"{100 * np.mean(self._closed):.0f} %",
            str(len(self._vowels)),
            f"{100 * np.mean(self._vowels):.1f} %",
            f"{together:.3f}",
        )


def recorded(folder: Path, espeak: Espeak) -> Iterator[tuple[str, dataset.Scene]]:
    """Languages and recordings of people that were kept out of training."""
    for spoken in speech.recordings(folder, espeak, kept_out=True):
        yield spoken.language, dataset.Scene(spoken.samples, spoken.phones, spoken.closures, [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--by-language", type=int, default=0, help="examples in each of some languages, clean")
    parser.add_argument("--speech", type=Path, help="folder of recordings with index.json")
    arguments = parser.parse_args()
    network, espeak = AudioToFace(arguments.model), Espeak()
    table = Table("", "closures", "hit", "vowels", "closed", "correlation of the gap", box=box.SIMPLE)
    for title, clean in (("clean", True), ("recorded", False)):
        tally = Tally()
        for n in range(arguments.examples):
            random = np.random.default_rng([99, n])
            scene = dataset.scene(espeak, random, text.HELD_OUT)
            tally.add(network, scene, scene.samples if clean else augment.record(scene.samples, random))
        table.add_row(title, *tally.row())
    for language in LANGUAGES if arguments.by_language else ():
        tally = Tally()
        for n in range(arguments.by_language):
            scene = dataset.scene(espeak, np.random.default_rng([97, n]), text.HELD_OUT, language)
            tally.add(network, scene, scene.samples)
        table.add_row(f"{language}, clean", *tally.row())
    if arguments.speech is not None:
        tallies: dict[str, Tally] = {}
        for language, scene in recorded(arguments.speech, espeak):
            tallies.setdefault(language, Tally()).add(network, scene, scene.samples)
        for language, tally in tallies.items():
            table.add_row(f"{language}, people", *tally.row())
    Console().print(table)


if __name__ == "__main__":
    main()
