"""Paths by which a session is spoken to: sound as it comes, files, texts, and the end of them."""

# Without `from __future__ import annotations`: the framework reads the types of what is defined within the functions.
import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from splatavatar.errors import SplatAvatarError
from splatavatar.serve.http.access import Caller, caller_needed, caller_of, session_of
from splatavatar.serve.http.answering import statuses
from splatavatar.serve.http.models import Interruption, Spoken, Text
from splatavatar.serve.http.saying import check_text, say
from splatavatar.serve.http.service import Service
from splatavatar.serve.http.session_paths import ONE
from splatavatar.serve.http.sound_bodies import KINDS, read_sound
from splatavatar.serve.http.talking import Talk
from splatavatar.serve.session.mouth import Interrupted
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Session
from splatavatar.serve.voices.voice import VoiceError

if TYPE_CHECKING:
    from fastapi import FastAPI

SPEECH = ONE + "/speech"
POLICY_VIOLATION, GOING_AWAY = 1008, 1001
"""codes with which a WebSocket is closed (RFC 6455)"""
MOST_MISTAKES = 16
"""messages of a WebSocket that are wrong before it is closed"""
MOST_LINES = 4
"""WebSockets of a session"""
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def add_speech_paths(app: "FastAPI", service: Service) -> None:
    """Add them to ``app``."""
    from fastapi import Depends, Path, Request, WebSocket

    Id = Annotated[str, Path(max_length=64, description="The id of a session.")]

    By = Annotated[Caller, Depends(caller_needed(service))]

    @app.post(
        SPEECH,
        status_code=202,
        tags=["speech"],
        responses=statuses(401, 403, 404, 408, 409, 413, 415, 422, 429),
        openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(KINDS, _BINARY)}},
    )
    async def speak(session_id: Id, request: Request, caller: By) -> Spoken:
        """Say a file of sound (WAV, FLAC, Ogg, MP3), or samples: audio/pcm;rate=24000;channels=1 (s16le)."""
        session = session_of(caller, service, session_id, "speech")
        return await read_sound(session, request)

    @app.post(
        ONE + "/say",
        status_code=202,
        tags=["speech"],
        responses=statuses(401, 403, 404, 408, 409, 413, 422, 429, 502),
    )
    async def say_text(session_id: Id, text: Text, caller: By) -> Spoken:
        """Say a text by a voice of the service. Answered as soon as the first of it is there."""
        session = session_of(caller, service, session_id, "speech")
        checked, voice = check_text(session, service, text.text, text.voice)
        try:
            segment = await say(session, checked, voice)
        except VoiceError as error:
            raise Refused(502, str(error)) from error
        except Interrupted:
            raise Refused(409, "It was interrupted before it was said.") from None
        if segment is None:
            raise Refused(422, "The voice has no sound for that text.")
        return Spoken(segment=segment, seconds=None)

    @app.post(ONE + "/interrupt", tags=["speech"], responses=statuses(401, 403, 404, 422, 429))
    async def interrupt(session_id: Id, caller: By) -> Interruption:
        """Cut off what is said and what waits to be."""
        return Interruption(segments=session_of(caller, service, session_id, "speech").interrupt())

    async def speech(socket: WebSocket) -> None:
        try:
            caller = caller_of(socket, service)
            session = session_of(caller, service, socket.path_params["session_id"], "speech")
            if session.lines >= MOST_LINES:
                raise Refused(429, "Too many WebSockets speak to this session already.", 1.0)
        except Refused as refused:
            await socket.send_denial_response(_denial(refused))
            return
        session.lines += 1
        try:
            await talked(socket, session)
        finally:
            session.lines -= 1

    async def talked(socket: WebSocket, session: Session) -> None:
        await socket.accept()
        inbox, talk = session.inbox(), Talk(session, service)

        async def reading() -> None:
            while (message := await socket.receive())["type"] == "websocket.receive":
                given = message.get("bytes")
                await inbox.put(given if given is not None else message.get("text") or "")

        async def taking() -> None:
            for _ in range(MOST_MISTAKES):
                try:
                    while (given := await inbox.get()) is not None:
                        await talk.take(*given)
                    return
                except SplatAvatarError as error:
                    if not reader.done():
                        await socket.send_json({"type": "failed", "error": _sentence(error)})

        reader, taker = asyncio.ensure_future(reading()), session.work(taking())
        try:
            await asyncio.wait([reader, taker], return_when=asyncio.FIRST_COMPLETED)
            if reader.done():
                # Whoever hangs up has had their say: what has come is taken.
                inbox.close()
                await asyncio.wait([taker])
            else:
                ended = session.closed
                code, why = (GOING_AWAY, "the session has ended") if ended else (POLICY_VIOLATION, "too much was wrong")
                await socket.close(code, why)
        finally:
            for task in (reader, taker):
                task.cancel()
            await asyncio.gather(reader, taker, return_exceptions=True)
            with suppress(SplatAvatarError):
                await talk.close()

    app.router.add_websocket_route(SPEECH, speech)


def _sentence(error: SplatAvatarError) -> str:
    return error.sentence if isinstance(error, Refused) else str(error)


def _denial(refused: Refused) -> Any:
    from splatavatar.serve.http.answering import failure

    return failure(refused.status, refused.sentence, refused.retry_after)
