"""One visit of a room: an avatar is handed over, a seat taken, and sooner or later the connection ends."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from splatavatar.errors import RoomError, SignalError
from splatavatar.viewer.room.app import SOCKET, UPLOAD
from splatavatar.viewer.room.link import LATER, PATIENCE, Absent, RoomLink, absent
from splatavatar.viewer.room.messages import LONGEST_TEXT, VERSION, parse, text
from splatavatar.viewer.room.room import FULL, MALFORMED, NOT_INVITED, SILENT

Result = TypeVar("Result")
OTHER_VERSION = "the server of the room sends what this version does not know."
NOBODY = "the room lets nobody in by this link (any more)."
LOST = "the connection with the room is lost."


class Taken(RoomError):
    """The room is full, or the invitation in use: by oneself perhaps, where the server has not missed one yet."""


@dataclass(frozen=True)
class Visit:
    """Who comes, and where to."""

    link: RoomLink
    name: str
    avatar: bytes
    """the whole file"""

    async def make(self, meet: Callable[[Any], Awaitable[None]]) -> None:
        """Take a seat and ``meet`` the others by the WebSocket that it is given; returns when one has left.

        Raises Absent where a later visit may succeed, Taken, and RoomError where the room is closed to one.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

        context = await _aside(self.link.context)
        answer = await _aside(lambda: self.link.put(UPLOAD, self.avatar, context))
        try:
            sha256 = text(parse(answer.decode(errors="replace")).get("sha256"), "sha256")
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error
        join = {"type": "join", "version": VERSION, "name": self.name, "avatar": sha256, "kind": "program"}
        try:
            async with connect(
                self.link.address("ws", SOCKET),
                ssl=context,
                compression=None,
                proxy=None,
                max_size=LONGEST_TEXT,
                open_timeout=PATIENCE,
                close_timeout=1,
            ) as socket:
                try:
                    await socket.send(json.dumps(join))
                    await meet(socket)
                except ConnectionClosed as error:
                    if error.rcvd is None or error.rcvd.code != 1000:
                        raise _closed(error.rcvd) from error
        except InvalidStatus as error:
            raise (Absent if error.response.status_code in LATER else RoomError)(NOBODY) from error
        except InvalidHandshake as error:
            raise Absent(NOBODY) from error
        except (OSError, asyncio.TimeoutError) as error:
            raise absent(error) from error


def _closed(frame: Any) -> RoomError:
    """Why the server has closed the connection; ``frame`` is None where it is gone without a word."""
    if frame is None:
        return Absent(LOST)
    if frame.code == FULL:
        return Taken(frame.reason or "The room is full.")
    refused = frame.code in (NOT_INVITED, SILENT, MALFORMED)
    return (RoomError if refused else Absent)(frame.reason or LOST)


async def _aside(work: Callable[[], Result]) -> Result:
    """What ``work`` returns, in a thread that the program does not wait for where it ends meanwhile."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None is a result, too

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="room line", daemon=True).start()
    return await done
