"""Fan-out of the newest message."""

from __future__ import annotations

import asyncio
import threading

import pytest

from splatavatar.viewer import hub as hub_module
from splatavatar.viewer.hub import Hub, TooManyViewers


async def settled() -> None:
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


class Viewer:
    """Takes what it is sent once ``open`` is set."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, message: bytes) -> None:
        await self.open.wait()
        self.got.append(message)


def test_everybody_is_sent_what_is_new() -> None:
    async def run() -> None:
        hub = Hub()
        viewers = [Viewer() for _ in range(3)]
        tasks = [asyncio.create_task(hub.listen(viewer.send)) for viewer in viewers]
        await settled()
        for message in (b"1", b"2", b"3"):
            hub.publish(message)
            await settled()
        assert [viewer.got for viewer in viewers] == [[b"1", b"2", b"3"]] * 3
        assert hub.viewers == 3
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert hub.viewers == 0

    asyncio.run(run())


def test_the_newest_is_said_again_while_nothing_newer_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "REPEAT", 0.05)

    async def until(viewer: Viewer, count: int) -> None:
        while len(viewer.got) < count:
            await asyncio.sleep(0.01)

    async def run() -> None:
        hub = Hub()
        first, late = Viewer(), Viewer()
        tasks = [asyncio.create_task(hub.listen(first.send))]
        await asyncio.sleep(0.2)
        assert first.got == []  # there is nothing yet
        hub.publish(b"1")
        await asyncio.wait_for(until(first, 3), 20)
        tasks.append(asyncio.create_task(hub.listen(late.send)))
        await asyncio.wait_for(until(late, 2), 20)
        hub.publish(b"2")
        await asyncio.wait_for(until(first, len(first.got) + 3), 20)
        assert set(first.got) == {b"1", b"2"} and first.got[-1] == b"2"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Who comes when nobody is there any more hears it again, too.
        again = Viewer()
        task = asyncio.create_task(hub.listen(again.send))
        await asyncio.wait_for(until(again, 3), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert again.got[0] == b"2"

    asyncio.run(run())


def test_a_slow_viewer_falls_to_the_newest_and_holds_up_nobody() -> None:
    async def run() -> None:
        hub = Hub()
        slow, quick = Viewer(), Viewer()
        tasks = [asyncio.create_task(hub.listen(viewer.send)) for viewer in (slow, quick)]
        await settled()
        slow.open.clear()
        for number in range(100):
            hub.publish(bytes([number]))
            await settled()
        assert len(quick.got) == 100
        slow.open.set()
        await settled()
        assert slow.got == [b"\x00", bytes([99])]
        for task in tasks:
            task.cancel()

    asyncio.run(run())


def test_who_comes_late_sees_the_present_face_at_once() -> None:
    async def run() -> None:
        hub = Hub()
        hub.publish(b"old")
        hub.publish(b"present")
        await settled()
        late = Viewer()
        task = asyncio.create_task(hub.listen(late.send))
        await settled()
        assert late.got == [b"present"]
        task.cancel()

    asyncio.run(run())


def test_any_thread_may_publish_also_after_the_end() -> None:
    async def run() -> Hub:
        hub = Hub()
        viewer = Viewer()
        task = asyncio.create_task(hub.listen(viewer.send))
        await settled()
        thread = threading.Thread(target=hub.publish, args=(b"face",))
        thread.start()
        while not viewer.got:
            await asyncio.sleep(0.001)
        thread.join()
        task.cancel()
        return hub

    hub = asyncio.run(run())
    hub.publish(b"after the end")


def test_a_viewer_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PATIENCE", 0.05)

    async def run() -> None:
        hub = Hub()
        viewer = Viewer()
        viewer.open.clear()
        hub.publish(b"1")
        with pytest.raises(asyncio.TimeoutError):
            await hub.listen(viewer.send)
        assert hub.viewers == 0

    asyncio.run(run())


def test_no_more_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MOST_VIEWERS", 1)

    async def run() -> None:
        hub = Hub()
        task = asyncio.create_task(hub.listen(Viewer().send))
        await settled()
        with pytest.raises(TooManyViewers):
            await hub.listen(Viewer().send)
        task.cancel()

    asyncio.run(run())
