"""A dispatcher: agents ask it for a worker, over HTTP, and it starts one for each room.

``POST /launch`` with JSON ``{"room_name", "url", "token"}`` starts a process that joins the room; one that is in that
room already leaves first. ``DELETE /workers/{room_name}`` has it leave, ``GET /workers`` says in which rooms there are
any, ``GET /healthz`` whether the dispatcher answers and ``GET /readyz`` whether it would start one more.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any

from splatavatar.errors import SettingsError
from splatavatar.extras import required
from splatavatar.serve.livekit.address import is_server
from splatavatar.serve.livekit.worker_processes import WorkerProcesses
from splatavatar.viewer.guard import Guard

LONGEST_BODY = 32 * 1024
"""bytes of a request"""
LONGEST_NAME = 256
"""characters of the name of a room"""
RETRY = 30
"""seconds after which who was refused asks again"""


def create_dispatcher(workers: WorkerProcesses, key: str | None, url: str | None) -> Any:
    """The application (ASGI).

    Args:
        workers: starts them.
        key: what is asked for as ``Authorization: Bearer KEY``; None for nothing, where nobody else reaches it: then
            it answers to the names of this machine alone, and to no page of another origin.
        url: the only server whose rooms are joined; None for any.

    Raises SettingsError for a key that no header can bring, and DependencyError without FastAPI.
    """
    if key is not None:
        check_key(key)
    fastapi = required("fastapi")
    required("uvicorn")
    app = fastapi.FastAPI(title="splatavatar dispatcher", docs_url=None, redoc_url=None, openapi_url=None)

    def answer(status: int, **said: object) -> Any:
        headers = {"Retry-After": str(RETRY)} if status == 503 else {}
        return fastapi.responses.JSONResponse(said, status, headers)

    def allowed(request: Any) -> bool:
        given = request.headers.get("authorization", "")
        return key is None or hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {key}".encode())

    async def start_worker(request: Any) -> Any:
        if not allowed(request):
            return answer(401, error="no key, or a wrong one")
        # A page of somebody else may send text without asking first, and JSON it may not.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return answer(415, error="expected JSON as application/json")
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_BODY:
                return answer(413, error=f"more than {LONGEST_BODY} bytes")
        wanted = _wanted(bytes(body))
        if isinstance(wanted, str):
            return answer(422, error=wanted)
        room, server, token = wanted
        if url is not None and server.rstrip("/") != url.rstrip("/"):
            return answer(403, error="rooms of that server are not joined from here")
        if not await asyncio.to_thread(workers.start, room, server, token):
            return answer(503, error=f"{workers.most} workers are in rooms, and there may be no more")
        return answer(202, room_name=room)

    async def end_worker(request: Any) -> Any:
        if not allowed(request):
            return answer(401, error="no key, or a wrong one")
        left = workers.end(request.path_params["room_name"])
        if left is None:
            return answer(404, error="no worker is in that room")
        # Somebody who asks and goes away calls off nothing.
        await asyncio.shield(asyncio.wrap_future(left))
        return answer(200)

    async def list_workers(request: Any) -> Any:
        if not allowed(request):
            return answer(401, error="no key, or a wrong one")
        return answer(200, rooms=workers.rooms, most=workers.most)

    async def healthy(request: Any) -> Any:
        return answer(200)

    async def ready(request: Any) -> Any:
        return answer(503 if workers.full else 200, workers=len(workers.rooms))

    app.add_route("/launch", start_worker, methods=["POST"])
    app.add_route("/workers/{room_name:path}", end_worker, methods=["DELETE"])
    app.add_route("/workers", list_workers, methods=["GET"])
    app.add_route("/healthz", healthy, methods=["GET"])
    app.add_route("/readyz", ready, methods=["GET"])
    # Without a key whoever reaches it is answered, and what a browser of this machine shows reaches it.
    return Guard(app) if key is None else app


def check_key(key: str) -> None:
    """Raises SettingsError unless a header can bring ``key`` as it is."""
    if not key:
        raise SettingsError("the key that agents are to send is empty; put one into it, or name none at all.")
    if not (key.isascii() and key.isprintable() and key == key.strip()):
        raise SettingsError(
            "the key that agents are to send holds what no header can bring; expected letters, digits and signs of "
            "ASCII, with no spaces around them."
        )


def _wanted(body: bytes) -> tuple[str, str, str] | str:
    """The room, the server and the token that a request names; what is wrong with it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(said, dict):
        return "expected an object with room_name, url and token"
    room, server, token = (said.get(name) for name in ("room_name", "url", "token"))
    if not (isinstance(room, str) and 0 < len(room) <= LONGEST_NAME and room.isprintable()):
        return f"room_name: expected 1 to {LONGEST_NAME} characters"
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and 0 < len(token) <= LONGEST_BODY):
        return "token: expected that of a room"
    if not (isinstance(server, str) and is_server(server)):
        return "url: expected that of a server, such as wss://livekit.example.org"
    return room, server, token
