"""How many sessions does a machine bear?

``python benchmarks/serve_load.py [--mode video|client] [--sessions 1 2 ...]``. For each number of sessions a service
of its own (``splatavatar serve``, in a process of its own) is asked for them, each is watched by WebRTC and speaks all
the time, and after a while to settle is looked at for ``--seconds``:

- pictures (or faces) a second that came, of all sessions and of the slowest;
- how late they came after they were due on the clock of their stream, p50 and p95, against the earliest of its session;
- cores that the service kept busy: processor time of its process over the time, and a session's part of it. What
  watches is another process that neither decodes nor answers; on the same machine it takes time from the service, so
  that rates and lateness are worse than where it is elsewhere, but the service's processor time is its own.

``--limit N`` tells the service that N sessions fit (else the service says); those that it refuses are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from serve_client import Service, Watcher, service, speech

SETTLE = 6.0
"""seconds before anything is counted"""
PIECE = 20.0
"""seconds of speech that are sent at a time"""


@dataclass(frozen=True)
class Row:
    """What came out of one number of sessions."""

    asked: int
    sessions: int
    """that were let in"""
    fps: float
    slowest: float
    p50: float
    """seconds"""
    p95: float
    cores: float
    memory: int
    """bytes"""
    watching: float
    """cores that watching took"""


async def measure(at: Service, mode: str, count: int, size: int, fps: float, seconds: float) -> Row:
    """Open sessions, watch them, have them speak."""
    wanted = {"avatar": "demo", "mode": mode, "width": size, "height": size, "fps": fps}
    watchers: list[Watcher] = []
    ids: list[dict[str, Any]] = []
    for _ in range(count):
        status, session = await asyncio.to_thread(at.ask, "POST", "/v1/sessions", wanted)
        if status != 201:
            continue
        watcher = Watcher(mode)
        await watcher.connect(at, session)
        watchers.append(watcher)
        ids.append(session)
    sound = speech(PIECE)

    async def talk(session: dict[str, Any]) -> None:
        path = f"/v1/sessions/{session['id']}/speech?token={session['token']}"
        while True:
            await asyncio.to_thread(at.ask, "POST", path, sound, "audio/wav")
            await asyncio.sleep(PIECE * 0.9)

    talking = [asyncio.create_task(talk(session)) for session in ids]
    await asyncio.sleep(SETTLE)
    for watcher in watchers:
        watcher.times.clear()
    cpu, own, began = at.cpu, sum(os.times()[:2]), time.perf_counter()
    await asyncio.sleep(seconds)
    cpu, own, took = at.cpu - cpu, sum(os.times()[:2]) - own, time.perf_counter() - began
    memory = at.memory
    times = [np.array(watcher.times).reshape(-1, 2) for watcher in watchers]
    for task in talking:
        task.cancel()
    await asyncio.gather(*(watcher.close() for watcher in watchers))
    late = [came - due - (came - due).min() for due, came in (each.T for each in times if len(each))]
    p50, p95 = np.percentile(np.concatenate(late), [50, 95]) if late else (float("nan"),) * 2
    rates = [len(each) / took for each in times] or [0.0]
    return Row(
        count, len(watchers), float(np.mean(rates)), min(rates), float(p50), float(p95), cpu / took, memory, own / took
    )


def shown(row: Row) -> str:
    """A line of the table."""
    each = row.cores / max(row.sessions, 1)
    return (
        f"{row.asked:8d} {row.sessions:8d} {row.fps:7.1f} {row.slowest:8.1f} {row.p50 * 1e3:7.1f} {row.p95 * 1e3:7.1f} "
        f"{row.cores:7.2f} {each:9.4f} {row.memory / 2**20:8.0f} {row.watching:9.2f}"
    )


HEAD = "   asked   let in     fps  slowest  p50 ms  p95 ms   cores   each one      MiB  watching"


def main() -> None:
    """Print the curve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=("video", "client"), default="video")
    parser.add_argument("--sessions", type=int, nargs="+")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--limit", type=int, help="sessions that the service is told fit")
    given = parser.parse_args()
    usual: Sequence[int] = (1, 2, 3, 4, 5) if given.mode == "video" else (1, 5, 10, 20, 30)
    options = [] if given.limit is None else [f"--limit-{given.mode}", str(given.limit)]
    print(f"{given.mode}, {given.size}x{given.size}, {given.fps:g} a second, {os.cpu_count()} cores", flush=True)
    print(HEAD, flush=True)
    for count in given.sessions or usual:
        with service("--avatars", "demo", *options) as at:
            print(shown(asyncio.run(measure(at, given.mode, count, given.size, given.fps, given.seconds))), flush=True)


if __name__ == "__main__":
    main()
