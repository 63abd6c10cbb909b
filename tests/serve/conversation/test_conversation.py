from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from splatavatar.serve.conversation.brain import BrainError
from splatavatar.serve.conversation.conversation import Conversation, Happened

EXAMPLE = Path(__file__).parents[3] / "examples" / "conversation.py"


class Given:
    """Answers in two sentences, or not at all."""

    async def answer(self, said: str) -> AsyncGenerator[str, None]:
        if said == "fail":
            raise BrainError("the brain is out.")
        yield f"You said {said}. "
        yield "That is all."


class Slow:
    """Takes a while for each text."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.busy = False
        self.interrupted = 0

    async def say(self, text: str) -> None:
        self.busy = True
        self.said.append(text)
        await asyncio.sleep(0.02)
        self.busy = False

    def interrupt(self) -> None:
        self.busy = False
        self.interrupted += 1


def talk(*lines: str, between: float = 0.3) -> tuple[list[tuple[str, str]], Slow]:
    told: list[Happened] = []
    speaker = Slow()

    async def run() -> None:
        conversation = Conversation(Given(), speaker, told.append)
        for line in lines:
            conversation.take(line)
            await asyncio.sleep(between)
        while conversation.busy:
            await asyncio.sleep(0.01)
        await conversation.close()

    asyncio.run(run())
    return [(what.kind, what.text) for what in told], speaker


def test_what_is_written_is_answered_sentence_by_sentence() -> None:
    told, speaker = talk("hello")
    assert speaker.said == ["You said hello.", "That is all."]
    assert told == [("user", "hello"), ("avatar", "You said hello."), ("avatar", "That is all.")]
    assert speaker.interrupted == 0


def test_who_goes_on_interrupts() -> None:
    told, speaker = talk("one", "two", between=0.005)
    assert speaker.said == ["You said one.", "You said two.", "That is all."]
    assert speaker.interrupted == 1
    assert ("interrupted", "") in told


def test_what_fails_is_told_and_the_conversation_goes_on() -> None:
    told, speaker = talk("fail", "hello")
    assert told[1] == ("failed", "the brain is out.")
    assert speaker.said == ["You said hello.", "That is all."]


def test_the_example_holds_a_conversation_by_itself() -> None:
    """The whole chain: a voice says lines, they are understood, answered, said and shown, and one interrupts."""
    for package in ("pocketsphinx", "espeakng_loader", "onnxruntime"):
        pytest.importorskip(package)
    run = subprocess.run([sys.executable, str(EXAMPLE), "--check"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("you:") >= 3
    assert "(interrupted)" in run.stdout
    assert run.stdout.count("answered after") == 3
    assert "silent after" in run.stdout


def test_the_example_says_in_one_line_what_is_wrong() -> None:
    run = subprocess.run([sys.executable, str(EXAMPLE), "--voice", "song"], capture_output=True, text=True)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "song is no voice" in run.stderr
