"""The sentence that is read aloud: a code of words drawn by chance, and the day."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

WORDS = (
    *("airplane", "already", "balcony", "beautiful", "bedroom", "believe", "bicycle", "breakfast", "butterfly"),
    *("century", "character", "children", "chimney", "chocolate", "comfort", "condition", "continent", "country"),
    *("curious", "dangerous", "delicate", "different", "evening", "famous", "fortune", "freedom", "great", "horizon"),
    *("hospital", "important", "instant", "justice", "kingdom", "language", "library", "little", "message", "moment"),
    *("monkey", "museum", "mysterious", "national", "obvious", "officer", "opinion", "paper", "pencil", "president"),
    *("property", "question", "remember", "satellite", "story", "subject", "sunshine", "together", "tomorrow"),
    *("trumpet", "umbrella", "violin", "window", "wonderful", "yellow", "yesterday"),
)
"""64 words that are easy to read and far apart by their sounds"""
LENGTH = 6
"""words of a code: 36 bits"""
NEEDED = 4
"""of them that must be heard, each in its place: of all codes 1 in 1.1 million has so many in common with another"""
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    "twentieth",
    *("twenty first", "twenty second", "twenty third", "twenty fourth", "twenty fifth", "twenty sixth"),
    *("twenty seventh", "twenty eighth", "twenty ninth", "thirtieth", "thirty first"),
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)


@dataclass(frozen=True)
class Code:
    """What somebody is to say, and on which day."""

    words: tuple[str, ...]
    """``LENGTH`` of ``WORDS``"""
    date: datetime.date
    """the day on which it was drawn"""
    heard: str | None = field(default=None, compare=False)
    """the SHA-256 of the sound in which it was heard, as the proof has it; it proves no other film any more"""

    @property
    def sentence(self) -> str:
        """The whole of what is read aloud."""
        day = ORDINALS[self.date.day - 1].replace(" ", "-")
        month = MONTHS[self.date.month - 1].capitalize()
        return f"I agree to become an avatar. My code is: {', '.join(self.words)}. Today is the {day} of {month}."

    def heard_in(self, words: Sequence[str]) -> bool:
        """Whether of ``words``, one for each place, enough are those of the code."""
        return len(words) == LENGTH and sum(map(str.__eq__, words, self.words)) >= NEEDED


def new_code(today: datetime.date) -> Code:
    """A code drawn by chance that nobody can guess; no word comes twice in a row."""
    words: list[str] = []
    while len(words) < LENGTH:
        word = secrets.choice(WORDS)
        if word not in words[-1:]:
            words.append(word)
    return Code(tuple(words), today)
