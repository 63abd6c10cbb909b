"""Asking a dispatcher for a worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import quote

import aiohttp

from splatavatar.errors import SettingsError
from splatavatar.printable import printable

PATH = "/launch"
"""of a dispatcher, where its address names none"""
WORKERS = "/workers/"
"""of ours, beside it: what follows is the name of a room"""
PATIENCE = 10.0
"""seconds in which a dispatcher answers"""


async def launch(dispatcher: str, key: str | None, room: str, url: str, token: str) -> None:
    """Have a dispatcher send a worker into a room of the server ``url``, with a token for it.

    Raises SettingsError where the dispatcher does not answer or refuses.
    """
    address, headers = _address(dispatcher), _headers(key)
    body = {"room_name": room, "url": url, "token": token}
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(address, json=body, headers=headers) as answer,
        ):
            if answer.status >= 400:
                said = printable((await answer.text())[:200])
                raise SettingsError(f"the dispatcher at {printable(dispatcher)} refused ({answer.status}): {said}")
    except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
        why = str(error) or "it does not answer"
        raise SettingsError(f"the dispatcher at {printable(dispatcher)} cannot be reached: {printable(why)}") from error


async def withdraw(dispatcher: str, key: str | None, room: str) -> None:
    """Have one of our dispatchers end the worker of a room, as far as it can be reached."""
    base, path, rest = _address(dispatcher).rpartition(PATH)
    if not path or rest:
        return
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    with suppress(aiohttp.ClientError, asyncio.TimeoutError, ValueError):
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.delete(f"{base}{WORKERS}{quote(room, safe='')}", headers=_headers(key)),
        ):
            pass


def _address(dispatcher: str) -> str:
    named = "/" in dispatcher.partition("://")[2].rstrip("/")
    return dispatcher if named else dispatcher.rstrip("/") + PATH


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}
