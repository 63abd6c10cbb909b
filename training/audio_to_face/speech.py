"""Recordings of people with the times of what they say, by pocketsphinx and the English model in its package.

Where the text of a recording is known, its phonemes are aligned to the sound. Where it is not, and the language is
English, what the recogniser hears is taken for the text: its words are often wrong, but they sound, and look, like
those that were said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from espeak import Espeak, Phone
from numpy.typing import NDArray
from pronunciation import pronounce

from splatavatar.drive.audio.sound import RATE, read_audio

Floats = NDArray[np.float32]

FRAME = 0.01
"""seconds of a frame of the recogniser"""
IPA = {
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɝ", "EY": "eɪ"},
    **{"IH": "ɪ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u", "B": "b", "CH": "tʃ", "D": "d"},
    **{"DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ"},
    **{"P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z"},
    "ZH": "ʒ",
}
"""of the phonemes of CMU's dictionary; what is not in it is silence or noise"""
SHORT = 0.07
"""seconds below which AH, of which the dictionary has no stress, counts as the reduced vowel"""
RELEASE = {"p": 0.04, "b": 0.02, "m": 0.01}
"""seconds, at most 0.4 of the phoneme, for which the lips have opened already at its end"""
VOICES = {"de": "de", "fr": "fr", "es": "es", "pt": "pt-br"}
"""of espeak-ng, which knows how words of a language are pronounced"""
LEARNT = ("LibriSpeech train-clean-100", "Rhasspy voice dataset (kerstin)", "Multilingual LibriSpeech")
KEPT_OUT = ("LibriSpeech test-other", "LJ Speech", "US president, inaugural address 1961")
UNNAMED, EVERY = ("FLEURS",), 3
"""corpora to learn from and to measure on; those without speakers' names, of which every third recording is kept out"""
PEAK = 0.7
"""of full scale, that the recogniser hears"""


@dataclass(frozen=True)
class Spoken:
    """One recording."""

    name: str
    language: str
    speaker: str
    samples: Floats
    phones: list[Phone]

    @property
    def closures(self) -> list[tuple[float, float]]:
        """(start, end) in seconds where the lips are closed: aligned stops contain their closure."""
        found = []
        for phone in self.phones:
            if phone.ipa in RELEASE:
                found.append((phone.start, phone.end - min(RELEASE[phone.ipa], 0.4 * (phone.end - phone.start))))
        return found


class Aligner:
    """The recogniser, with a language model for unknown text and without one for known text."""

    def __init__(self, espeak: Espeak) -> None:
        from pocketsphinx import Decoder

        settings: dict[str, Any] = {"samprate": RATE, "loglevel": "FATAL", "cmn": "batch"}
        self._listening = Decoder(**settings, maxhmmpf=3000)
        self._aligning = Decoder(**settings, lm=None)
        self._espeak = espeak
        self._added: dict[str, list[str]] = {}

    def phones(self, samples: Floats, text: str = "", language: str = "en") -> list[Phone]:
        """The phonemes of ``samples`` (mono, 16 kHz), '' for silence; none where it finds no words.

        Text in a language other than English is needed, and is aligned by the nearest phonemes of English.
        """
        loud = samples * (PEAK / max(float(np.abs(samples).max()), 1e-3))
        data = (loud * 32767).astype(np.int16).tobytes()
        words = re.sub(r"[^\w' ]", " ", text.lower()).split()
        if language != "en":
            words = [name for word in words if (name := self._add(word, language))]
        elif any(self._listening.lookup_word(word) is None for word in words):
            words = []
        if not words and language == "en":
            _hear(self._listening, data)
            heard = self._listening.hyp()
            words = heard.hypstr.split() if heard is not None else []
        if not words:
            return []
        self._aligning.set_align_text(" ".join(words))
        try:
            _hear(self._aligning, data)
            self._aligning.set_alignment()  # of the words; now that of their phonemes
            _hear(self._aligning, data)
        except RuntimeError:  # the words do not fit the sound
            return []
        found = []
        for word in self._aligning.get_alignment():
            for n, phone in enumerate(word):
                start, seconds = phone.start * FRAME, phone.duration * FRAME
                ipa = self._added[word.name][n] if word.name in self._added else _ipa(phone.name, seconds)
                found.append(Phone(ipa, start, start + seconds))
        return found

    def _add(self, word: str, language: str) -> str:
        """The name under which the recogniser knows a word of another language; '' where it has no sound."""
        name = f"{language}:{word}"
        if name not in self._added:
            sounds = pronounce(self._espeak, word, VOICES[language])
            if not sounds:
                return ""
            self._aligning.add_word(name, " ".join(english for _, english in sounds), True)
            self._added[name] = [ipa for ipa, _ in sounds]
        return name


def recordings(folder: Path, espeak: Espeak, kept_out: bool) -> Iterator[Spoken]:
    """The recordings in a folder with ``index.json``, in its order, that can be aligned: to learn from, or kept out.

    The index is a list of objects with ``file``, ``corpus``, ``language``, ``speaker`` and ``transcript``, which may be
    empty where the language is English. No speaker is in both kinds.
    """
    aligner = Aligner(espeak)
    unnamed = 0
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        corpus, language, text = entry["corpus"], entry["language"], entry["transcript"]
        if language != "en" and (language not in VOICES or not text):
            continue
        held = corpus in KEPT_OUT
        if corpus in UNNAMED:
            unnamed += 1
            held = unnamed % EVERY == 0
        if held != kept_out or not (held or corpus in LEARNT or corpus in UNNAMED):
            continue
        samples = read_audio(folder / entry["file"])
        phones = aligner.phones(samples, text, language)
        if phones:
            yield Spoken(entry["file"], language, entry["speaker"], samples, phones)


def _hear(decoder: Any, data: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(data, full_utt=True)
    decoder.end_utt()


def _ipa(name: str, seconds: float) -> str:
    if name == "AH" and seconds < SHORT:
        return "ə"
    return IPA.get(name, "")
