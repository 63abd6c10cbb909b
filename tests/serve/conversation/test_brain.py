from __future__ import annotations

import asyncio

from splatavatar.serve.conversation.brain import ANSWERS, OTHERWISE, ScriptedBrain


def answers(*said: str) -> list[str]:
    async def run() -> list[str]:
        brain = ScriptedBrain()
        out = []
        for text in said:
            pieces = [piece async for piece in brain.answer(text)]
            out.append("".join(pieces))
        return out

    return asyncio.run(run())


def test_words_choose_the_answer() -> None:
    assert answers("Well, HELLO there!", "what is your name") == [ANSWERS[0][1], ANSWERS[1][1]]


def test_anything_is_answered() -> None:
    assert answers("", "xyzzy", "?!", "\x00") == [*OTHERWISE, OTHERWISE[0]]
