"""Does a drive last? Hours of signal, faster than real time.

``python benchmarks/soak.py AVATAR [--seconds 10000]``. The loop runs as it does live, but on a clock that is set by
hand: every signal at 30 a second comes in by way of the mailbox, goes through every step of the chain, and is drawn at
60 pictures a second for a live sink. Faults come in as they do live: lost faces, gaps, a clock that jumps back, values
that are no numbers. Printed as the drive goes on, and judged at its end:

- memory: resident, flat within 5 % after the first tenth;
- the picture of a given signal: the same bytes at the end as at the start, drawn alone and at the end of a long rest;
- milliseconds a picture: no growth.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.drive.face.channels import FACE
from splatavatar.drive.live.loop import Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.source import Clock, Emit

SOURCE_FPS, RENDER_FPS = 30, 60
PARTS = 20
"""rows of the table"""
REST = 12.0
"""seconds of one signal, after which every filter has come to rest"""
FLAT = 1.05


class Puppet:
    """A source that is told what to emit."""

    name = "soak"
    fps = float(SOURCE_FPS)
    channels = FACE
    ended = False
    emit: Emit

    def start(self, emit: Emit, clock: Clock) -> None:
        self.emit = emit

    def stop(self) -> None:
        self.ended = True


class Screen:
    """Keeps the last picture and the worst age."""

    name = "screen"
    main_thread = False

    def __init__(self) -> None:
        self.last: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)
        self.pictures = 0

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        self.last = image
        self.pictures += 1

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Part:
    """One stretch of the drive."""

    seconds: float
    """of signal since the start"""
    memory: float
    """MiB resident at its end"""
    milliseconds: float
    """a picture, all steps, median of blocks of a simulated second"""
    age: float
    """ms, p95"""


@dataclass(frozen=True)
class Soak:
    """What came out."""

    parts: list[Part]
    drawn_alike: bool
    """the same signal, drawn alone, gave the same bytes at the start and at the end"""
    rested_alike: bool
    """the same signal, after twelve seconds of it through the whole chain, too"""

    @property
    def growth(self) -> float:
        """Most memory after the first tenth, over the least."""
        memory = [part.memory for part in self.parts[max(len(self.parts) // 10, 1) :]]
        return max(memory) / min(memory)


class Drive:
    """A loop on a simulated clock."""

    def __init__(self, avatar: Avatar, size: int) -> None:
        self.now = 100.0
        self.source, self.screen = Puppet(), Screen()
        settings = LoopSettings((size, size))
        self.loop = Loop(Performer(avatar), [self.source], [self.screen], settings, clock=lambda: self.now)
        self.loop.listen()
        self._motion = moving_signal()
        self._random = np.random.default_rng(0)
        self._ticks = 0
        self._lost = 0

    def play(self, seconds: float) -> None:
        """A moving face and everything that goes wrong with it."""
        for _ in range(round(seconds * SOURCE_FPS)):
            self._ticks += 1
            self._show(self._spoilt(self._motion.frame(self._ticks % len(self._motion))))

    def rest(self, signal: FaceSignal) -> NDArray[np.uint8]:
        """The picture after a while of ``signal``."""
        for _ in range(round(REST * SOURCE_FPS)):
            self._show(signal)
        return self.screen.last.copy()

    def _show(self, signal: FaceSignal) -> None:
        self.source.emit(replace(signal, time=self.now - 0.012))
        for _ in range(RENDER_FPS // SOURCE_FPS):
            self.loop.step(self.now)
            self.loop.flush()
            self.now += 1 / RENDER_FPS

    def _spoilt(self, signal: FaceSignal) -> FaceSignal:
        chance = self._random.random()
        if chance < 0.001:
            self.now += float(self._random.choice([-5.0, 0.3, 2.0]))
        if chance > 0.998:
            self._lost = int(self._random.integers(1, 90))
        if self._lost > 0:
            self._lost -= 1
            return nobody(0.0)
        if 0.5 < chance < 0.51:
            arkit = signal.arkit.copy()
            arkit[self._random.integers(len(arkit))] = np.nan
            return replace(signal, arkit=arkit)
        noise = self._random.normal(0, 0.01, len(signal.arkit)).astype(np.float32)
        return replace(signal, arkit=np.clip(signal.arkit + noise, 0, 1))


def soak(avatar: Avatar, seconds: float, size: int = 64, report: Callable[[Part], None] = lambda part: None) -> Soak:
    """Drive ``avatar`` for ``seconds`` of signal into pictures of ``size`` x ``size``."""
    drive = Drive(avatar, size)
    probe = moving_signal().frame(47)
    drawn, rested = drive.loop.draw(probe), drive.rest(probe)
    parts: list[Part] = []
    for number in range(1, PARTS + 1):
        times = []
        for _ in range(max(round(seconds / PARTS), 1)):
            begun = perf_counter()
            drive.play(1.0)
            times.append((perf_counter() - begun) * 1000 / RENDER_FPS)
        stats = drive.loop.stats()
        parts.append(Part(seconds * number / PARTS, resident(), float(np.median(times)), stats.age_p95))
        report(parts[-1])
    drawn_alike = np.array_equal(drawn, drive.loop.draw(probe))
    rested_alike = np.array_equal(rested, drive.rest(probe))
    drive.loop.close()
    return Soak(parts, drawn_alike, rested_alike)


def resident() -> float:
    """MiB of this process in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("avatar", type=Path)
    parser.add_argument("--seconds", type=float, default=10_000.0)
    parser.add_argument("--size", type=int, default=64, help="pixels of a side of the pictures")
    given = parser.parse_args()

    def report(part: Part) -> None:
        print(
            f"{part.seconds:8.0f} s  {part.memory:7.1f} MiB  {part.milliseconds:6.2f} ms a picture  "
            f"age p95 {part.age:5.1f} ms",
            flush=True,
        )

    result = soak(load_avatar(given.avatar), given.seconds, given.size, report)
    first, last = result.parts[max(PARTS // 10, 1)].milliseconds, result.parts[-1].milliseconds
    print(f"memory: {(result.growth - 1) * 100:.1f} % between the least and the most after the first tenth")
    print(f"time a picture: {first:.2f} ms after the first tenth, {last:.2f} ms at the end")
    print(f"the same signal drawn alone: {'the same bytes' if result.drawn_alike else 'DIFFERENT'}")
    print(f"the same signal at rest: {'the same bytes' if result.rested_alike else 'DIFFERENT'}")
    return 0 if result.growth < FLAT and result.drawn_alike and result.rested_alike else 1


if __name__ == "__main__":
    sys.exit(main())
