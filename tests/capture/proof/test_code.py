"""Sentences and codes."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace

import pocketsphinx

from splatavatar.capture.proof.code import LENGTH, MONTHS, NEEDED, ORDINALS, WORDS, Code, new_code

DAY = datetime.date(2026, 11, 27)
CODE = Code(("window", "paper", "kingdom", "trumpet", "yellow", "story"), DAY)


def test_the_sentence_has_the_code_and_the_day() -> None:
    assert CODE.sentence == (
        "I agree to become an avatar. My code is: window, paper, kingdom, trumpet, yellow, story. "
        "Today is the twenty-seventh of November."
    )
    assert replace(CODE, date=datetime.date(2027, 1, 1)).sentence.endswith("Today is the first of January.")
    assert len(ORDINALS) == 31
    assert len(MONTHS) == 12


def test_a_code_is_drawn_from_64_words() -> None:
    assert len(WORDS) == len(set(WORDS)) == 64
    codes = [new_code(DAY) for _ in range(200)]
    assert len({code.words for code in codes}) == 200
    assert {word for code in codes for word in code.words} == set(WORDS)
    assert all(len(code.words) == LENGTH and code.date == DAY for code in codes)
    assert all(one != two for code in codes for one, two in zip(code.words, code.words[1:], strict=False))


def test_enough_words_in_their_places_are_a_code_and_one_less_is_none() -> None:
    for wrong in range(LENGTH + 1):
        heard = tuple("museum" if place < wrong else word for place, word in enumerate(CODE.words))
        assert CODE.heard_in(heard) == (LENGTH - wrong >= NEEDED)
    assert not CODE.heard_in(())
    assert not CODE.heard_in(CODE.words[:NEEDED])
    assert not CODE.heard_in(CODE.words[1:] + CODE.words[:1])


def test_by_chance_a_code_is_heard_in_less_than_one_of_a_million() -> None:
    others = len(WORDS) - 1
    ways = sum(math.comb(LENGTH, wrong) * others**wrong for wrong in range(LENGTH - NEEDED + 1))
    assert ways / len(WORDS) ** LENGTH < 1e-6


def test_the_dictionary_of_the_decoder_has_every_word() -> None:
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    said = {word for phrase in (*WORDS, *ORDINALS, *MONTHS) for word in phrase.split()}
    assert [word for word in sorted(said) if decoder.lookup_word(word) is None] == []
