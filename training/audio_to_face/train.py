"""Trains the network that ships with the package: ``python training/audio_to_face/train.py``.

It learns from speech that is synthesised here, from ``recipe.json`` and a seed, and from recordings of people in
``--speech FOLDER``, which ``speech.py`` aligns.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path

import dataset
import numpy as np
import onnx
import speech
import text
import torch
import visemes
from espeak import Espeak
from network import Network, to_onnx
from torch import Tensor

from splatavatar.drive.audio.sound import RATE

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "splatavatar/drive/audio/data/audio_to_face.onnx"
GAP = torch.tensor(visemes.GAP, dtype=torch.float32)
SHUT = -0.045
"""gap of the targets below which the lips are closed"""
CLOSED = -0.04
"""gap of the network below which they count as closed: the Anny head's landmarks then meet"""
WARM = 20
"""frames at the start of a crop that do not count: the network has not heard what came before"""
CROP = 300
"""frames of an example that a step learns from"""


AVERAGE = 0.995
"""share of the mean weights that a step keeps"""
HELD = 100
"""examples of voices that were kept out"""


@dataclass(frozen=True)
class Data:
    """What ``dataset.build`` makes, as tensors."""

    features: Tensor
    targets: Tensor
    labels: Tensor

    def draw(self, count: int, cut: slice, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The frames ``cut`` of ``count`` examples, drawn at random."""
        chosen = torch.randint(0, len(self.features), (count,), generator=random)
        return self.features[chosen, cut], self.targets[chosen, cut], self.labels[chosen, cut]


def loss(out: Tensor, target: Tensor, scale: Tensor, recipe: dict[str, float]) -> Tensor:
    """Error of the coefficients, of the lip gap, of its speed, and of the gap where the lips must be closed."""
    coefficients = torch.square((out - target) / scale).mean()
    gap, wanted = out @ GAP, target @ GAP
    off = torch.square((gap - wanted) / 0.06)
    closed = wanted < SHUT
    gaps = (off * (1 + recipe["closure_weight"] * closed)).mean()
    speed = torch.square(((gap[:, 2:] - gap[:, :-2]) - (wanted[:, 2:] - wanted[:, :-2])) / 0.03).mean()
    return recipe["coefficient_weight"] * coefficients + gaps + recipe["speed_weight"] * speed


def disturb(features: Tensor, random: torch.Generator) -> Tensor:
    """Features as another voice and room might have made them.

    The mel axis is warped (length of the vocal tract), its contrast and its detail changed (bandwidth of the formants,
    harmonics), a smooth offset added (timbre, microphone), a noise floor laid under it, and all of it made noisy.
    """
    batch, bands = len(features), features.shape[2] - 1

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(batch, 1, 1, generator=random)

    def curve(knots: int) -> Tensor:
        return torch.nn.functional.interpolate(torch.randn(batch, 1, knots, generator=random), bands, mode="linear")

    spectra, loudness = features[..., :bands], features[..., bands:]
    axis = torch.arange(bands, dtype=torch.float32)
    source = (axis * (1 + uniform(-0.08, 0.08)) + 0.7 * curve(4)).clamp(0, bands - 1)
    weights = (1 - (source.mT - axis).abs()).clamp_min(0)  # (B, to, from): linear interpolation
    spectra = spectra @ weights.mT
    # People's spectra have less detail above 1.5 kHz than espeak-ng's, and change more slowly.
    height = (axis / (bands / 2)).clamp_max(1.0)
    for _ in range(2):
        blurred = torch.nn.functional.avg_pool1d(spectra, 3, 1, 1, count_include_pad=False)
        spectra = spectra + uniform(0.0, 1.0) * height * (blurred - spectra)
    before = torch.cat([spectra[:, :1], spectra[:, :-1]], 1)
    after = torch.cat([spectra[:, 1:], spectra[:, -1:]], 1)
    spectra = spectra + uniform(0.0, 0.9) * ((before + spectra + after) / 3 - spectra)
    spectra = spectra * uniform(0.75, 1.2) + 0.15 * curve(6)
    floor = uniform(-3.0, -0.5) + 0.3 * curve(5)
    spectra = 0.2 * torch.logaddexp(spectra / 0.2, (floor + 0.1 * torch.randn(spectra.shape, generator=random)) / 0.2)
    spectra = spectra + 0.08 * torch.randn(spectra.shape, generator=random)
    loudness = loudness + 0.05 * torch.randn(loudness.shape, generator=random)
    return torch.cat([spectra, loudness], 2)


def train(data: Data, recorded: Data, recipe: dict[str, float], seed: int) -> Network:
    """A network trained on synthesised and recorded speech: the running mean of the weights over the last steps.

    ``recorded_share`` of each batch is of recordings.
    """
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = Network(int(recipe["width"]), int(recipe["layers"]), recipe["dropout"])
    average = copy.deepcopy(network).eval()
    scale = data.targets[:500].float().std((0, 1)).clamp_min(0.02)
    steps, batch = int(recipe["steps"]), int(recipe["batch"])
    of_people = round(batch * recipe["recorded_share"])
    parts = ((data, batch - of_people), (recorded, of_people))
    optimiser = torch.optim.AdamW(network.parameters(), recipe["rate"], weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe["rate"], total_steps=steps, pct_start=0.1)
    half = bool(recipe["bfloat16"])
    started, mean = time.perf_counter(), 0.0
    for step in range(steps):
        start = int(torch.randint(0, data.features.shape[1] - CROP + 1, (1,), generator=random))
        pieces = [part.draw(count, slice(start, start + CROP), random) for part, count in parts]
        features, targets, labels = (torch.cat(values) for values in zip(*pieces, strict=True))
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            channels, classes = network(disturb(features.float(), random))
        channels, classes = channels.float(), classes.float()
        error = loss(channels[:, WARM:], targets[:, WARM:].float(), scale, recipe)
        labels = labels[:, WARM:].long()
        told = torch.nn.functional.cross_entropy(classes[:, WARM:].flatten(0, 1), labels.flatten())
        optimiser.zero_grad()
        (error + recipe["class_weight"] * told).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            keep = min(AVERAGE, (step + 1) / (step + 10))
            for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - keep)
        mean = error.item() if step == 0 else 0.98 * mean + 0.02 * error.item()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {mean:.4f}, {time.perf_counter() - started:.0f} s", flush=True)
    return average


def examine(network: Network, data: Data) -> dict[str, float]:
    """On other voices: correlation of the gap over all examples, and the share of closures that close."""
    with torch.no_grad():
        gap = (network(data.features.float())[0].clamp(0, 1) @ GAP).numpy()
    wanted = (data.targets.float() @ GAP).numpy()
    hit, closures = 0, 0
    for got, want in zip(gap, wanted, strict=True):
        shut = np.concatenate([[False], want < SHUT, [False]])
        edges = np.flatnonzero(np.diff(shut.astype(int)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            closures += 1
            hit += bool(got[max(start - 2, 0) : end + 2].min() < CLOSED)
    return {"gap_correlation": float(np.corrcoef(gap.ravel(), wanted.ravel())[0, 1]), "closures_hit": hit / closures}


def examples(recipe: dict[str, float], seed: int, folder: Path) -> list[np.ndarray]:
    """Features, targets and classes of synthesised examples, then of recordings, then of voices that were kept out."""
    made: list[np.ndarray] = [*dataset.build(int(recipe["examples"]), seed, text.VARIANTS)]
    spoken = list(speech.recordings(folder, Espeak(), kept_out=False))
    minutes = sum(len(recording.samples) for recording in spoken) / RATE / 60
    print(f"{len(spoken)} recordings, {minutes:.1f} minutes", flush=True)
    made += dataset.build_recorded(int(recipe["recorded_examples"]), seed, spoken)
    made += dataset.build(HELD, seed + 1, text.HELD_OUT)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, default=HERE / "recipe.json")
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--speech", type=Path, required=True, help="folder of recordings of people with index.json")
    parser.add_argument("--data", type=Path, help="keep the examples in this file, or read them from it")
    arguments = parser.parse_args()
    recipe = json.loads(arguments.recipe.read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    seed = int(recipe["seed"])
    if arguments.data is not None and arguments.data.exists():
        with np.load(arguments.data) as stored:
            made = [stored[f"arr_{n}"] for n in range(9)]
    else:
        made = examples(recipe, seed, arguments.speech)
        if arguments.data is not None:
            np.savez(arguments.data, *made)
    data, recorded, held = (Data(*map(torch.from_numpy, made[n : n + 3])) for n in (0, 3, 6))
    for title, part in (("synthesised", data), ("recorded", recorded)):
        print(f"{len(part.features)} {title} examples, {len(part.features) * dataset.SECONDS / 3600:.1f} h", flush=True)
    networks = []
    for n in range(int(recipe["networks"])):
        network = train(data, recorded, recipe, seed + n)
        print(examine(network, held), flush=True)
        networks.append(network)
    metadata = {
        "kind": "splatavatar audio-to-face",
        "sample_rate": "16000",
        "delay": str(dataset.DELAY),
        "recipe": json.dumps(recipe),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(networks, metadata), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
