from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.serve.conversation.brain import BrainError
from splatavatar.serve.conversation.conversation import UNCLEAR, Conversation, Happened
from splatavatar.serve.conversation.recogniser import RATE, Recogniser
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.voice import VoiceError

EXAMPLE = Path(__file__).parents[3] / "examples" / "conversation.py"


class Given:
    """Answers in two sentences, or not at all."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def answer(self, said: str) -> AsyncGenerator[str, None]:
        if said == "fail":
            raise BrainError("the brain is out.")
        yield f"You said {said}. "
        yield "That is all."

    def cut(self, heard: str) -> None:
        self.heard.append(heard)


class Slow:
    """Takes a while for each text."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.takes = 0.02
        self.busy = False
        self.interrupted = 0

    async def say(self, text: str) -> None:
        self.busy = True
        self.said.append(text)
        await asyncio.sleep(self.takes)
        self.busy = False

    def interrupt(self) -> list[str]:
        unheard = self.said[-1:] if self.busy else []
        self.busy = False
        self.interrupted += 1
        return unheard


class Ear(Recogniser):
    """Understands every turn as ``words``, and takes a while for it."""

    def __init__(self, words: str, takes: float = 0.0) -> None:
        self._words, self._takes = words, takes
        self.asked = threading.Event()

    def push(self, samples: Samples) -> None:
        pass

    def finish(self) -> str:
        self.asked.set()
        time.sleep(self._takes)
        return self._words


class Buzz:
    """A voice that says every text in a second."""

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        yield np.full(RATE, 3000, np.int16), RATE


class Mute(Slow):
    """Has no voice."""

    async def say(self, text: str) -> None:
        raise VoiceError("the voice is gone.")


def turn() -> Samples:
    """A buzz like a voice, and the silence after it."""
    t = np.arange(RATE) / RATE
    return np.concatenate([np.asarray(8000 * np.sign(np.sin(2 * np.pi * 140 * t)), np.int16), np.zeros(RATE, np.int16)])


def hear_turn(conversation: Conversation, sound: Samples) -> None:
    for piece in np.array_split(sound, 100):
        conversation.hear(piece, RATE)


async def until_quiet(conversation: Conversation) -> None:
    while conversation.busy:
        await asyncio.sleep(0.005)


def talk(*lines: str, between: float = 0.3) -> tuple[list[tuple[str, str]], Slow]:
    told: list[Happened] = []
    speaker = Slow()

    async def run() -> None:
        conversation = Conversation(Given(), speaker, told.append)
        for line in lines:
            conversation.take(line)
            await asyncio.sleep(between)
        await until_quiet(conversation)
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


def test_what_is_not_understood_ends_the_answer_before_it() -> None:
    told: list[Happened] = []
    speaker, ear = Slow(), Ear("", takes=0.1)

    async def run() -> None:
        conversation = Conversation(Given(), speaker, told.append, ear)
        hear_turn(conversation, turn())
        assert await asyncio.to_thread(ear.asked.wait, 10)
        speaker.takes = 0.2
        conversation.take("typed")
        while UNCLEAR not in speaker.said:
            await asyncio.sleep(0.005)
        conversation.interrupt()
        await asyncio.sleep(0.5)
        await conversation.close()

    asyncio.run(run())
    assert speaker.said == ["You said typed.", UNCLEAR]
    assert [what.kind for what in told] == ["listening", "user", "avatar", "interrupted", "avatar", "interrupted"]


def test_a_voice_that_fails_is_told_also_where_nothing_was_understood() -> None:
    told: list[Happened] = []

    async def run() -> None:
        conversation = Conversation(Given(), Mute(), told.append, Ear(""))
        hear_turn(conversation, turn())
        await until_quiet(conversation)
        await asyncio.sleep(0.05)
        await conversation.close()

    asyncio.run(run())
    assert told[1:] == [Happened("avatar", UNCLEAR), Happened("failed", "the voice is gone.")]


@pytest.mark.parametrize("words", ["hello", ""])
def test_nothing_is_said_after_the_end(words: str) -> None:
    told: list[Happened] = []
    speaker, ear = Slow(), Ear(words, takes=0.1)

    async def run() -> None:
        conversation = Conversation(Given(), speaker, told.append, ear)
        speaker.takes = 10.0
        conversation.take("typed")
        await asyncio.sleep(0.01)
        hear_turn(conversation, turn())
        assert await asyncio.to_thread(ear.asked.wait, 10)
        conversation.take("once more")
        await asyncio.sleep(0.01)
        await conversation.close()
        assert not speaker.busy
        told.clear()
        speaker.said.clear()
        conversation.take("more")
        hear_turn(conversation, turn())
        await asyncio.sleep(0.2)
        await conversation.close()

    asyncio.run(run())
    assert (told, speaker.said) == ([], [])


def test_the_brain_is_told_what_was_heard() -> None:
    brain, speaker = Given(), Slow()

    async def run() -> None:
        conversation = Conversation(brain, speaker, lambda what: None)
        conversation.take("one")  # heard whole
        await until_quiet(conversation)
        speaker.takes = 0.1
        conversation.take("two")  # cut off in the second sentence
        await asyncio.sleep(0.15)
        conversation.take("three")  # before anything
        await asyncio.sleep(0.05)
        conversation.interrupt()
        conversation.take("four")  # before it is thought of
        conversation.interrupt()
        await conversation.close()

    asyncio.run(run())
    assert brain.heard == ["You said two.", ""]


def test_what_a_face_had_not_said_yet_was_not_heard() -> None:
    brain, face = Given(), SpeakingFace(AudioToFace, 25.0, RATE)

    async def run() -> None:
        conversation = Conversation(brain, FaceSpeaker(face, Buzz()), lambda what: None)
        for pictures in (20, 30, 0):  # of 25 a sentence
            conversation.take("one")
            await asyncio.sleep(0.1)
            assert face.waiting == 2.0
            for _ in range(pictures):
                face.next()
            conversation.interrupt()
        await conversation.close()

    asyncio.run(run())
    assert brain.heard == ["You said one.", "You said one. That is all.", ""]


def test_what_a_voice_fails_to_say_was_not_heard() -> None:
    brain = Given()

    async def run() -> None:
        conversation = Conversation(brain, Mute(), lambda what: None)
        conversation.take("one")
        await until_quiet(conversation)
        await conversation.close()

    asyncio.run(run())
    assert brain.heard == [""]


def test_who_interrupts_at_once_hears_nothing() -> None:
    told: list[Happened] = []
    speaker = Slow()

    async def run() -> None:
        conversation = Conversation(Given(), speaker, told.append)
        conversation.take("hello")
        conversation.interrupt()
        await asyncio.sleep(0.05)
        await conversation.close()

    asyncio.run(run())
    assert [what.kind for what in told] == ["user", "interrupted"]
    assert speaker.said == []


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
