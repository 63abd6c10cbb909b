from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.output import SpeechOutput
from splatavatar.serve.livekit.runner import SplatRunner
from splatavatar.serve.stage import Stage
from splatavatar.viewer.protocol import decode
from support.livekit_room import AGENT, Meeting
from support.livekit_sound import Sent
from support.livekit_speech import RATE, say, speech

OFFERING = FaceOptions(width=64, height=64, client_rendered=True)
DRAWS = {"splatavatar.draws": "1"}


async def until(true: Any) -> None:
    while not true():
        await asyncio.sleep(0.02)


def test_pictures_are_published_while_somebody_needs_them(stage: Stage, sent: Sent) -> None:
    async def run() -> None:
        meeting = Meeting()
        room = meeting.join("face", AGENT)
        meeting.join("agent", AGENT)
        ann = meeting.join("ann", attributes=DRAWS)
        tracks = room.local_participant
        runner = SplatRunner(room, SpeechOutput(RATE), stage, OFFERING)
        await runner.start()
        await until(lambda: len(ann.packets) > 3)
        assert tracks.tracks == ["avatar_audio"]
        assert not sent.pictures
        assert tracks.attributes["splatavatar.face"] == "1"
        bob = meeting.join("bob")
        await until(lambda: tracks.tracks == ["avatar_audio", "avatar_video"] and len(sent.pictures) > 2)
        assert not bob.packets
        await bob.local_participant.set_attributes(DRAWS)
        await until(lambda: tracks.tracks == ["avatar_audio"] and bob.packets)
        await ann.local_participant.set_attributes({"splatavatar.draws": ""})
        await until(lambda: len(tracks.tracks) == 2)
        await ann.disconnect()
        await until(lambda: len(tracks.tracks) == 1)
        await runner.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))


def test_faces_lie_on_the_clock_of_the_sound(stage: Stage, sent: Sent) -> None:
    async def run() -> list[Any]:
        meeting = Meeting()
        room = meeting.join("face", AGENT)
        ann = meeting.join("ann", attributes=DRAWS)
        output = SpeechOutput(RATE)
        runner = SplatRunner(room, output, stage, OFFERING)
        await runner.start()
        await asyncio.sleep(0.2)
        await say(output, speech(0.4))
        await output.wait_for_playout()
        await runner.aclose()
        packets: list[Any] = ann.packets
        return packets

    packets = asyncio.run(asyncio.wait_for(run(), 10))
    assert {(packet.topic, packet.reliable, len(packet.content)) for packet in packets} == {
        ("splatavatar.face", False, 80)
    }
    faces = [decode(packet.content) for packet in packets]
    assert [sequence for _, sequence in faces] == list(range(1, len(faces) + 1))
    # One a picture, each at the time at which the sound that was captured with it begins.
    begins = np.array([begin for begin, _ in sent.sound])
    first = begins[1] if len(sent.sound[0][1]) < RATE // 25 else begins[0]  # silence ahead of the first
    assert len(begins) >= len(faces) >= 10
    for face, _ in faces:
        assert np.abs(begins - first - (face.time - faces[0][0].time)).min() < 0.01


def test_the_avatar_is_sent_to_who_asks_for_it(stage: Stage) -> None:
    async def run() -> tuple[str, list[bytes], int | None]:
        meeting = Meeting()
        room = meeting.join("face", AGENT)
        ann = meeting.join("ann", attributes=DRAWS)
        got: list[bytes] = []
        sizes: list[int | None] = []
        done = asyncio.Event()

        async def read(reader: Any) -> None:
            sizes.append(reader.info.size)
            async for chunk in reader:
                got.append(chunk)
            done.set()

        tasks: list[asyncio.Task[None]] = []
        ann.register_byte_stream_handler(
            "splatavatar.avatar", lambda reader, who: tasks.append(asyncio.create_task(read(reader)))
        )
        runner = SplatRunner(room, SpeechOutput(RATE), stage, OFFERING)
        await runner.start()
        ask = {"destination_identity": "face", "method": "splatavatar.avatar", "payload": ""}
        answer = await ann.local_participant.perform_rpc(**ask)
        with pytest.raises(rtc.RpcError, match="on its way already"):
            await ann.local_participant.perform_rpc(**ask)
        await done.wait()
        await runner.aclose()
        with pytest.raises(rtc.RpcError, match="not supported"):
            await ann.local_participant.perform_rpc(**ask)
        return answer, got, sizes[0]

    answer, got, size = asyncio.run(asyncio.wait_for(run(), 10))
    content = b"".join(got)
    assert content == stage.content
    assert json.loads(answer) == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert size == len(content)


def test_nothing_is_offered_unless_it_is_asked_for(stage: Stage, sent: Sent) -> None:
    async def run() -> None:
        meeting = Meeting()
        room = meeting.join("face", AGENT)
        ann = meeting.join("ann", attributes=DRAWS)
        runner = SplatRunner(room, SpeechOutput(RATE), stage, FaceOptions(width=64, height=64))
        await runner.start()
        await until(lambda: len(sent.pictures) > 2)
        assert not ann.packets
        with pytest.raises(rtc.RpcError, match="not supported"):
            await ann.local_participant.perform_rpc(
                destination_identity="face", method="splatavatar.avatar", payload=""
            )
        await runner.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))


def test_a_token_that_forbids_attributes_is_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meeting = Meeting()
        room = meeting.join("face", AGENT)

        async def forbid(attributes: dict[str, str]) -> None:
            raise RuntimeError("permission denied")

        room.local_participant.set_attributes = forbid
        runner = SplatRunner(room, SpeechOutput(RATE), stage, OFFERING)
        await runner.start()
        await runner.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert "the token does not allow to say that faces are sent (permission denied)" in caplog.text
