"""Messages that wait, and the one that overtakes them."""

from __future__ import annotations

import asyncio

import pytest

from splatavatar.serve.session.inbox import END, EXTRA, MOST_WAITING, Inbox

CLEAR = '{"type": "clear"}'
PIECE = bytes(960)
"""20 ms of sound at 24 kHz"""


def test_messages_come_out_in_order_and_then_nothing() -> None:
    async def run() -> None:
        inbox = Inbox(lambda: None, lambda: 0)
        assert inbox.offer(b"a") and inbox.offer("b")
        await inbox.put(b"c")
        inbox.close()
        assert [await inbox.get() for _ in range(4)] == [(b"a", 0), ("b", 0), (b"c", 0), None]

    asyncio.run(run())


def test_who_waits_for_a_message_is_told_of_it_and_of_the_end() -> None:
    async def run() -> None:
        inbox = Inbox(lambda: None, lambda: 0)
        waiting = asyncio.ensure_future(inbox.get())
        await asyncio.sleep(0)
        inbox.offer(b"a")
        assert await waiting == (b"a", 0)
        waiting = asyncio.ensure_future(inbox.get())
        await asyncio.sleep(0)
        inbox.close()
        assert await waiting is None

    asyncio.run(run())


def test_an_interruption_overtakes_a_minute_of_small_pieces() -> None:
    async def run() -> None:
        interrupted: list[int] = []
        inbox = Inbox(lambda: interrupted.append(1), lambda: len(interrupted))
        for _ in range(60 * 50):
            await asyncio.wait_for(inbox.put(PIECE), 1)
        await inbox.put(CLEAR)
        assert interrupted == [1]
        inbox.close()
        assert [await inbox.get(), await inbox.get()] == [(END, 1), None]

    asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1000, 256 << 10])
def test_so_many_bytes_wait_at_most(size: int) -> None:
    async def run() -> None:
        inbox = Inbox(lambda: None, lambda: 0)
        count = 0
        while inbox.offer(bytes(size)):
            count += 1
        assert (count - 1) * (size + EXTRA) < MOST_WAITING <= count * (size + EXTRA)
        more = asyncio.ensure_future(inbox.put(b"more"))
        await asyncio.sleep(0)
        assert not more.done()
        for _ in range(count):
            assert await inbox.get() == (bytes(size), 0)
        await more
        assert await inbox.get() == (b"more", 0)

    asyncio.run(run())
