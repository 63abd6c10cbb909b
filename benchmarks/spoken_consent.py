"""How well are codes heard, and lips read? ``python benchmarks/spoken_consent.py SHARED --out DIR [--trials 60]``.

SHARED is the folder with ``speech``, ``speech-open`` and ``videos``. The first table has, of each class of voices, how many
sentences were heard as what was spoken, and how many as a code that was not: one that was drawn apart, and one that
differs in two words, which nobody draws but who wants to know how near is too near. Voices of espeak-ng speak in rooms
with noise and echo, some in the midst of other speech. Words of people are cut out of recordings, where pocketsphinx
with its language model found them, and put in their place in a sentence of a voice. In recordings of speech no code may be heard at all.

The second table has films whose sound is as it was, moved, or of others.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.capture.proof.code import LENGTH, WORDS, Code
from splatavatar.capture.proof.hearing import RATE, Ear
from splatavatar.drive.audio.sound import read_audio
from splatavatar.extras import required

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.espeak import in_a_room, spoken  # noqa: E402

Samples = NDArray[np.float32]
VOICES = {
    "American": ("en-us+m1", "en-us+f1", "en-us+m3", "en-us+f4", "en-us-nyc+f2", "en-us+Alicia"),
    "British": ("gmw/en+m2", "gmw/en+f1", "gmw/en-GB-x-rp+m5", "gmw/en-GB-x-rp+f4", "gmw/en-GB-x-gbcwmd+f3", "gmw/en+m8"),
    "Scottish, Caribbean": ("en-gb-scotland+f2", "en-gb-scotland+m1", "gmw/en-029+m3", "gmw/en-029+f1"),
}
"""none of those by which the words were chosen"""
STRANGERS = 1000
"""codes that each recording is held against"""
SURE = 0.5
"""probability of a word of a recording, from which on it is cut out"""


@dataclass
class Row:
    """The counts of a class of voices."""

    right: int = 0
    rights: int = 0
    wrong: int = 0
    wrongs: int = 0
    near: int = 0
    nears: int = 0
    words: int = 0
    seconds: float = field(default=0.0)


def drawn(generator: random.Random) -> Code:
    """A code that can be repeated, unlike those of ``new_code``."""
    day = datetime.date(2026, 1, 1) + datetime.timedelta(generator.randrange(365))
    return Code(tuple(generator.choices(WORDS, k=LENGTH)), day)


def near(code: Code, generator: random.Random) -> Code:
    """A code that differs from ``code`` in two words."""
    words = list(code.words)
    for place in generator.sample(range(LENGTH), 2):
        words[place] = generator.choice([word for word in WORDS if word != words[place]])
    return Code(tuple(words), code.date)


def count(row: Row, ear: Ear, code: Code, samples: Samples, generator: random.Random) -> None:
    """Lets ``ear`` hear ``samples``, in which ``code`` is spoken."""
    heard = ear.hear(samples)
    words = () if heard is None else heard.words
    row.rights += 1
    row.right += code.heard_in(words)
    row.words += sum(map(str.__eq__, words, code.words))
    row.seconds += len(samples) / RATE
    for _ in range(10):
        row.wrongs += 1
        row.wrong += drawn(generator).heard_in(words)
        row.nears += 1
        row.near += near(code, generator).heard_in(words)


def sentences(voices: tuple[str, ...], trials: int, seed: int) -> Iterator[tuple[Code, Samples]]:
    """``trials`` sentences, in rooms, by turns of one of ``voices``."""
    generator, noise = random.Random(seed), np.random.default_rng(seed)
    for trial in range(trials):
        code = drawn(generator)
        clean = spoken(
            code.sentence, voices[trial % len(voices)], generator.randint(110, 165), generator.randint(25, 75)
        )
        yield code, in_a_room(clean, noise, generator.uniform(0.05, 0.4), generator.uniform(12, 35))


def cut_out(clips: list[Path], kept: Path) -> list[tuple[str, Samples]]:
    """Words of the list as people say them in ``clips``; where they lie is kept in the file ``kept``."""
    if not kept.exists():
        kept.write_text(json.dumps({clip.name: transcribed(clip) for clip in clips}))
    found = []
    for clip in clips:
        wanted = [
            (word, begins, ends)
            for word, begins, ends, sure in json.loads(kept.read_text()).get(clip.name, [])
            if word in WORDS and sure >= SURE and ends - begins >= 0.2
        ]
        samples = read_audio(clip) if wanted else np.zeros(0, np.float32)
        for word, begins, ends in wanted:
            piece = samples[round(max(begins - 0.02, 0) * RATE) : round((ends + 0.02) * RATE)]
            found.append((word, piece * np.float32(0.1 / np.sqrt((piece**2).mean()))))
    return found


def transcribed(clip: Path) -> list[tuple[str, float, float, float]]:
    """Word, begin and end in seconds, and probability, by pocketsphinx with the language model that it ships."""
    decoder: Any = required("pocketsphinx").Decoder(loglevel="FATAL", beam=1e-40, wbeam=1e-25, maxhmmpf=6000)
    samples = read_audio(clip)
    decoder.start_utt()
    decoder.process_raw(np.rint(samples * (0.8 * 32767 / np.abs(samples).max())).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return [
        (part.word.partition("(")[0], part.start_frame / 100, (part.end_frame + 1) / 100, decoder.logmath.exp(part.prob))
        for part in decoder.seg()
    ]


def of_people(words: list[tuple[str, Samples]], trials: int, seed: int) -> Iterator[tuple[Code, Samples]]:
    """Sentences of a voice whose code is words of people."""
    generator, noise = random.Random(seed), np.random.default_rng(seed)
    pause = np.zeros(round(0.2 * RATE), np.float32)
    for trial in range(trials):
        chosen = generator.sample(words, LENGTH)
        code = Code(tuple(word for word, _ in chosen), drawn(generator).date)
        before, after = code.sentence.split(": ")[0], "Today" + code.sentence.rpartition("Today")[2]
        voice = VOICES["American"][trial % len(VOICES["American"])]
        parts = [spoken(part, voice, 140, 50) for part in (before, after)]
        parts = [part * np.float32(0.1 / np.sqrt((part**2).mean())) for part in parts]
        said = [parts[0], pause, *(piece for _, one in chosen for piece in (one, pause)), parts[1]]
        yield code, in_a_room(np.concatenate(said), noise, 0.1, 30)


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Prints it."""
    shown = Table(title=title, box=box.MARKDOWN)
    for column in columns:
        shown.add_column(column)
    for row in rows:
        shown.add_row(*row)
    Console(width=140).print(shown)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--recordings", type=int, default=10_000, help="recordings of speech that are heard, at most")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    ear, generator, rows = Ear(), random.Random(0), {}
    clips = sorted((options.shared / "speech-open" / "clips").glob("*.ogg"))
    for seed, (name, voices) in enumerate(VOICES.items()):
        row = rows[f"espeak-ng, {name}"] = Row()
        for code, samples in sentences(voices, options.trials, seed + 10):
            count(row, ear, code, samples, generator)
        print(name, row, flush=True)
    row = rows["espeak-ng, amid speech of others"] = Row()
    everyone = tuple(voice for voices in VOICES.values() for voice in voices)
    for trial, (code, samples) in enumerate(sentences(everyone, options.trials // 2, 20)):
        before, after = (read_audio(clips[(7 * trial + step) % len(clips)])[: 10 * RATE] for step in (0, 3))
        level = np.float32(np.sqrt((samples**2).mean()))
        around = [one * level / max(np.sqrt((one**2).mean()), np.float32(1e-4)) for one in (before, after)]
        count(row, ear, code, np.concatenate([around[0], samples, around[1]]), generator)
    print("amid", row, flush=True)
    row = rows["words of people"] = Row()
    words = cut_out(clips, options.out / "words.json")
    for code, samples in of_people(words, options.trials, 30):
        count(row, ear, code, samples, generator)
    print("people", len(words), "words of", len({word for word, _ in words}), row, flush=True)
    row = rows["recordings of speech"] = Row()
    for number, clip in enumerate([*sorted((options.shared / "speech").glob("*.wav")), *clips][: options.recordings]):
        samples = read_audio(clip)
        heard = ear.hear(samples)
        row.seconds += len(samples) / RATE
        row.wrongs += STRANGERS
        row.wrong += 0 if heard is None else sum(drawn(generator).heard_in(heard.words) for _ in range(STRANGERS))
        row.words += heard is not None
        if number % 50 == 0:
            print(number, row, flush=True)
    columns = ["voices", "right accepted", "words", "wrong accepted", "two words off", "minutes"]
    shown = [
        [
            name,
            f"{row.right} of {row.rights}",
            f"{row.words / max(LENGTH * row.rights, 1):.1%}" if row.rights else f"{row.words} heard",
            f"{row.wrong} of {row.wrongs}",
            f"{row.near} of {row.nears}",
            f"{row.seconds / 60:.1f}",
        ]
        for name, row in rows.items()
    ]
    table("codes", columns, shown)


if __name__ == "__main__":
    main()
