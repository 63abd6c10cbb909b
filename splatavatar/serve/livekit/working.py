"""A worker as a process: until it is over, or the process is told to end."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
from contextlib import suppress

from splatavatar.extras import required
from splatavatar.interrupts import deferred_signals
from splatavatar.serve.livekit.face_options import FaceOptions


def run_worker(url: str, token: str, avatar: str, options: FaceOptions) -> str:
    """Be the face of an agent in a room; why it left.

    Raises:
        AvatarFileError, TrustError: the avatar cannot be read, or its file has no consent to calls.
        RoomError: the room cannot be joined, no agent came, nothing may be published, or the agent cannot be reached
            any more.
        DependencyError: a package is absent.
        SystemExit: a signal asked the process to end, which it has done.
    """
    required("livekit")
    from splatavatar.serve.livekit.worker import work

    stage = options.open_stage(avatar)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def end() -> None:
        with suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(stop.set)

    with deferred_signals(end) as asked:
        try:
            left = loop.run_until_complete(work(url, token, stage, options, stop))
        finally:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    if asked():
        # A join that cannot be called off goes on in threads of LiveKit's own. One that calls Python while the
        # interpreter is taken apart aborts the process, so it is not taken apart.
        atexit.register(os._exit, 128 + (asked.number or signal.SIGINT))
        raise asked.ending()
    return left


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still waits, such as for a server that says nothing."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
