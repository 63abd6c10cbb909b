from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from splatavatar.serve.conversation.sentences import LONGEST, sentences


def cut(*pieces: str) -> list[str]:
    async def coming() -> AsyncGenerator[str, None]:
        for piece in pieces:
            yield piece

    async def run() -> list[str]:
        return [sentence async for sentence in sentences(coming())]

    return asyncio.run(run())


def test_sentences_come_whole_however_the_text_is_cut() -> None:
    text = 'One. Two, of "3.5" words! Three?\nFour'
    expected = ["One.", 'Two, of "3.5" words!', "Three?", "Four"]
    assert cut(text) == cut(*text) == expected


def test_a_sentence_is_there_once_what_follows_shows_its_end() -> None:
    async def run() -> list[str]:
        given: asyncio.Queue[str | None] = asyncio.Queue()

        async def coming() -> AsyncGenerator[str, None]:
            while (piece := await given.get()) is not None:
                yield piece

        out = sentences(coming())
        await given.put("It is 3.")
        await given.put("14 and. Then")
        first = await anext(out)
        await given.put(None)
        return [first, *[rest async for rest in out]]

    assert asyncio.run(run()) == ["It is 3.14 and.", "Then"]


def test_what_has_no_letters_is_not_said() -> None:
    assert cut("... ", "!\n\n", " - ") == []


def test_a_sentence_without_an_end_is_cut_between_words() -> None:
    said = cut("word " * 200)
    assert max(map(len, said)) <= LONGEST
    assert " ".join(said).split() == ["word"] * 200
    assert "".join(cut("x" * 1000)) == "x" * 1000
