"""Paths of sessions: opened, looked at, connected to, ended."""

# Without `from __future__ import annotations`: the framework reads the types of what is defined within the functions.
import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any

from splatavatar.errors import StorageError
from splatavatar.serve.http.access import Caller, caller_needed, check_program, may_see, session_of
from splatavatar.serve.http.answering import statuses
from splatavatar.serve.http.models import (
    Answer,
    Avatars,
    Description,
    IceServer,
    SessionMade,
    SessionRequest,
    Sessions,
    SessionState,
)
from splatavatar.serve.http.service import Service
from splatavatar.serve.http.talking import talk
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.registry import LOOK
from splatavatar.serve.session.session import Session, Wanted
from splatavatar.viewer.answers import FRESH

if TYPE_CHECKING:
    from fastapi import FastAPI

LOG = logging.getLogger("splatavatar")
SESSIONS = "/v1/sessions"
ONE = SESSIONS + "/{session_id}"
PAGE = "agent.html"
HEARTBEAT = 15.0
"""seconds between two signs of life of a stream of events"""
BINARY = {"schema": {"type": "string", "format": "binary"}}
EVENTS = {"schema": {"type": "string"}}
NO_AVATAR = "In video mode the avatar stays here; ask for a session of mode client."


def add_session_paths(app: "FastAPI", service: Service) -> None:
    """Add them to ``app``."""
    from fastapi import Depends, Path, Response
    from fastapi.responses import StreamingResponse

    registry = service.registry
    Id = Annotated[str, Path(max_length=64, description="The id of a session.")]

    By = Annotated[Caller, Depends(caller_needed(service))]

    @app.get("/v1/avatars", tags=["avatars"], responses=statuses(401, 403, 429, 503))
    def list_avatars(caller: By) -> Avatars:
        """What can be shown, and what says texts."""
        check_program(caller, service, "sessions")
        try:
            names = registry.library.names()
        except StorageError as error:
            LOG.warning("the avatars cannot be listed: %s", error)
            raise Refused(503, "The avatars cannot be listed now.", LOOK) from error
        return Avatars(avatars=names, voices=list(service.voices))

    @app.post(SESSIONS, status_code=201, tags=["sessions"], responses=statuses(401, 403, 404, 408, 413, 422, 429, 503))
    async def open_session(request: SessionRequest, caller: By) -> SessionMade:
        """Open a session. It ends by DELETE, or when nobody connects in a minute, or it is silent and unwatched."""
        check_program(caller, service, "sessions")
        if request.voice is not None and request.voice not in service.voices:
            raise Refused(422, "No voice has that name; GET /v1/avatars lists them.")
        session = await registry.open(Wanted(**request.model_dump()), caller.owner)
        path = f"{SESSIONS}/{session.id}"
        return SessionMade(
            id=session.id,
            token=session.token,
            mode=request.mode,
            avatar_url=f"{path}/avatar" if request.mode == "client" else None,
            offer_url=f"{path}/offer",
            page_url=f"/{PAGE}#session={session.id}&token={session.token}",
            ice_servers=_servers(registry.ice),
            expires=_shown(session.opened + registry.unconnected),
        )

    @app.get(SESSIONS, tags=["sessions"], responses=statuses(401, 403, 429))
    async def list_sessions(caller: By) -> Sessions:
        """The sessions that the key has opened."""
        check_program(caller, service, "sessions")
        return Sessions(sessions=[_state(one, registry.ice) for one in registry.all() if may_see(caller, one)])

    @app.get(ONE, tags=["sessions"], responses=statuses(401, 403, 404, 422, 429))
    async def look_at_session(session_id: Id, caller: By) -> SessionState:
        """A session as it is now."""
        return _state(session_of(caller, service, session_id, "sessions"), registry.ice)

    @app.delete(
        ONE, status_code=204, response_class=Response, tags=["sessions"], responses=statuses(401, 403, 404, 422, 429)
    )
    async def end_session(session_id: Id, caller: By) -> Response:
        """End a session. All of it is freed."""
        await registry.end(session_of(caller, service, session_id, "sessions"), "deleted")
        return Response(status_code=204)

    @app.post(ONE + "/offer", tags=["watching"], responses=statuses(401, 403, 404, 408, 413, 422, 429))
    async def answer_offer(session_id: Id, offer: Description, caller: By) -> Answer:
        """Connect by WebRTC.

        The offer has audio, in video mode video that is received, and, where they are wanted, the negotiated data
        channels 0 (faces, unordered, without retransmission) and 1 (events). It has its candidates already. Who
        watched before is disconnected.
        """
        session = session_of(caller, service, session_id, "sessions")
        return Answer(sdp=await session.answer(offer.sdp, lambda: talk(session, service)))

    @app.get(
        ONE + "/avatar",
        tags=["watching"],
        response_class=Response,
        responses={
            200: {"description": "The file.", "content": {"application/octet-stream": BINARY}},
            **statuses(401, 403, 404, 422, 429),
        },
    )
    async def fetch_avatar(session_id: Id, caller: By) -> Response:
        """The file of the avatar, for who draws it themselves: in client mode."""
        session = session_of(caller, service, session_id, "sessions")
        if session.wanted.mode != "client":
            raise Refused(403, NO_AVATAR)
        return Response(session.stage.content, 200, FRESH, "application/octet-stream")

    @app.get(
        ONE + "/events",
        tags=["watching"],
        response_class=StreamingResponse,
        responses={
            200: {"description": "Server-sent events, each of JSON.", "content": {"text/event-stream": EVENTS}},
            **statuses(401, 403, 404, 422, 429),
        },
    )
    async def listen_to_events(session_id: Id, caller: By) -> Response:
        """What happens in the session from now on, until it ends: segments that have started, finished, and so on."""
        session = session_of(caller, service, session_id, "sessions")
        if session.events.full:
            raise Refused(429, "Too many listen to this session already.", HEARTBEAT)
        return StreamingResponse(_lines(session), 200, {**FRESH, "x-accel-buffering": "no"}, "text/event-stream")


async def _lines(session: Session) -> AsyncGenerator[str, None]:
    # What is there at once tells that the stream has begun, also to proxies that wait for something.
    yield ": events\n\n"
    async with aclosing(session.events.listen()) as events:
        following: asyncio.Future[str] | None = None
        try:
            while True:
                following = following or asyncio.ensure_future(anext(events))
                done, _ = await asyncio.wait([following], timeout=HEARTBEAT)
                if not done:
                    yield ": still here\n\n"
                    continue
                try:
                    text = following.result()
                except StopAsyncIteration:
                    return
                following = None
                yield f"event: {json.loads(text)['type']}\ndata: {text}\n\n"
        finally:
            if following is not None:
                following.cancel()
                await asyncio.wait([following])


def _state(session: Session, ice: Any) -> SessionState:
    wanted = session.wanted
    return SessionState(
        id=session.id,
        mode="video" if wanted.mode == "video" else "client",
        avatar=wanted.avatar,
        width=wanted.width,
        height=wanted.height,
        fps=wanted.fps,
        opened=_shown(session.opened),
        connected=session.watched,
        speaking=session.face.speaking,
        waiting=round(session.face.waiting, 3),
        ice_servers=_servers(ice),
    )


def _servers(ice: Any) -> list[IceServer]:
    return [IceServer(**server) for server in ice]


def _shown(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).isoformat(timespec="seconds")
