from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from livekit.agents.voice.avatar import DataStreamAudioOutput
from livekit.agents.voice.io import AgentOutput, AudioOutput
from livekit.rtc.participant import PublishTrackError

from splatavatar.avatar.file import save_avatar
from splatavatar.errors import SettingsError, TrustError
from splatavatar.serve.livekit import FaceOptions, SplatAvatar, worker
from splatavatar.serve.livekit import avatar as avatar_module
from splatavatar.serve.livekit.launching import withdraw
from splatavatar.serve.livekit.tokens import worker_token
from splatavatar.serve.stage import Stage
from support.consents import consenting
from support.livekit_room import AGENT, Meeting
from support.livekit_sound import Sent
from support.livekit_speech import RATE, Events, say, speech
from support.small_avatar import small_avatar

SMALL = FaceOptions(width=64, height=64)


class Talker:
    """What an avatar asks of an ``AgentSession``, which itself wants models and a server."""

    def __init__(self) -> None:
        self.output = AgentOutput(lambda: None, lambda: None, lambda: None)

    def on(self, event: str, callback: Any) -> None:
        """Nothing is told."""

    def off(self, event: str, callback: Any) -> None:
        """Nothing was."""

    def emit(self, event: str, *what: Any) -> None:
        """Nobody listens."""

    @property
    def audio(self) -> AudioOutput:
        assert self.output.audio is not None
        return self.output.audio


@pytest.fixture
def ann(tmp_path: Path) -> Path:
    path = tmp_path / "ann.splatavatar"
    save_avatar(path, consenting(small_avatar()))
    return path


def run(scene: Any) -> Any:
    return asyncio.run(asyncio.wait_for(scene, 20))


def test_in_the_process_of_the_agent(ann: Path, sent: Sent) -> None:
    async def scene() -> list[tuple[str, float, bool]]:
        meeting, talker = Meeting(), Talker()
        room = meeting.join("agent", AGENT)
        meeting.join("ann")
        avatar = SplatAvatar(ann, SMALL)
        await avatar.start(talker, room=room)  # type: ignore[arg-type]
        assert avatar.avatar_identity == "agent"
        events = Events(talker.audio)
        await say(talker.audio, speech(0.2))
        await talker.audio.wait_for_playout()
        await say(talker.audio, speech(5.0))
        await avatar.aclose()
        await asyncio.wait_for(talker.audio.wait_for_playout(), 0.1)
        return events.all

    events = run(scene())
    assert events[:2] == [("started", 0.0, False), ("finished", 0.2, False)]
    assert events[-1][2]


def test_a_worker_that_goes_leaves_the_agent_its_voice(
    ann: Path, stage: Stage, sent: Sent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> list[str]:
        meeting, talker = Meeting(), Talker()
        room = meeting.join("agent", AGENT)
        meeting.join("ann")
        workers: list[Any] = []

        async def launch(*_: Any) -> None:
            face = meeting.join("splatavatar", AGENT, {"lk.publish_on_behalf": "agent"})
            workers.append((face, asyncio.create_task(worker.serve(face, stage, SMALL))))

        monkeypatch.setattr(avatar_module, "launch", launch)
        avatar = SplatAvatar(
            options=SMALL, dispatcher="http://127.0.0.1", livekit_url="ws://h", livekit_api_key="k" * 16,
            livekit_api_secret="s" * 40,
        )  # fmt: skip
        left: list[str] = []
        avatar.on("avatar_left", left.append)
        await avatar.start(talker, room=room)  # type: ignore[arg-type]
        remote = talker.audio
        assert isinstance(remote, DataStreamAudioOutput)
        await say(remote, speech(0.2))
        await remote.wait_for_playout()
        await say(remote, speech(3.0))
        await asyncio.sleep(0.2)
        face, working = workers[0]
        await face.disconnect()
        # Over at once, though nobody says so any more.
        assert (await asyncio.wait_for(remote.wait_for_playout(), 0.1)).interrupted
        assert await working == "the room is closed"
        while talker.audio is remote:
            await asyncio.sleep(0.02)
        sent.sound.clear()
        await say(talker.audio, speech(0.2))
        assert not (await talker.audio.wait_for_playout()).interrupted
        await avatar.aclose()
        return left

    assert run(scene()) == ["splatavatar"]
    assert (sent.heard == speech(0.2)).all()
    assert "left the room; the agent speaks on without a face" in caplog.text


def test_what_cannot_be_started_is_told(ann: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(avatar: SplatAvatar) -> None:
        await avatar.start(Talker(), room=Meeting().join("agent", AGENT))  # type: ignore[arg-type]

    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="no address of the LiveKit server"):
        run(start(SplatAvatar(dispatcher="http://127.0.0.1:1")))
    with pytest.raises(SettingsError, match="no key of the LiveKit server"):
        run(start(SplatAvatar(dispatcher="http://127.0.0.1:1", livekit_url="ws://h")))
    given = {"livekit_url": "ws://h", "livekit_api_key": "k" * 16, "livekit_api_secret": "s" * 40}
    with pytest.raises(SettingsError, match=r"the dispatcher at http://127\.0\.0\.1:1 cannot be reached"):
        run(start(SplatAvatar(dispatcher="http://127.0.0.1:1", **given)))
    alone = tmp_path / "alone.splatavatar"
    save_avatar(alone, consenting(small_avatar(), None))
    with pytest.raises(TrustError):
        run(start(SplatAvatar(alone, SMALL)))


def test_a_token_is_for_one_room_and_names_the_agent() -> None:
    import base64
    import json

    token = worker_token("one", "face", "agent", "k" * 16, "s" * 40)
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (claims["sub"], claims["kind"], claims["video"]["room"]) == ("face", "agent", "one")
    assert claims["attributes"] == {"lk.publish_on_behalf": "agent"}
    assert FaceOptions().rate == RATE


@pytest.mark.parametrize("given", [{"width": 63}, {"height": 4096}, {"fps": 0.5}, {"rate": 100}, {"mood": "x"}])
def test_options_that_make_no_sense_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        FaceOptions(**given)


GIVEN = {"livekit_url": "ws://h", "livekit_api_key": "k" * 16, "livekit_api_secret": "s" * 40}


def test_a_voice_that_cannot_be_published_either_leaves_nobody_waiting(
    ann: Path, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> bool:
        meeting, talker = Meeting(), Talker()
        room = meeting.join("agent", AGENT)
        meeting.join("ann")
        avatar = SplatAvatar(ann, SMALL)
        await avatar.start(talker, room=room)  # type: ignore[arg-type]
        first = talker.audio

        async def refused(*_: Any) -> Any:
            raise PublishTrackError("not allowed")

        room.local_participant.publish_track = refused  # type: ignore[method-assign]
        assert avatar._runner is not None
        avatar._runner._talk.face.next = None  # type: ignore[assignment,method-assign]
        while talker.audio is first:
            await asyncio.sleep(0.01)
        await say(talker.audio, speech(1.0))
        interrupted = (await talker.audio.wait_for_playout()).interrupted
        await avatar.aclose()
        return interrupted

    assert run(scene())
    assert "the voice without a face failed, too" in caplog.text


def test_a_worker_that_is_late_is_called_back(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    async def launch(*given: Any) -> None:
        told.append(("launch", *given[:3]))

    async def withdraw(*given: Any) -> None:
        told.append(("withdraw", *given))

    async def scene() -> set[str]:
        room = Meeting().join("agent", AGENT)
        before = asyncio.all_tasks()
        avatar = SplatAvatar(dispatcher="http://d", dispatcher_key="key", **GIVEN)  # type: ignore[arg-type]
        with pytest.raises(SettingsError, match="did not come into the room"):
            await avatar.start(Talker(), room=room)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        return {str(task.get_coro()) for task in asyncio.all_tasks() - before}

    monkeypatch.setattr(avatar_module, "launch", launch)
    monkeypatch.setattr(avatar_module, "withdraw", withdraw)
    monkeypatch.setattr(avatar_module, "JOINING", 0.1)
    assert run(scene()) == set()
    assert told == [("launch", "http://d", "key", "meeting"), ("withdraw", "http://d", "key", "meeting")]


@pytest.mark.parametrize(
    ("dispatcher", "path"),
    [("", "/workers/a%20room%2F1"), ("/launch", "/workers/a%20room%2F1"), ("/a/launch", "/a/workers/a%20room%2F1")],
)
def test_whom_a_worker_is_called_back_by(dispatcher: str, path: str) -> None:
    async def scene() -> list[tuple[str, str, str | None]]:
        asked: list[tuple[str, str, str | None]] = []

        async def answer(request: web.BaseRequest) -> web.Response:
            asked.append((request.method, request.raw_path, request.headers.get("authorization")))
            return web.Response()

        server = web.Server(answer)
        runner = web.ServerRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        await withdraw(f"http://{host}:{port}{dispatcher}", "key", "a room/1")
        await withdraw(f"http://{host}:{port}/of/somebody/else", "key", "a room/1")
        await runner.cleanup()
        return asked

    assert run(scene()) == [("DELETE", path, "Bearer key")]
