"""Whose voice the face listens to."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from splatavatar.serve.livekit import listening
from splatavatar.serve.livekit.listening import Listening
from support.livekit_room import AGENT, Meeting, Room
from support.livekit_speech import frames, speech


class Stream:
    """The sound of a track, which is a list of what it says; then it ends, or says nothing more."""

    def __init__(self, track: Any, **_: Any) -> None:
        self._track = track

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0.01)
        if self._track.over:
            raise StopAsyncIteration
        return SimpleNamespace(frame=self._track.frame)

    async def aclose(self) -> None:
        """Nothing is held."""


class Face:
    """Remembers whose sound it was given, by how long the pieces are."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def hear(self, samples: Any, rate: int, channels: int) -> None:
        self.heard.append(len(samples))

    async def hears(self, length: int) -> None:
        """Return when sound of pieces of that many samples has come since."""
        self.heard.clear()
        while length not in self.heard:
            await asyncio.sleep(0.01)


async def speaker(meeting: Meeting, listener: Room, name: str, seconds: float) -> tuple[Room, Any]:
    """Somebody whose microphone is subscribed to."""
    room = meeting.join(name)
    (frame,) = frames(speech(seconds, 16000), 16000, seconds)
    track = SimpleNamespace(name=name, kind=rtc.TrackKind.KIND_AUDIO, over=False, frame=frame)
    options = SimpleNamespace(source=rtc.TrackSource.SOURCE_MICROPHONE)
    publication = await room.local_participant.publish_track(track, options)
    publication.track = track
    listener.emit("track_subscribed", track, publication, room.local_participant)
    return room, publication


@pytest.mark.parametrize("how", ["leaves", "ends"])
def test_when_the_first_one_is_gone_another_is_heard(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening.rtc, "AudioStream", Stream)

    async def run() -> None:
        meeting, face = Meeting(), Face()
        room = meeting.join("worker", AGENT)
        hearing = Listening(room, face)  # type: ignore[arg-type]
        hearing.start()
        ann, published = await speaker(meeting, room, "ann", 0.02)
        await speaker(meeting, room, "bob", 0.03)
        await face.hears(320)
        assert 480 not in face.heard
        if how == "leaves":
            room.emit("track_unsubscribed", published.track, published, ann.local_participant)
            await ann.disconnect()
        else:
            published.track.over = True
        await face.hears(480)
        await hearing.aclose()
        face.heard.clear()
        await asyncio.sleep(0.05)
        assert face.heard == []

    asyncio.run(asyncio.wait_for(run(), 20))
