"""A small room for the tests of the page: who is there, introductions, what is relayed, and refusals on demand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from splatavatar.viewer import server
from splatavatar.viewer.guard import LOOPBACK, Application, Guard
from splatavatar.viewer.site import load_site

NOTICE = "No record of consent"
TOKEN = "an-invitation"


@dataclass
class SmallRoom:
    """The state of a room; one event loop uses it."""

    seats: int = 8
    introduces: bool = True
    """whether people are introduced to each other's WebRTC"""
    refusal: tuple[int, str] | None = None
    """status and sentence by which every avatar is refused"""
    address: str = ""
    heard: list[str] = field(default_factory=list)
    """types of the messages that came"""
    avatars: dict[str, bytes] = field(default_factory=dict)
    people: dict[int, tuple[dict[str, Any], Any]] = field(default_factory=dict)
    count: int = 0

    def app(self) -> Application:
        """The ASGI application: the built page and the paths of a room."""
        from fastapi import FastAPI, Response

        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        site = load_site()

        async def put(request: Any) -> Response:
            assert request.query_params["token"] == TOKEN
            if self.refusal is not None:
                return Response(self.refusal[1], self.refusal[0], media_type="text/plain")
            content = await request.body()
            sha256 = hashlib.sha256(content).hexdigest()
            self.avatars[sha256] = content
            return Response(json.dumps({"sha256": sha256, "name": "", "notice": NOTICE}))

        def get(request: Any) -> Response:
            content = self.avatars.get(request.path_params["sha256"])
            return Response("Nobody has this avatar.", 404) if content is None else Response(content)

        def page(request: Any) -> Response:
            file = site.get(request.path_params["name"])
            return Response("Not found\n", 404) if file is None else Response(file.content, media_type=file.kind)

        app.router.add_route("/room/avatar", put, ["PUT"])
        app.router.add_route("/room/avatars/{sha256}", get, ["GET"])
        app.router.add_websocket_route("/room/ws", self._serve)
        app.router.add_route("/{name:path}", page, ["GET"])
        return Guard(app, LOOPBACK)

    async def _serve(self, socket: Any) -> None:
        await socket.accept()
        person: dict[str, Any] | None = None
        try:
            while (message := await socket.receive())["type"] == "websocket.receive":
                if message.get("text") is None:
                    await self._relay(person, message["bytes"])
                    continue
                said = json.loads(message["text"])
                self.heard.append(said["type"])
                if said["type"] == "join":
                    person = await self._join(socket, said)
                    if person is None:
                        return
                elif said["type"] == "leave":
                    break
                elif person is not None:
                    await self._tell(person, said)
        except RuntimeError:  # the page has gone
            pass
        finally:
            if person is not None:
                del self.people[person["id"]]
                await self._all({"type": "left", "id": person["id"], "reason": ""})

    async def _join(self, socket: Any, said: dict[str, Any]) -> dict[str, Any] | None:
        free = set(range(self.seats)) - {person["seat"] for person, _ in self.people.values()}
        if not free:
            await socket.close(4409, "the room is full")
            return None
        self.count += 1
        person = {
            "id": self.count,
            "seat": min(free),
            "muted": True,
            "notice": NOTICE,
            **{name: said[name] for name in ("name", "avatar", "kind")},
        }
        there = [other for other, _ in self.people.values()]
        welcome = {"type": "welcome", "you": self.count, "seat": person["seat"], "seats": self.seats, "people": there}
        await socket.send_text(json.dumps({**welcome, "ice": []}))
        await self._all({"type": "joined", "person": person})
        self.people[self.count] = person, socket
        return person

    async def _tell(self, person: dict[str, Any], said: dict[str, Any]) -> None:
        if said["type"] == "mute":
            person["muted"] = said["muted"]
            await self._all({"type": "muted", "id": person["id"], "muted": said["muted"]}, person)
        elif said["type"] == "peer" and self.introduces and said["to"] in self.people:
            _, socket = self.people[said["to"]]
            await socket.send_text(json.dumps({"type": "peer", "from": person["id"], "data": said["data"]}))

    async def _relay(self, person: dict[str, Any] | None, content: bytes) -> None:
        for other, socket in list(self.people.values()):
            if person is not None and other is not person and content[1] >> other["seat"] & 1:
                with suppress(RuntimeError):
                    await socket.send_bytes(bytes([content[0], person["seat"]]) + content[2:])

    async def _all(self, message: dict[str, Any], but: dict[str, Any] | None = None) -> None:
        for person, socket in list(self.people.values()):
            if person is not but:
                with suppress(RuntimeError):
                    await socket.send_text(json.dumps(message))


@contextmanager
def opened(room: SmallRoom, port: int = 0) -> Iterator[SmallRoom]:
    """The room at its ``address``, while the block lasts."""
    with server.listen(port) as listening, server.serving(room.app(), listening):
        room.address = f"http://127.0.0.1:{listening.getsockname()[1]}/room.html?token={TOKEN}"
        yield room
