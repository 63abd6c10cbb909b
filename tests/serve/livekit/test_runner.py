from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from livekit.rtc.participant import PublishTrackError

from splatavatar.serve.livekit.client_rendering import OFFERED
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.output import SpeechOutput
from splatavatar.serve.livekit.runner import SplatRunner
from splatavatar.serve.livekit.tracks import PICTURES
from splatavatar.serve.stage import Stage
from support.livekit_room import AGENT, Meeting
from support.livekit_sound import Sent
from support.livekit_speech import RATE, Events, frames, say, speech

SMALL = FaceOptions(width=64, height=64)
Drive = Callable[[SpeechOutput, SplatRunner], Awaitable[None]]


@asynccontextmanager
async def playing(stage: Stage) -> AsyncIterator[tuple[SpeechOutput, SplatRunner, Events]]:
    meeting = Meeting()
    room = meeting.join("agent")
    meeting.join("ann")
    output = SpeechOutput(RATE)
    runner = SplatRunner(room, output, stage, SMALL)
    await runner.start()
    try:
        yield output, runner, Events(output)
    finally:
        await runner.aclose()


def driven(stage: Stage, drive: Drive) -> list[tuple[str, float, bool]]:
    async def run() -> list[tuple[str, float, bool]]:
        async with playing(stage) as (output, runner, events):
            await drive(output, runner)
            return events.all

    return asyncio.run(asyncio.wait_for(run(), 20))


def test_a_segment_is_heard_to_its_end_in_step_with_its_pictures(stage: Stage, sent: Sent) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await say(output, speech(1.0))
        await output.wait_for_playout()

    assert driven(stage, drive) == [("started", 0.0, False), ("finished", 1.0, False)]
    assert (sent.heard == speech(1.0)).all()


def test_sound_goes_on_while_nobody_speaks(stage: Stage, sent: Sent) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await asyncio.sleep(0.5)

    driven(stage, drive)
    lengths = [len(samples) for _, samples in sent.sound]
    assert lengths.count(RATE // 25) >= 5
    assert len(sent.pictures) >= 5
    assert not sent.heard.size


def test_what_is_told_of_an_interruption_is_what_was_heard(stage: Stage, sent: Sent) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await say(output, speech(2.0))
        await asyncio.sleep(0.6)
        output.clear_buffer()
        # Over at once: nobody waits for a face.
        await asyncio.wait_for(output.wait_for_playout(), 0.01)
        await asyncio.sleep(0.2)

    events = driven(stage, drive)
    assert [event[0::2] for event in events] == [("started", False), ("finished", True)]
    assert events[1][1] == pytest.approx(len(sent.heard) / RATE, abs=0.03)  # a piece is 20 ms
    assert not any(begins > sent.cleared[0] for begins, _ in sent.loud())
    assert (sent.heard == speech(2.0)[: len(sent.heard)]).all()


def test_sound_that_nobody_took_is_over_too(stage: Stage, sent: Sent) -> None:
    """An interruption in the moment in which speech comes, with LiveKit's own queue the agent waits for ever."""

    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await say(output, speech(0.3))
        output.clear_buffer()
        await asyncio.wait_for(output.wait_for_playout(), 1)
        await asyncio.sleep(0.1)

    assert driven(stage, drive) == [("finished", 0.0, True)]
    assert not sent.heard.size


def test_an_interruption_ends_all_that_waits(stage: Stage, sent: Sent) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        for _ in range(3):
            await say(output, speech(1.0))
        await asyncio.sleep(0.4)
        output.clear_buffer()
        await say(output, speech(0.2, level=100))
        await asyncio.wait_for(output.wait_for_playout(), 3)

    events = driven(stage, drive)
    finished = [event for event in events if event[0] == "finished"]
    assert [event[2] for event in finished] == [True, True, True, False]
    assert finished[0][1] > 0.1
    assert [event[1] for event in finished[1:]] == [0.0, 0.0, 0.2]
    assert (sent.heard[-round(0.2 * RATE) :] == speech(0.2, level=100)).all()


def test_random_interruptions_leave_nothing_open_and_nothing_stale(stage: Stage, sent: Sent) -> None:
    rng = np.random.default_rng(5)

    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        for turn in range(12):
            for frame in frames(speech(rng.uniform(0.02, 0.6), level=1000 + 100 * turn)):
                await output.capture_frame(frame)
                if rng.uniform() < 0.3:
                    await asyncio.sleep(rng.uniform(0, 0.03))
            if rng.uniform() < 0.5:
                output.flush()
            await asyncio.sleep(rng.uniform(0, 0.25))
            if rng.uniform() < 0.8:
                output.clear_buffer()
                await asyncio.wait_for(output.wait_for_playout(), 0.01)
            output.flush()
        await asyncio.wait_for(output.wait_for_playout(), 3)

    events = driven(stage, drive)
    finished = [event for event in events if event[0] == "finished"]
    assert len(finished) >= 12
    # What each interruption cut off ends there, and no sample of it is heard after.
    for cleared in sent.cleared:
        assert all(
            begins + len(samples) / RATE <= cleared + 0.001 for begins, samples in sent.sound if begins < cleared
        )


def test_an_empty_frame_is_a_segment(stage: Stage, sent: Sent) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await say(output, speech(0.0, level=0)[:0])
        output.flush()
        await say(output, speech(0.1))
        await output.wait_for_playout()

    assert driven(stage, drive)[-1] == ("finished", 0.1, False)


def test_sound_that_cannot_be_said_is_left_out(stage: Stage, sent: Sent, caplog: pytest.LogCaptureFixture) -> None:
    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await output._data_ch.send(frames(speech(0.1, 4000), 4000)[0])
        await say(output, speech(0.1))
        await output.wait_for_playout()

    assert driven(stage, drive) == [("started", 0.0, False), ("finished", 0.1, False)]
    assert "left out of what the avatar says: sound at 4000 Hz, expected 8000 to 192000 Hz." in caplog.text


def test_nothing_is_said_before_somebody_hears_it(stage: Stage, sent: Sent) -> None:
    async def run() -> None:
        meeting = Meeting()
        room = meeting.join("agent", AGENT)
        output = SpeechOutput(RATE)
        runner = SplatRunner(room, output, stage, SMALL)
        await runner.start()
        await say(output, speech(0.2))
        await asyncio.sleep(0.1)
        assert not sent.sound
        assert room.local_participant.tracks == ["avatar_audio"]
        meeting.join("ann")
        await output.wait_for_playout()
        assert room.local_participant.tracks == ["avatar_audio", "avatar_video"]
        await runner.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert (sent.heard == speech(0.2)).all()


def test_a_drawing_that_fails_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with playing(stage) as (_, runner, _):
            await runner.wait()

    def fail(*_: object) -> None:
        raise RuntimeError("no light")

    monkeypatch.setattr(Stage, "draw", fail)
    with pytest.raises(RuntimeError, match="no light"):
        asyncio.run(asyncio.wait_for(run(), 5))


def test_speech_waits_for_no_picture(stage: Stage, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first picture is drawn until all has been heard."""
    heard = threading.Event()
    draw = stage.draw

    def slow(*given: Any) -> Any:
        assert heard.wait(15)
        return draw(*given)

    monkeypatch.setattr(stage, "draw", slow)

    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        await say(output, speech(0.5))
        try:
            await asyncio.wait_for(output.wait_for_playout(), 10)
        finally:
            heard.set()

    assert driven(stage, drive) == [("started", 0.0, False), ("finished", 0.5, False)]


def test_a_picture_that_cannot_be_drawn_ends_it(stage: Stage, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no picture")

    monkeypatch.setattr(stage, "draw", broken)

    async def drive(output: SpeechOutput, runner: SplatRunner) -> None:
        with pytest.raises(RuntimeError, match="no picture"):
            await runner.wait()

    driven(stage, drive)


@pytest.mark.parametrize("client_rendered", [False, True])
def test_its_tracks_and_its_offer_go_with_it(client_rendered: bool, stage: Stage, sent: Sent) -> None:
    async def run() -> None:
        room = (meeting := Meeting()).join("agent")
        meeting.join("ann")
        options = replace(SMALL, client_rendered=client_rendered)
        runner = SplatRunner(room, SpeechOutput(RATE), stage, options)
        await runner.start()
        while len(room.local_participant.tracks) < 2:
            await asyncio.sleep(0.01)
        await runner.aclose()
        assert room.local_participant.tracks == []
        assert not room.local_participant.attributes.get(OFFERED)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_pictures_that_may_not_be_published_are_not_offered_at_every_moment(
    stage: Stage, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> int:
        room = (meeting := Meeting()).join("agent")
        meeting.join("ann")
        publish, tries = room.local_participant.publish_track, 0

        async def refused(track: Any, options: Any) -> Any:
            nonlocal tries
            if track.name == PICTURES:
                tries += 1
                raise PublishTrackError("not allowed")
            return await publish(track, options)

        room.local_participant.publish_track = refused  # type: ignore[method-assign]
        output = SpeechOutput(RATE)
        runner = SplatRunner(room, output, stage, replace(SMALL, client_rendered=True))
        await runner.start()
        await say(output, speech(0.4))
        await output.wait_for_playout()
        await runner.aclose()
        return tries

    assert asyncio.run(asyncio.wait_for(run(), 20)) == 1
    assert "the pictures of the avatar cannot be published: not allowed" in caplog.text
    assert "never retrieved" not in caplog.text


def test_a_closed_output_keeps_nothing() -> None:
    async def run() -> None:
        output = SpeechOutput(RATE)
        events = Events(output)
        output.close()
        for _ in range(3):
            await say(output, speech(1.0))
        assert events.all == [("finished", 0.0, True)] * 3
        assert output._data_ch.empty()

    asyncio.run(run())
