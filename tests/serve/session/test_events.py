"""Events of a session, and who is told them."""

from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("aiortc")
from splatavatar.serve.session.events import MOST_LISTENERS, MOST_WAITING, Events


async def heard(events: Events) -> list[str]:
    return [json.loads(text)["type"] async for text in events.listen()]


def test_everybody_is_told_until_the_end() -> None:
    async def run() -> None:
        events = Events()
        listening = [asyncio.ensure_future(heard(events)) for _ in range(3)]
        await asyncio.sleep(0)
        events.tell("started")
        events.tell("finished")
        events.close()
        assert await asyncio.gather(*listening) == [["started", "finished"]] * 3
        assert await heard(events) == []

    asyncio.run(run())


def test_no_more_than_so_many_listen_however_they_come() -> None:
    """All of them ask before the first has begun to listen."""

    async def run() -> None:
        events = Events()
        listening = [asyncio.ensure_future(heard(events)) for _ in range(MOST_LISTENERS + 5)]
        await asyncio.sleep(0)
        assert events.full
        events.tell("started")
        events.close()
        told = await asyncio.gather(*listening)
        assert sorted(told) == [[]] * 5 + [["started"]] * MOST_LISTENERS
        assert not events.full

    asyncio.run(run())


def test_who_does_not_keep_up_hears_no_more() -> None:
    async def run() -> None:
        events = Events()
        slow = asyncio.ensure_future(heard(events))
        await asyncio.sleep(0)
        for _ in range(MOST_WAITING + 1):
            events.tell("started")
        assert await slow == []
        assert not events.full

    asyncio.run(run())
