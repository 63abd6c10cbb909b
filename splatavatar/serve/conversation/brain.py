"""What finds an answer."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Protocol

from splatavatar.errors import SplatAvatarError


class BrainError(SplatAvatarError):
    """An answer that could not be had."""


class Brain(Protocol):
    """Answers what is said, and remembers it."""

    def answer(self, said: str) -> AsyncGenerator[str, None]:
        """The answer, piece by piece as it is found. Raises BrainError. Who stops listening ends it by ``aclose``."""
        ...

    def cut(self, heard: str) -> None:
        """The last answer was cut off: no more than this of it was heard, '' for nothing."""
        ...


ANSWERS = (
    ({"hello", "hi", "hey", "morning", "evening"}, "Hello. I am an avatar, and I run on this computer alone."),
    ({"name", "who"}, "I have no name yet. Somebody filmed a face, and this is what became of it."),
    (
        {"how", "work", "works", "made"},
        "A film of a person becomes a cloud of soft points that hang on a moving head. A small network hears what I "
        "say, and moves my lips.",
    ),
    ({"stop", "quiet", "wait"}, "I am quiet."),
    ({"bye", "goodbye"}, "Goodbye. It was nice to talk to you."),
    ({"thanks", "thank"}, "You are welcome."),
    ({"you", "your"}, "There is not much to say about me. I listen, and I answer by a list of sentences."),
)
"""words, one of which has to be there, and what is said then; the first that fits"""
OTHERWISE = (
    "I hear you. Ask me how this works.",
    "I am only a script. Give me a language model by brain URL, and I can say more.",
    "Tell me more.",
)


class ScriptedBrain:
    """Answers by a list: it needs no network and understands nothing."""

    def __init__(self) -> None:
        self._count = 0

    async def answer(self, said: str) -> AsyncGenerator[str, None]:
        """See ``Brain``."""
        words = set(re.findall(r"[a-z']+", said.lower()))
        for wanted, sentence in ANSWERS:
            if words & wanted:
                yield sentence
                return
        yield OTHERWISE[self._count % len(OTHERWISE)]
        self._count += 1

    def cut(self, heard: str) -> None:
        """See ``Brain``; its answers do not go by those before."""
