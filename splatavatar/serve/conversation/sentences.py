"""Sentences of a text that comes in pieces: a voice begins with the first while the rest is thought of."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

LONGEST = 240
"""characters after which a sentence is cut between two words"""
_END = re.compile(r"(?<=[.!?…:;])[\"')\]]*\s+|(?<=[。！？])|\n+")


async def sentences(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Each sentence as soon as what follows shows that it is over."""
    text = ""
    async for piece in pieces:
        text += piece
        while (cut := _cut(text)) is not None:
            sentence, text = text[:cut].strip(), text[cut:]
            if _speakable(sentence):
                yield sentence
    if _speakable(text):
        yield text.strip()


def _cut(text: str) -> int | None:
    found = _END.search(text)
    if found is not None and found.end() <= LONGEST:
        return found.end()
    if len(text) <= LONGEST:
        return None
    space = text.rfind(" ", 1, LONGEST)
    return LONGEST if space < 1 else space


def _speakable(text: str) -> bool:
    return any(character.isalnum() for character in text)
