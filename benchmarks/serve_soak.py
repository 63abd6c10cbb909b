"""Does the service last? Sessions opened and dropped, ``python benchmarks/serve_soak.py [--sessions 2000]``.

A service of its own (``splatavatar serve``) is asked for sessions, a few at a time. Each is sent speech; half of them
are ended by DELETE, of the other half the line is cut amid the speech and nobody says that it is over. One in twenty is
watched by WebRTC meanwhile, and of these too half hang up and half are cut off. Printed at every quarter, once no
session is left: memory (resident), threads, open files, of them sockets, temporary files. Judged at the end:

- memory: no more than 5 % (and 8 MiB, what the allocator keeps more or less of) above that after a quarter;
- threads, sockets and other open files: as many as after a quarter, temporary files: none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from serve_client import Service, Watcher, service, speech
from websockets.sync.client import connect

QUARTERS = 4
TOGETHER = 6
"""sessions at a time"""
WATCHED = 20
"""of how many sessions one is watched"""
IDLE = 10
"""seconds after which the service ends a session that nobody uses"""
GONE = 90.0
"""seconds after which a session that was cut off is gone, at most: its connection is given up after 30"""
FLAT, SPARE = 1.05, 8 << 20


@dataclass(frozen=True)
class State:
    """What the service has once no session is left."""

    sessions: int
    """that there were"""
    memory: int
    threads: int
    files: int
    sockets: int
    temporary: int
    left: int
    """sessions that are still there"""


class Soak:
    """Opens and drops sessions of one service."""

    def __init__(self, at: Service, temporary: Path, seed: int = 0) -> None:
        self._at, self._temporary, self._random = at, temporary, random.Random(seed)
        self._sound = speech(1.0)
        self.opened = self.ended = self.cut = self.watched = self.refused = 0

    async def run(self, count: int) -> None:
        """That many sessions, a few at a time."""
        waiting = iter(range(count))

        async def worker() -> None:
            for number in waiting:
                await self._one(number)

        await asyncio.gather(*(worker() for _ in range(TOGETHER)))

    async def settled(self) -> State:
        """What there is as soon as no session is left, or after a while."""
        until = time.monotonic() + GONE
        while (left := await self._left()) and time.monotonic() < until:
            await asyncio.sleep(0.5)
        await asyncio.sleep(2)  # connections that were kept alive are closed
        at = self._at
        temporary = sum(1 for _ in self._temporary.iterdir())
        return State(self.opened, at.memory, at.threads, at.open(""), at.open("socket:"), temporary, left)

    async def _left(self) -> int:
        _, answer = await self._ask("GET", "/v1/sessions")
        return len(answer["sessions"])

    async def _one(self, number: int) -> None:
        mode = self._random.choice(("video", "client"))
        wanted = {"avatar": "demo", "mode": mode, "width": 128, "height": 128}
        while True:
            status, session = await self._ask("POST", "/v1/sessions", wanted)
            if status == 201:
                break
            self.refused += 1  # for a while, where the machine does something else as well
            await asyncio.sleep(1)
        self.opened += 1
        cut = bool(number % 2)
        watcher = Watcher(mode) if number % WATCHED in (0, 1) and number % (2 * WATCHED) < WATCHED else None
        if watcher is not None:
            await watcher.connect(self._at, session)
            self.watched += 1
        token = f"token={session['token']}"
        path = f"/v1/sessions/{session['id']}"
        kind = number // 2 % 3
        if kind == 0:
            await self._ask("POST", f"{path}/speech?{token}", self._sound, "audio/wav")
        elif kind == 1:
            await asyncio.to_thread(self._speak, f"{path}/speech?{token}", cut)
        if watcher is not None:
            await asyncio.sleep(0.5)
            if cut:
                cut_off(watcher)
            await watcher.close()
        if cut:
            self.cut += 1
        else:
            await self._ask("DELETE", f"{path}?{token}")
            self.ended += 1

    def _speak(self, path: str, cut: bool) -> None:
        """Speech in messages, of which the line breaks where it is cut."""
        address = urlsplit(self._at.address)
        line = socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
        with connect(f"ws://{address.netloc}{path}", sock=line, proxy=None) as messages:
            messages.send(json.dumps({"type": "format", "rate": 24000, "channels": 1}))
            for start in range(44, len(self._sound) // 2, 4800):
                messages.send(self._sound[start : start + 4800])
            if cut:
                # Without a word of leave: the other end is told that there is nobody.
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                line.close()
                return
            messages.send(json.dumps({"type": "end"}))

    async def _ask(self, *question: Any) -> tuple[int, Any]:
        return await asyncio.to_thread(self._at.ask, *question)


def cut_off(watcher: Watcher) -> None:
    """Have nothing more of who watches leave this machine, as where a line breaks."""
    for transceiver in watcher.connection.getTransceivers():
        for protocol in transceiver.sender.transport.transport._connection._protocols:
            protocol.transport.abort()


def shown(state: State) -> str:
    """A line of the table."""
    return (
        f"{state.sessions:9d} {state.memory / 2**20:8.1f} {state.threads:8d} {state.files:7d} {state.sockets:8d} "
        f"{state.temporary:10d} {state.left:5d}"
    )


def faults(states: Sequence[State]) -> list[str]:
    """What there is more of at the end than after a quarter."""
    first, last = states[0], states[-1]
    found = []
    if last.memory > max(first.memory * FLAT, first.memory + SPARE):
        found.append(f"memory grew from {first.memory / 2**20:.1f} to {last.memory / 2**20:.1f} MiB")
    for name in ("threads", "files", "sockets"):
        before, after = getattr(first, name), getattr(last, name)
        if after > before:
            found.append(f"{name} grew from {before} to {after}")
    if last.temporary or last.left:
        found.append(f"{last.temporary} temporary files and {last.left} sessions are left")
    return found


def soak(sessions: int) -> tuple[list[State], Soak]:
    """The states after each quarter, and what was done."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        options = ("--idle", str(IDLE), "--limit-video", "5000", "--limit-client", "5000")
        with service("--avatars", "demo", *options, temporary=folder) as at:
            done = Soak(at, Path(folder))
            states = []

            async def all_of_them() -> None:
                for _ in range(QUARTERS):
                    await done.run(sessions // QUARTERS)
                    states.append(await done.settled())
                    print(shown(states[-1]), flush=True)

            asyncio.run(all_of_them())
    return states, done


def main() -> None:
    """Print the table and what is wrong in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=2000)
    given = parser.parse_args()
    print(" sessions      MiB  threads   files  sockets  temporary  left", flush=True)
    began = time.perf_counter()
    states, done = soak(given.sessions)
    print(
        f"{done.opened} sessions in {time.perf_counter() - began:.0f} s: {done.ended} ended, {done.cut} cut off, "
        f"{done.watched} watched, {done.refused} refused"
    )
    found = faults(states)
    print("\n".join(found) or "nothing is left of them")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
