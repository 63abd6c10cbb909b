"""The processes of the workers that a dispatcher has started."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from splatavatar.printable import printable

LOG = logging.getLogger("splatavatar")
TOKEN = "LIVEKIT_TOKEN"
"""variable by which a worker is given its token: what stands in a command is seen by everybody on the machine"""
LEAVING = 8.0
"""seconds in which a worker leaves its room when asked to; then it is ended"""
COMMAND = (sys.executable, "-c", "from splatavatar.cli.start import main; main()", "agent", "livekit")


class WorkerProcesses:
    """One process for each room. Threads may share it, and none of its methods but ``close`` waits for a process."""

    def __init__(self, arguments: Sequence[str], most: int, command: Sequence[str] = COMMAND) -> None:
        """
        Args:
            arguments: of ``command``, but for the server and the token.
            most: processes at a time.
            command: what a worker is.
        """
        self.most = most
        self._command = [*command, *arguments]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._leaving: dict[str, Future[None]] = {}  # of those that were asked to leave
        self._next: dict[str, tuple[str, str]] = {}  # server and token of who takes the place of one that leaves
        self._lock = threading.Lock()
        self._waiting = ThreadPoolExecutor(most, "leaving")
        self._closed = False

    @property
    def rooms(self) -> list[str]:
        """The rooms in which there is one, also one that is leaving."""
        with self._lock:
            self._forget()
            return sorted(self._running)

    @property
    def full(self) -> bool:
        """Whether no worker may be started for one more room."""
        with self._lock:
            return self._is_full(None)

    def start(self, room: str, url: str, token: str) -> bool:
        """Start one, once the one that is in that room already has left it. Whether there is place for it."""
        with self._lock:
            if self._is_full(room):
                return False
            if room in self._running:
                self._next[room] = (url, token)
                self._ask(room)
            else:
                self._begin(room, url, token)
            return True

    def end(self, room: str) -> Future[None] | None:
        """Have the worker of a room leave it; done when it has, None where there is none."""
        with self._lock:
            self._forget()
            self._next.pop(room, None)
            return self._ask(room) if room in self._running else None

    def close(self) -> None:
        """Have all of them leave, which they do at the same time, and start no more."""
        with self._lock:
            self._closed = True
            self._next.clear()
            for room in self._running:
                self._ask(room)
        self._waiting.shutdown()

    def _begin(self, room: str, url: str, token: str) -> None:
        self._running[room] = subprocess.Popen(
            [*self._command, "--url", url], env={**os.environ, TOKEN: token}, stdin=subprocess.DEVNULL
        )
        LOG.info("a worker for the room %s", printable(room))

    def _ask(self, room: str) -> Future[None]:
        """Ask the worker of a room to leave it, unless it was asked before."""
        if room not in self._leaving:
            process = self._running[room]
            process.terminate()
            self._leaving[room] = self._waiting.submit(self._leave, room, process)
        return self._leaving[room]

    def _leave(self, room: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until a worker has left. Until then its place is taken."""
        try:
            process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            del self._running[room], self._leaving[room]
            following = self._next.pop(room, None)
            if following is not None:
                try:
                    self._begin(room, *following)
                except OSError as error:
                    LOG.warning("no worker for the room %s: %s", printable(room), error)

    def _is_full(self, room: str | None) -> bool:
        self._forget()
        return self._closed or (len(self._running) >= self.most and room not in self._running)

    def _forget(self) -> None:
        for room, process in list(self._running.items()):
            code = None if room in self._leaving else process.poll()
            if code is not None:
                del self._running[room]
                if code:
                    LOG.warning("the worker for the room %s ended with code %d", printable(room), code)
