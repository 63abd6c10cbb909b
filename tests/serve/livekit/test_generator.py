from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarRunner, QueueAudioOutput

from splatavatar.errors import SignalError
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.generator import SplatVideoGenerator
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.stage import Stage
from support.livekit_room import Meeting
from support.livekit_sound import Sent
from support.livekit_speech import RATE, Events, frames, say, speech

SMALL = FaceOptions(width=64, height=64)
Frame = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd


def told(items: list[Frame]) -> str:
    """V, A and E in their order."""
    return "".join(
        "V" if isinstance(one, rtc.VideoFrame) else "A" if isinstance(one, rtc.AudioFrame) else "E" for one in items
    )


def sound(items: list[Frame]) -> Samples:
    pieces = [np.frombuffer(one.data, np.int16) for one in items if isinstance(one, rtc.AudioFrame)]
    return np.concatenate([np.zeros(0, np.int16), *pieces])


async def taken(generator: SplatVideoGenerator, count: int) -> list[Frame]:
    """What comes until so many pictures have."""
    out: list[Frame] = []
    async for item in generator:
        if isinstance(item, rtc.VideoFrame):
            if count == 0:
                break
            count -= 1
        out.append(item)
    return out


def test_idle_pictures_come_without_end_and_without_sound(stage: Stage) -> None:
    items = asyncio.run(taken(SplatVideoGenerator(stage, SMALL), 5))
    assert told(items) == "VVVVV"
    first = items[0]
    assert isinstance(first, rtc.VideoFrame)
    assert (first.width, first.height, len(first.data)) == (64, 64, 64 * 64 * 3)
    assert first.type == rtc.VideoBufferType.RGB24


def test_sound_follows_its_picture_and_the_end_the_last(stage: Stage) -> None:
    async def run() -> list[Frame]:
        generator = SplatVideoGenerator(stage, SMALL)
        for frame in frames(speech(0.21)):
            await generator.push_audio(frame)
        await generator.push_audio(AudioSegmentEnd())
        return await taken(generator, 8)

    items = asyncio.run(run())
    assert told(items) == "VAVAVAVAVAVAEVV"
    lengths = [one.samples_per_channel for one in items if isinstance(one, rtc.AudioFrame)]
    assert lengths == [960] * 5 + [240]
    assert (sound(items) == speech(0.21)).all()


def test_two_channels_are_heard_as_their_mean_and_buffers_may_be_used_again(stage: Stage) -> None:
    async def run() -> list[Frame]:
        generator = SplatVideoGenerator(stage, SMALL)
        buffer = bytearray(np.stack([speech(0.2), np.zeros(4800, np.int16)], 1).tobytes())
        await generator.push_audio(rtc.AudioFrame(buffer, RATE, 2, 4800))
        buffer[:] = bytes(len(buffer))
        await generator.push_audio(AudioSegmentEnd())
        return await taken(generator, 6)

    np.testing.assert_allclose(sound(asyncio.run(run())), speech(0.2) / 2, atol=1)


def test_a_rate_may_change_in_the_middle(stage: Stage) -> None:
    async def run() -> list[Frame]:
        generator = SplatVideoGenerator(stage, SMALL)
        for rate in (16000, 48000, 24000):
            for frame in frames(speech(0.1, rate), rate):
                await generator.push_audio(frame)
        await generator.push_audio(AudioSegmentEnd())
        return await taken(generator, 9)

    items = asyncio.run(run())
    assert told(items).startswith("VA" * 8 + "E")
    assert len(sound(items)) == round(0.3 * RATE)
    assert all(one.sample_rate == RATE for one in items if isinstance(one, rtc.AudioFrame))


def test_nothing_of_before_an_interruption_comes_after_it(stage: Stage) -> None:
    async def run() -> list[Frame]:
        generator = SplatVideoGenerator(stage, SMALL)
        out: list[Frame] = []
        for frame in frames(speech(1.0)):
            await generator.push_audio(frame)
        ending = False
        async for item in generator:
            out.append(item)
            if told(out).count("A") == 3 and not ending:
                ending = True
                # In the middle of a picture's pair, and its end comes all the same.
                coroutine = generator.clear_buffer()
                out.clear()
                task = asyncio.ensure_future(coroutine)
                await generator.push_audio(AudioSegmentEnd())
                for frame in frames(speech(0.08, level=100)):
                    await generator.push_audio(frame)
                second = asyncio.ensure_future(generator.push_audio(AudioSegmentEnd()))
            if ending and "E" in told(out):
                await asyncio.gather(task, second)
                return out
        return out

    items = asyncio.run(run())
    assert told(items).lstrip("V") == "AVAE"
    assert (sound(items) == speech(0.08, level=100)).all()


def test_an_end_without_sound_is_an_end(stage: Stage) -> None:
    async def run() -> list[Frame]:
        generator = SplatVideoGenerator(stage, SMALL)
        await generator.push_audio(AudioSegmentEnd())
        return await taken(generator, 2)

    assert told(asyncio.run(run())) == "VEV"


def test_sound_that_no_speech_has_is_refused(stage: Stage) -> None:
    generator = SplatVideoGenerator(stage, SMALL)
    with pytest.raises(SignalError, match="sound at 1000 Hz, expected 8000 to 192000 Hz"):
        asyncio.run(generator.push_audio(rtc.AudioFrame(bytes(200), 1000, 1, 100)))


@asynccontextmanager
async def playing(stage: Stage, attach: bool = True) -> AsyncIterator[tuple[QueueAudioOutput, Events]]:
    """LiveKit's own runner and output around the generator."""
    room = Meeting().join("agent")
    output = QueueAudioOutput(wait_playback_start=True)
    generator = SplatVideoGenerator(stage, SMALL)
    runner = AvatarRunner(room, audio_recv=output, video_gen=generator, options=generator.options)
    if attach:
        generator.attach(runner)
    room.meeting.heard.set()
    await runner.start()
    try:
        yield output, Events(output)
    finally:
        await runner.aclose()


def driven(stage: Stage, drive: Callable[[QueueAudioOutput], Awaitable[None]]) -> list[tuple[str, float, bool]]:
    async def run() -> list[tuple[str, float, bool]]:
        async with playing(stage) as (output, events):
            await drive(output)
            return events.all

    return asyncio.run(asyncio.wait_for(run(), 20))


def test_a_segment_is_heard_to_its_end(stage: Stage, sent: Sent) -> None:
    async def drive(output: QueueAudioOutput) -> None:
        await say(output, speech(1.0))
        await output.wait_for_playout()

    assert driven(stage, drive) == [("started", 0.0, False), ("finished", 1.0, False)]
    assert (sent.heard == speech(1.0)).all()


def test_an_interruption_is_told_with_what_was_heard_and_leaves_nothing(stage: Stage, sent: Sent) -> None:
    async def drive(output: QueueAudioOutput) -> None:
        await say(output, speech(2.0))
        await asyncio.sleep(0.6)
        output.clear_buffer()
        await output.wait_for_playout()
        await asyncio.sleep(0.2)

    events = driven(stage, drive)
    assert [event[0::2] for event in events] == [("started", False), ("finished", True)]
    told_position = events[1][1]
    assert 0.2 < told_position < 0.8
    # What is told contains what was on its way, which is less than two pictures.
    assert 0 <= told_position - len(sent.heard) / RATE < 0.08
    assert not any(begins > sent.cleared[0] for begins, _ in sent.loud())


def test_segments_that_come_faster_than_they_are_said_are_all_told(stage: Stage, sent: Sent) -> None:
    async def drive(output: QueueAudioOutput) -> None:
        for seconds in (0.2, 0.1, 0.04, 0.3):
            await say(output, speech(seconds))
        await output.wait_for_playout()

    events = driven(stage, drive)
    assert [event for event in events if event[0] == "finished"] == [
        ("finished", seconds, False) for seconds in (0.2, 0.1, 0.04, 0.3)
    ]
    assert [event[0] for event in events] == ["started", "finished"] * 4


def test_what_is_said_after_an_interruption_is_counted_from_nothing(stage: Stage, sent: Sent) -> None:
    async def drive(output: QueueAudioOutput) -> None:
        for _ in range(3):
            await say(output, speech(1.0), end=False)
            await asyncio.sleep(0.2)
            output.clear_buffer()
            await output.wait_for_playout()
            output.flush()
        await say(output, speech(0.2))
        await output.wait_for_playout()

    events = driven(stage, drive)
    assert [event[2] for event in events if event[0] == "finished"] == [True] * 3 + [False]
    assert events[-1] == ("finished", 0.2, False)
