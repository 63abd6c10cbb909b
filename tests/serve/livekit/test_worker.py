from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput
from livekit.rtc.participant import PublishTrackError

from splatavatar.errors import RoomError
from splatavatar.serve.livekit import worker
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.stage import Stage
from support.livekit_room import AGENT, Meeting
from support.livekit_sound import Sent
from support.livekit_speech import RATE, Events, say, speech

SMALL = FaceOptions(width=64, height=64)


class Scene:
    """An agent, a person and a worker in a room."""

    def __init__(self, stage: Stage) -> None:
        self.meeting = Meeting()
        self.agent = self.meeting.join("agent", AGENT)
        self.face = self.meeting.join("face", AGENT, {"lk.publish_on_behalf": "agent"})
        self.meeting.join("ann")
        self.stop = asyncio.Event()
        self.working = asyncio.create_task(worker.serve(self.face, stage, SMALL, self.stop))
        self.output = DataStreamAudioOutput(
            self.agent,
            destination_identity="face",
            sample_rate=RATE,
            wait_remote_track=rtc.TrackKind.KIND_AUDIO,
            wait_playback_start=True,
        )
        self.events = Events(self.output)


def run(scene: Any) -> Any:
    return asyncio.run(asyncio.wait_for(scene, 20))


def test_what_an_agent_sends_is_said_and_interrupted(stage: Stage, sent: Sent) -> None:
    async def scene() -> list[tuple[str, float, bool]]:
        at = Scene(stage)
        await say(at.output, speech(0.3))
        await at.output.wait_for_playout()
        await say(at.output, speech(2.0))
        await asyncio.sleep(0.5)
        at.output.clear_buffer()
        await at.output.wait_for_playout()
        # The end of what was cut off arrives late, and is none of what follows.
        await say(at.output, speech(0.2))
        await at.output.wait_for_playout()
        at.stop.set()
        assert await at.working == "it was asked to"
        return at.events.all

    events = run(scene())
    assert [event[0] for event in events] == ["started", "finished"] * 3
    assert [event[2] for event in events[1::2]] == [False, True, False]
    assert (events[1][1], events[5][1]) == (0.3, 0.2)
    assert 0.1 < events[3][1] < 0.8


def test_segments_whose_ends_are_lost_are_told_all_the_same(stage: Stage, sent: Sent) -> None:
    async def scene() -> list[tuple[str, float, bool]]:
        at = Scene(stage)
        at.meeting.lose_ends = True
        await say(at.output, speech(0.2))
        await asyncio.sleep(0.6)
        await say(at.output, speech(0.2))
        await asyncio.sleep(0.1)
        at.output.clear_buffer()
        await at.output.wait_for_playout()
        at.stop.set()
        await at.working
        return at.events.all

    assert [event[::2] for event in run(scene())] == [
        ("started", False),
        ("finished", False),
        ("started", False),
        ("finished", True),
    ]


def test_it_leaves_with_the_agent(stage: Stage, sent: Sent) -> None:
    async def scene() -> str:
        at = Scene(stage)
        await say(at.output, speech(2.0))
        await asyncio.sleep(0.1)
        await at.agent.disconnect()
        return await asyncio.wait_for(at.working, 3)

    assert run(scene()) == "the agent left"


def test_it_leaves_a_room_that_is_closed(stage: Stage, sent: Sent) -> None:
    async def scene() -> str:
        at = Scene(stage)
        await asyncio.sleep(0.1)
        await at.face.disconnect()
        return await asyncio.wait_for(at.working, 3)

    assert run(scene()) == "the room is closed"


def test_no_agent_comes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        room = Meeting().join("face", AGENT)
        await worker.serve(room, stage, SMALL)

    monkeypatch.setattr(worker, "COMING", 0.1)
    with pytest.raises(RoomError, match=r"no agent came into the room in 0\.1 s"):
        run(scene())


def test_a_token_that_does_not_allow_to_publish(stage: Stage, sent: Sent) -> None:
    async def scene() -> None:
        at = Scene(stage)

        async def refused(*_: object) -> None:
            raise PublishTrackError("insufficient permissions\nto publish")

        at.face.local_participant.publish_track = refused
        await at.working

    with pytest.raises(RoomError) as caught:
        run(scene())
    assert str(caught.value) == (
        "the face cannot be published in the room (insufficient permissions\\nto publish); its token has to allow that."
    )


@pytest.mark.parametrize("joins", [True, False])
def test_who_is_to_leave_while_a_room_is_joined_waits_for_no_server(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, joins: bool
) -> None:
    class Slow:
        """A room whose server says nothing until it is told to."""

        def __init__(self) -> None:
            self.answered, self.left = asyncio.Event(), asyncio.Event()
            self.joining = asyncio.Event()
            rooms.append(self)

        async def connect(self, *_: object) -> None:
            self.joining.set()
            await self.answered.wait()
            if not joins:
                raise rtc.ConnectError("no")

        async def disconnect(self) -> None:
            self.left.set()

    async def scene() -> str:
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work("ws://h", "t", stage, SMALL, stop))
        while not rooms:
            await asyncio.sleep(0)
        await rooms[0].joining.wait()
        stop.set()
        why = await asyncio.wait_for(working, 5)
        # Who is let in after all leaves.
        rooms[0].answered.set()
        while worker._LEAVING:
            await asyncio.sleep(0.01)
        assert rooms[0].left.is_set() == joins
        return why

    rooms: list[Slow] = []
    monkeypatch.setattr(rtc, "Room", Slow)
    assert run(scene()) == "it was asked to"
