"""Hearing a code: speech recognition by pocketsphinx, of which the grammar is all that may be said.

The decoder goes through the whole sound once. Before and after the sentence anything may be said, which is phones in
any order, each at a price; the sentence itself has a place for each word of the code, and in each of them any word of
the list may stand. So the wanted code has no advantage over any other: what is heard is compared with it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.capture.proof.code import LENGTH, MONTHS, ORDINALS, WORDS
from splatavatar.extras import required

RATE = 16000
"""Hz"""
FRAMES = 100
"""of the decoder, a second"""
BEFORE = ("i", "agree", "to", "become", "an", "avatar", "my", "code", "is")
AFTER = ("today", "is", "the")
"""what is said around the code: the longer it is, the surer is where the code begins"""
PHONES = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH"),
    *("K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)
ANYTHING = "any-"
"""how words begin that are a phone of whatever else is said"""
ELSE_PRICE = 1e-12
"""probability of each such phone, beside 1 of each word of the sentence"""
BEAM, WORD_BEAM = 1e-130, 1e-110
"""of the search, wide: the end of the sentence says where it began"""
LOUDEST = 0.8
"""to which sound is scaled"""
NOISE = 1e-3
"""that is added to it"""


@dataclass(frozen=True)
class Heard:
    """The sentence as it was heard."""

    words: tuple[str, ...]
    """of the code, one for each place"""
    day: int
    month: int
    begins: float
    ends: float
    """seconds, from the first word before the code to the month"""


class Ear:
    """A decoder that knows the sentence. Raises DependencyError where pocketsphinx is absent."""

    def __init__(self) -> None:
        decoder = required("pocketsphinx").Decoder
        self._decoder: Any = decoder(
            lm=None, loglevel="FATAL", bestpath=False, lw=1.0, beam=BEAM, pbeam=BEAM, wbeam=WORD_BEAM
        )
        for phone in PHONES:
            self._decoder.add_word(ANYTHING + phone, phone, phone == PHONES[-1])
        states, moves = _grammar()
        self._decoder.add_fsg("sentence", self._decoder.create_fsg("sentence", 0, states - 1, moves))
        self._decoder.activate_search("sentence")

    def hear(self, samples: Floats) -> Heard | None:
        """The sentence in ``samples`` (n) at 16 kHz; None where none can be made of them."""
        loudest = float(np.abs(samples).max(initial=0.0))
        if len(samples) < RATE or loudest == 0.0:
            return None
        # Silence of no noise at all is like nothing that the model has heard.
        noise = np.random.default_rng(0).normal(size=len(samples)) * NOISE
        sound = np.rint((samples * (LOUDEST / loudest) + noise) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(sound, full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return None
        said = [(word, span) for word, span in self._said() if not word.startswith((ANYTHING, "<", "["))]
        return _understood(said)

    def _said(self) -> Iterator[tuple[str, tuple[float, float]]]:
        for part in self._decoder.seg():
            # Ways to pronounce a word are numbered.
            yield part.word.partition("(")[0], (part.start_frame / FRAMES, (part.end_frame + 1) / FRAMES)


def _understood(said: Sequence[tuple[str, tuple[float, float]]]) -> Heard | None:
    """None where the decoder has not come to the end of the sentence."""
    words = [word for word, _ in said]
    head, tail = len(BEFORE), len(BEFORE) + LENGTH
    if tuple(words[:head]) != BEFORE or tuple(words[tail : tail + len(AFTER)]) != AFTER:
        return None
    *day, of, month = words[tail + len(AFTER) :] or ("", "", "")
    if of != "of":
        return None
    return Heard(
        tuple(words[head:tail]),
        ORDINALS.index(" ".join(day)) + 1,
        MONTHS.index(month) + 1,
        said[0][1][0],
        said[-1][1][1],
    )


def _grammar() -> tuple[int, list[tuple[int, int, float, str]]]:
    """The number of states, from the first to the last of which the sentence leads, and its moves: from, to,
    probability, word."""
    moves: list[tuple[int, int, float, str]] = []
    states = 1

    def step(state: int, words: Sequence[str], to: int | None = None) -> int:
        nonlocal states
        if to is None:
            to, states = states, states + 1
        moves.extend((state, to, 1.0, word) for word in words)
        return to

    def anything(state: int) -> None:
        moves.extend((state, state, ELSE_PRICE, ANYTHING + phone) for phone in PHONES)

    anything(0)
    state = 0
    for word in BEFORE:
        state = step(state, [word])
    for _ in range(LENGTH):
        state = step(state, WORDS)
    for word in AFTER:
        state = step(state, [word])
    day = step(state, [ordinal for ordinal in ORDINALS if " " not in ordinal])
    for tens in ("twenty", "thirty"):
        step(step(state, [tens]), [o.removeprefix(f"{tens} ") for o in ORDINALS if o.startswith(f"{tens} ")], day)
    state = step(step(day, ["of"]), MONTHS)
    anything(state)
    return states, moves
