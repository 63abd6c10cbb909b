"""The server of a room: its page, the avatars that people bring, and the WebSocket by which they meet."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from splatavatar.errors import AvatarFileError
from splatavatar.viewer.answers import FRESH, add_site, bare_app, said
from splatavatar.viewer.guard import LOOPBACK, TOKEN, Application, Guard
from splatavatar.viewer.room.endpoint import room_endpoint
from splatavatar.viewer.room.invitations import REFUSAL, Invitation
from splatavatar.viewer.room.room import ROOM_FULL, Room
from splatavatar.viewer.room.uploads import LARGEST, TOO_LARGE, TOO_MANY, UNUSED, TooOften
from splatavatar.viewer.site import SiteFile

if TYPE_CHECKING:
    from fastapi import Request, Response

PAGE = "room.html"
SOCKET = "/room/ws"
UPLOAD = "/room/avatar"
AVATARS = "/room/avatars/"
SLOWEST = 120.0
"""seconds in which an avatar has come"""
MOST_COMING = 2
"""avatars of one person at once: one, and that of before where their line went meanwhile"""


def create_room_app(site: Mapping[str, SiteFile], room: Room, hosts: Collection[str] = LOOPBACK) -> Application:
    """The ASGI application: the built page ``site``, and ``room`` for those who hold one of its invitations.

    Requests by another name than one of ``hosts``, and those without a valid token, are refused. Needs the extra
    ``viewer``.
    """
    from fastapi import Response
    from fastapi.responses import JSONResponse
    from starlette.requests import ClientDisconnect

    app = bare_app()
    coming: Counter[Invitation] = Counter()

    # Annotations of this module are texts: the framework is told the types that they name here.
    async def upload(request: Request) -> Response:
        room.attach()
        invitation = room.invitations.holder(request.scope.get(TOKEN))
        if invitation is None:
            return said(REFUSAL, 403)
        if not room.has_place(invitation):
            return said(ROOM_FULL, 409)
        if coming[invitation] >= MOST_COMING:
            return said(TOO_MANY, 429)
        coming[invitation] += 1
        try:
            content = await asyncio.wait_for(_body(request), SLOWEST)
            if content is None:
                return said(TOO_LARGE, 413)
            taken = await room.uploads.take(invitation, content)
        except asyncio.TimeoutError:
            return said("The avatar did not come in time.", 408)
        except ClientDisconnect:
            return said("", 400)
        except TooOften as error:
            return said(error, 429)
        except AvatarFileError as error:
            return said(error, 422)
        finally:
            coming[invitation] -= 1
        asyncio.get_running_loop().call_later(UNUSED, room.drop_unused, invitation, taken)
        return JSONResponse({"sha256": taken.sha256, "name": taken.name, "notice": taken.notice})

    async def one_avatar(request: Request) -> Response:
        found = room.avatar(request.path_params["sha256"])
        if found is None:
            return said("Nobody in the room has this avatar (any more).", 404)
        return Response(found.content, 200, FRESH, "application/octet-stream")

    app.router.add_route(UPLOAD, upload, ["PUT"])
    app.router.add_route(AVATARS + "{sha256}", one_avatar, ["GET"])
    add_site(app, site, PAGE)
    app.router.add_websocket_route(SOCKET, room_endpoint(room))
    return Guard(app, hosts, room.invitations)


async def _body(request: Request) -> bytes | None:
    """What was sent; None for more than an avatar may have, of which the rest is not read."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LARGEST:
        return None
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return None
    return bytes(content)
