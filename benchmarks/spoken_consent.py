"""How well are codes heard, and lips read? ``python benchmarks/spoken_consent.py SHARED --out DIR [--part lips]``.

SHARED is the folder with ``speech``, ``speech-open`` and ``videos``. The first table has, of each class of voices, how
many sentences were heard as what was spoken, and how many as a code that was not: one that was drawn apart, and one
that differs in three words, which nobody draws but who wants to know how near is too near. Voices of espeak-ng speak in
rooms with noise and echo, some in the midst of other speech. Words of people are cut out of recordings, where
pocketsphinx with its language model found them, and put in their place in a sentence of a voice. In recordings of
speech no code may be heard at all.

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

from splatavatar.capture.faces.landmark_cache import detect_once
from splatavatar.capture.proof.code import LENGTH, WORDS, Code
from splatavatar.capture.proof.hearing import RATE, Ear
from splatavatar.capture.proof.lips import SPAN, agreement
from splatavatar.capture.video.clips import VideoClip
from splatavatar.drive.audio.sound import read_audio
from splatavatar.extras import required
from splatavatar.models import locate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.espeak import in_a_room, spoken

Samples = NDArray[np.float32]
VOICES = {
    "American": ("en-us+m1", "en-us+f1", "en-us+m3", "en-us+f4", "en-us-nyc+f2", "en-us+Alicia"),
    "British": (
        "gmw/en+m2",
        "gmw/en+f1",
        "gmw/en-GB-x-rp+m5",
        "gmw/en-GB-x-rp+f4",
        "gmw/en-GB-x-gbcwmd+f3",
        "gmw/en+m8",
    ),
    "Scottish, Caribbean": ("en-gb-scotland+f2", "en-gb-scotland+m1", "gmw/en-029+m3", "gmw/en-029+f1"),
}
"""none of those by which the words were chosen"""
STRANGERS = 1000
"""codes that each recording is held against"""
PARTS = ("voices", "people", "recordings", "lips")
TALKS = "latentsync-demo2.mp4"
"""the film with speech"""
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
    places: list[int] = field(default_factory=list)
    """right words of each sentence"""
    seconds: float = field(default=0.0)


def drawn(generator: random.Random) -> Code:
    """A code that can be repeated, unlike those of ``new_code``."""
    day = datetime.date(2026, 1, 1) + datetime.timedelta(generator.randrange(365))
    return Code(tuple(generator.choices(WORDS, k=LENGTH)), day)


def near(code: Code, generator: random.Random) -> Code:
    """A code that differs from ``code`` in three words."""
    words = list(code.words)
    for place in generator.sample(range(LENGTH), 3):
        words[place] = generator.choice([word for word in WORDS if word != words[place]])
    return Code(tuple(words), code.date)


def count(row: Row, ear: Ear, code: Code, samples: Samples, generator: random.Random) -> None:
    """Lets ``ear`` hear ``samples``, in which ``code`` is spoken."""
    heard = ear.hear(samples)
    words = () if heard is None else heard.words
    row.rights += 1
    row.right += code.heard_in(words)
    row.places.append(sum(map(str.__eq__, words, code.words)))
    row.words += row.places[-1]
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
        (
            part.word.partition("(")[0],
            part.start_frame / 100,
            (part.end_frame + 1) / 100,
            decoder.logmath.exp(part.prob),
        )
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


def of_voices(ear: Ear, clips: list[Path], trials: int) -> dict[str, Row]:
    """The rows of voices of espeak-ng."""
    generator, rows = random.Random(0), {}
    for seed, (name, voices) in enumerate(VOICES.items()):
        row = rows[f"espeak-ng, {name}"] = Row()
        for code, samples in sentences(voices, trials, seed + 10):
            count(row, ear, code, samples, generator)
        print(name, row, flush=True)
    row = rows["espeak-ng, amid speech of others"] = Row()
    everyone = tuple(voice for voices in VOICES.values() for voice in voices)
    for trial, (code, samples) in enumerate(sentences(everyone, trials // 2, 20)):
        before, after = (read_audio(clips[(7 * trial + step) % len(clips)])[: 10 * RATE] for step in (0, 3))
        level = np.float32(np.sqrt((samples**2).mean()))
        around = [one * level / max(np.sqrt((one**2).mean()), np.float32(1e-4)) for one in (before, after)]
        count(row, ear, code, np.concatenate([around[0], samples, around[1]]), generator)
    print("amid", row, flush=True)
    return rows


def of_words(ear: Ear, clips: list[Path], trials: int, kept: Path) -> dict[str, Row]:
    """The row of words of people."""
    generator, row, words = random.Random(1), Row(), cut_out(clips, kept)
    for code, samples in of_people(words, trials, 30):
        count(row, ear, code, samples, generator)
    print("people", len(words), "words of", len({word for word, _ in words}), row, flush=True)
    return {"words of people": row}


def of_recordings(ear: Ear, clips: list[Path]) -> dict[str, Row]:
    """The row of recordings in which nobody says a code."""
    generator, row = random.Random(2), Row()
    for number, clip in enumerate(clips):
        samples = read_audio(clip)
        heard = ear.hear(samples)
        row.seconds += len(samples) / RATE
        row.wrongs += STRANGERS
        row.wrong += 0 if heard is None else sum(drawn(generator).heard_in(heard.words) for _ in range(STRANGERS))
        row.words += heard is not None
        if number % 20 == 0:
            print(number, row, flush=True)
    return {f"{len(clips)} recordings": row}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for what takes long to find")
    parser.add_argument("--trials", type=int, default=60, help="sentences of each class")
    parser.add_argument("--recordings", type=int, default=10_000, help="recordings that are heard, at most")
    parser.add_argument("--part", choices=PARTS, action="append", help="of the tables; all")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts, ear, rows = options.part or PARTS, Ear(), {}
    clips = sorted((options.shared / "speech-open" / "clips").glob("*.ogg"))
    speech = [*sorted((options.shared / "speech").glob("*.wav")), *clips]
    if "voices" in parts:
        rows |= of_voices(ear, clips, options.trials)
    if "people" in parts:
        rows |= of_words(ear, clips, options.trials, options.out / "words.json")
    if "recordings" in parts:
        rows |= of_recordings(ear, speech[:: max(len(speech) // options.recordings, 1)])
    if rows:
        columns = ["voices", "right accepted", "words", "wrong accepted", "three words off", "minutes"]
        table("codes", columns, [shown(name, row) for name, row in rows.items()])
    if "lips" in parts:
        columns = ["face", "sound", "spans", "accepted"]
        table("lips", columns, of_lips(options.shared / "videos", speech))


def shown(name: str, row: Row) -> list[str]:
    """A row as it is printed."""
    words = f"{row.words / (LENGTH * row.rights):.1%}" if row.rights else f"a code in {row.words}"
    return [
        name,
        f"{row.right} of {row.rights}",
        words,
        f"{row.wrong} of {row.wrongs}",
        f"{row.near} of {row.nears}",
        f"{row.seconds / 60:.1f}",
    ]


def of_lips(videos: Path, speech: list[Path]) -> list[list[str]]:
    """The rows of faces: with their own sound, with it moved, and with that of others."""
    talks = videos / TALKS
    faces = {
        video: detect_once(VideoClip(video), locate(), None, lambda share: None)
        for video in sorted(videos.glob("*.mp4"))
    }
    own = read_audio(talks)
    moved = [np.roll(own, round(seconds * RATE)) for seconds in np.arange(0.5, 10, 0.7)]
    others = [samples for samples in map(read_audio, speech) if len(samples) > 12 * RATE][::5]
    rest = [face for video, face in faces.items() if video != talks]
    kinds = {
        (TALKS, "its own"): ([faces[talks]], [own]),
        (TALKS, "its own, moved by 0.5 s and more"): ([faces[talks]], moved),
        (TALKS, "of others"): ([faces[talks]], others),
        ("four others", "of others, and of the first"): (rest, [own, *others]),
    }
    rows = []
    for (name, sound), (shown_faces, sounds) in kinds.items():
        found = [
            agreement(face, samples, begins, begins + SPAN)
            for face in shown_faces
            for samples in sounds
            for begins in np.arange(0.0, min(face.time[-1], len(samples) / RATE) - SPAN, 1.0)
        ]
        told = [one for one in found if one is not None]
        rows.append([name, sound, str(len(told)), f"{sum(one.speaks for one in told)}"])
    return rows


if __name__ == "__main__":
    main()
