"""Who watches a session, or sends it speech, wants silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.serve.conversation.conversation import Conversation, Happened
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from splatavatar.serve.session.session import Wanted
from splatavatar.serve.speech.resampling import Samples
from support.service import LoudMouth, avatar_folder

RATE = 16000


class Thoughtful:
    """Takes its time before each of two sentences."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.goes_on = asyncio.Event()

    async def answer(self, said: str) -> AsyncGenerator[str, None]:
        yield "This is the first. "
        await self.goes_on.wait()
        yield "This is the second."

    def cut(self, heard: str) -> None:
        self.heard.append(heard)


class Buzz:
    """A voice that says every text in a second."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        self.said.append(text)
        yield np.full(RATE, 3000, np.int16), RATE


@pytest.mark.parametrize("by", ["path", "message"])
def test_a_conversation_says_nothing_more_of_what_somebody_else_cut_off(by: str, tmp_path: Path) -> None:
    library = Library.of(str(avatar_folder(tmp_path / "avatars")), False, "cpu", True, None)
    told: list[Happened] = []

    async def run() -> None:
        admission = Admission(8, 20, memory=lambda: None)
        registry = Registry(library, admission, Metrics(process=False), model=LoudMouth)
        session = await registry.open(Wanted("ann", "client", 64, 64, 25.0), None)
        brain, voice = Thoughtful(), Buzz()
        conversation = Conversation(brain, FaceSpeaker(session.face, voice, session.cut), told.append)
        session.speakers.append(conversation.interrupt)
        conversation.take("hello")
        while not session.face.waiting:
            await asyncio.sleep(0.005)
        if by == "path":
            assert session.interrupt() == [0]
        else:
            assert session.inbox().offer('{"type": "clear"}')
        brain.goes_on.set()
        await asyncio.sleep(0.1)
        assert not conversation.busy
        assert voice.said == ["This is the first."]
        assert brain.heard == [""]
        conversation.take("again")
        while conversation.busy and session.face.waiting < 2.0:
            await asyncio.sleep(0.005)
        assert voice.said[1:] == ["This is the first.", "This is the second."]
        await conversation.close()
        await registry.end(session, "deleted")

    asyncio.run(run())
    assert [what.kind for what in told] == ["user", "avatar", "interrupted", "user", "avatar", "avatar"]
