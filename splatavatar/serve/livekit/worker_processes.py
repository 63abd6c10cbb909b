"""The processes of the workers that a dispatcher has started."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from splatavatar.printable import printable

LOG = logging.getLogger("splatavatar")
TOKEN = "LIVEKIT_TOKEN"
"""variable by which a worker is given its token: what stands in a command is seen by everybody on the machine"""
LEAVING = 8.0
"""seconds in which a worker leaves its room when asked to"""
COMMAND = (sys.executable, "-c", "from splatavatar.cli.app import main; main()", "agent", "livekit")


class WorkerProcesses:
    """One process for each room. Threads may share it."""

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
        self._lock = threading.Lock()
        self._closed = False

    @property
    def rooms(self) -> list[str]:
        """The rooms in which there is one."""
        with self._lock:
            self._forget()
            return sorted(self._running)

    @property
    def full(self) -> bool:
        """Whether no worker may be started for one more room."""
        with self._lock:
            return self._is_full(None)

    def start(self, room: str, url: str, token: str) -> bool:
        """Start one; one that is in that room already leaves it first. Whether there was place for it."""
        with self._lock:
            if self._is_full(room):
                return False
            before = self._running.pop(room, None)
            if before is not None:
                _end([before])
            self._running[room] = subprocess.Popen(
                [*self._command, "--url", url], env={**os.environ, TOKEN: token}, stdin=subprocess.DEVNULL
            )
            LOG.info("a worker for the room %s", printable(room))
            return True

    def end(self, room: str) -> bool:
        """Have the worker of a room leave it; whether there was one."""
        with self._lock:
            self._forget()
            process = self._running.pop(room, None)
        if process is not None:
            _end([process])
        return process is not None

    def close(self) -> None:
        """Have all of them leave, and start no more."""
        with self._lock:
            self._closed = True
            processes = list(self._running.values())
            self._running.clear()
        _end(processes)

    def _is_full(self, room: str | None) -> bool:
        self._forget()
        return self._closed or (len(self._running) >= self.most and room not in self._running)

    def _forget(self) -> None:
        for room, process in list(self._running.items()):
            code = process.poll()
            if code is not None:
                del self._running[room]
                if code:
                    LOG.warning("the worker for the room %s ended with code %d", printable(room), code)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
