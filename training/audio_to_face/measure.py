"""What the network that ships does with other voices: ``python training/audio_to_face/measure.py``.

A closure (p, b, m) counts as hit if the lips meet within it or 30 ms of it: the inner-lip gap of the Anny head, neutral
0.037 of the distance of the outer eye corners, reaches 0.004 or less. A vowel counts as missed if they meet in its
middle.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import augment
import dataset
import numpy as np
import text
import visemes
from espeak import Espeak
from numpy.typing import NDArray

from splatavatar.drive.audio.model import MODEL, AudioToFace
from splatavatar.rig.arkit import INDEX

Floats = NDArray[np.float32]
NEUTRAL_GAP, MET = 0.037, 0.004
AROUND = 0.03
"""seconds"""


def rig_gap(arkit: Floats) -> Floats:
    """(T) inner-lip gap of the Anny head for coefficients (T, 52)."""
    columns = [[INDEX[name] for name in names] for names in visemes.CHANNELS]
    channels = np.stack([arkit[:, names].mean(1) for names in columns], 1)
    return np.asarray(NEUTRAL_GAP + channels @ visemes.GAP, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--examples", type=int, default=60)
    arguments = parser.parse_args()
    network, espeak = AudioToFace(arguments.model), Espeak()
    for title, clean in (("clean", True), ("recorded", False)):
        closed: list[bool] = []
        vowels: list[bool] = []
        got, wanted = [], []
        for n in range(arguments.examples):
            random = np.random.default_rng([99, n])
            scene = dataset.scene(espeak, random, text.HELD_OUT)
            recording = network.track(scene.samples if clean else augment.record(scene.samples, random))
            gap, time = rig_gap(recording.arkit), recording.time
            ideal = visemes.coefficients(
                scene.phones, scene.shut, scene.breaths, dataset.loudness(scene.samples, time), time, 1 / 60
            )
            got.append(gap)
            wanted.append(NEUTRAL_GAP + ideal @ visemes.GAP)
            for start, end in scene.shut:
                if start > 0.3 and end < dataset.SECONDS - 0.1:
                    near = (time > start - AROUND) & (time < end + AROUND)
                    closed.append(bool(gap[near].min() <= MET))
            for phone in scene.phones:
                middle = (phone.start + phone.end) / 2
                if phone.ipa[:1] in visemes.VOWELS and 0.3 < middle < dataset.SECONDS - 0.1:
                    vowels.append(bool(np.interp(middle, time, gap) <= MET))
        correlation = np.corrcoef(np.concatenate(got), np.concatenate(wanted))[0, 1]
        print(
            f"{title}: {100 * np.mean(closed):.0f} % of {len(closed)} closures hit, {100 * np.mean(vowels):.1f} % of "
            f"{len(vowels)} vowels closed, correlation of the gap {correlation:.3f}"
        )


if __name__ == "__main__":
    main()
