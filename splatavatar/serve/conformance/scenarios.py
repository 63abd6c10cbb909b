"""What a worker is put through, and what is found. Each scenario is one conversation of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from splatavatar.serve.conformance.agent import Agent, WorkerMaker
from splatavatar.serve.conformance.tones import COUNT, FOREIGN, WINDOW, amplitudes, slot, tone

RATES = (8000, 16000, 22050, 24000, 44100, 48000)
PATIENCE = 12.0
"""seconds after which a segment that is not over counts as hung: LiveKit itself gives up a stream after 10"""
TAIL = 0.05
"""seconds after an interruption in which sound may still be heard: a packet that is on its way, and the loop's turn"""
EXACT = 0.045
"""seconds by which the position of a whole segment may be off: one picture"""
QUEUED = 0.25
"""seconds between what was heard at an interruption and the position that is told: what was queued"""
FIRST_SOUND = 0.15
"""seconds from the first sound pushed to the first sound heard"""


@dataclass
class Finding:
    """What a scenario found."""

    name: str
    done: int = 0
    """interruptions, segments or whatever it counts"""
    faults: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.faults

    def check(self, right: bool, fault: str) -> None:
        """Note a fault unless it is right."""
        if not right:
            self.faults.append(fault)


Scenario = Callable[..., Coroutine[Any, Any, Finding]]
"""takes a worker, how many times, and the seed of what is drawn"""


async def interruptions(make: WorkerMaker, count: int = 1000, seed: int = 0) -> Finding:
    """Segments of random length and rate that are interrupted at random moments: none hangs, none is heard after."""
    finding, random = Finding("interruptions"), np.random.default_rng(seed)
    agent = await Agent.enter(make)
    stale = 0.0
    for segment in range(count):
        agent.recorder.forget()
        before = len(agent.finished)
        rate, seconds = int(random.choice(RATES)), float(random.uniform(0.1, 3.0))
        began = perf_counter()
        speaking = asyncio.create_task(agent.say(tone(segment, seconds, rate), rate))
        if random.random() < 0.7:
            await speaking
            if random.random() < 0.8:
                agent.end()
        await asyncio.sleep(float(random.choice([0.0, random.uniform(0, 0.05), random.uniform(0.05, 0.5)])))
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        cleared = perf_counter()
        over = len(agent.finished) > before
        agent.clear()
        agent.end()
        if not await agent.playout(PATIENCE):
            finding.check(False, f"segment {segment}: no end was told in {PATIENCE:g} s after an interruption")
            break
        events = agent.finished[before:]
        finding.check(len(events) == 1, f"segment {segment}: {len(events)} ends were told, expected 1")
        if events and not over:
            heard = sum(len(piece.samples) / piece.rate for piece in agent.recorder.between(began, cleared + TAIL))
            told = events[-1]
            near = abs(told.position - heard) <= QUEUED
            finding.check(near, f"segment {segment}: {told.position:.3f} s were told, {heard:.3f} s were heard")
            whole = told.position >= seconds - EXACT
            finding.check(told.interrupted or whole, f"segment {segment}: cut off, and told as whole")
        await asyncio.sleep(float(random.uniform(0.06, 0.15)))
        late = agent.recorder.between(cleared + TAIL, perf_counter() + 1.0)
        loud = sum(len(piece.samples) / piece.rate for piece in late)
        stale += loud
        finding.check(loud == 0, f"segment {segment}: {1000 * loud:.0f} ms of it were heard after it was cut off")
        finding.done += 1
    finding.figures["stale_s"] = stale
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def segments_in_a_row(make: WorkerMaker, count: int = 20, seed: int = 0) -> Finding:
    """A segment that is pushed while the one before is still said: each has its end, in order, with its length."""
    finding, random = Finding("overlapping segments"), np.random.default_rng(seed)
    agent = await Agent.enter(make)
    for first in range(0, count, 3):
        agent.recorder.forget()
        before = len(agent.finished)
        lengths = [float(random.uniform(0.02, 0.8)) for _ in range(3)]
        for n, seconds in enumerate(lengths):
            rate = int(random.choice(RATES))
            await agent.say(tone(first + n, seconds, rate), rate)
            agent.end()
        if not await agent.playout(sum(lengths) + PATIENCE):
            finding.check(False, f"segments {first} to {first + 2}: {len(agent.finished) - before} of 3 ends were told")
            break
        events = agent.finished[before:]
        finding.check(len(events) == 3, f"segments {first} to {first + 2}: {len(events)} ends were told")
        for n, (event, seconds) in enumerate(zip(events, lengths, strict=False)):
            right = abs(event.position - seconds) <= EXACT and not event.interrupted
            finding.check(right, f"segment {first + n} of {seconds:.3f} s: told as {event.position:.3f} s")
        await asyncio.sleep(0.3)
        heard = np.concatenate([np.zeros(0), *(p.samples / 1.0 for p in agent.recorder.heard)])
        rate = agent.recorder.heard[0].rate if agent.recorder.heard else RATES[0]
        for n, seconds in enumerate(lengths):
            if seconds > 0.15:
                finding.check(_has(heard, rate, first + n), f"segment {first + n}: its sound was not heard")
        finding.done += 3
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def empty_segments(make: WorkerMaker, count: int = 10, seed: int = 0) -> Finding:
    """Ends without sound, and interruptions of nothing: no event, and the next segment is whole."""
    finding = Finding("empty segments")
    agent = await Agent.enter(make)
    for segment in range(count):
        before = len(agent.told)
        agent.end()
        agent.clear()
        agent.end()
        await asyncio.sleep(0.05)
        finding.check(len(agent.told) == before, f"{segment}: an event was told of nothing")
        await agent.say(tone(segment, 0.3, 24000), 24000)
        agent.end()
        over = await agent.playout(PATIENCE)
        finding.check(over, f"segment {segment} after an empty one: no end was told")
        if not over:
            break
        told = agent.finished[-1]
        finding.check(abs(told.position - 0.3) <= EXACT, f"segment {segment}: {told.position:.3f} s told of 0.3 s")
        finding.done += 1
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def changing_rates(make: WorkerMaker, count: int = 6, seed: int = 0) -> Finding:
    """A segment whose rate changes midway is heard as long as it is."""
    finding, random = Finding("changing rates"), np.random.default_rng(seed)
    agent = await Agent.enter(make)
    for segment in range(count):
        at = 0.0
        for rate in random.permutation(RATES)[:4]:
            await agent.say(tone(segment, 0.2, int(rate), at), int(rate))
            at += 0.2
        agent.end()
        over = await agent.playout(PATIENCE)
        finding.check(over, f"segment {segment}: no end was told")
        if not over:
            break
        told = agent.finished[-1]
        finding.check(abs(told.position - at) <= EXACT, f"segment {segment}: {told.position:.3f} s told of {at:g} s")
        finding.done += 1
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def late_ends(make: WorkerMaker, count: int = 4, seed: int = 0) -> Finding:
    """The end of a segment comes late: all of its sound is heard before, and its end is told once it has come."""
    finding = Finding("late and lost ends")
    agent = await Agent.enter(make)
    for segment in range(count):
        agent.recorder.forget()
        before = len(agent.finished)
        await agent.say(tone(segment, 0.5, 24000), 24000)
        await asyncio.sleep(1.6)
        heard = sum(len(piece.samples) / piece.rate for piece in agent.recorder.heard)
        finding.check(abs(heard - 0.5) < EXACT, f"segment {segment}: {heard:.3f} s of 0.5 s were heard without its end")
        finding.check(len(agent.finished) == before, f"segment {segment}: an end was told before there was one")
        if segment % 2:  # lost: the next thing that comes is an interruption
            agent.clear()
        agent.end()
        over = await agent.playout(PATIENCE)
        finding.check(over, f"segment {segment}: no end was told")
        if not over:
            break
        finding.done += 1
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def leaving(make: WorkerMaker, count: int = 5, seed: int = 0) -> Finding:
    """The room is left while it is spoken: the worker ends, and no task of it is left."""
    finding, random = Finding("leaving while speaking"), np.random.default_rng(seed)
    for n in range(count):
        known = asyncio.all_tasks()
        agent = await Agent.enter(make)
        await agent.say(tone(n, 2.0, 24000), 24000)
        await asyncio.sleep(float(random.uniform(0, 0.3)))
        await agent.room.disconnect()
        finding.check(await agent.leave(), f"{n}: the worker did not end in 5 s")
        await asyncio.sleep(0.1)
        left = [task for task in asyncio.all_tasks() - known if not task.done()]
        finding.check(not left, f"{n}: {len(left)} tasks were left")
        finding.done += 1
    return finding


async def first_sounds(make: WorkerMaker, count: int = 20, seed: int = 0) -> Finding:
    """How much later than it comes the first sound is heard, where sound comes at the pace at which it is said."""
    finding, random = Finding("first sound"), np.random.default_rng(seed)
    agent = await Agent.enter(make)
    delays = []
    for segment in range(count):
        await asyncio.sleep(float(random.uniform(0.2, 0.4)))
        agent.recorder.forget()
        began = perf_counter()
        for n in range(25):
            ahead = began + n * 0.02 - perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            await agent.say(tone(segment, 0.02, 24000, n * 0.02), 24000)
        agent.end()
        if not await agent.playout(PATIENCE) or not agent.recorder.heard:
            finding.check(False, f"segment {segment} was not heard")
            break
        delays.append(agent.recorder.heard[0].at - began)
        finding.done += 1
    if delays:
        finding.figures["median_s"] = float(np.median(delays))
        finding.figures["p95_s"] = float(np.quantile(delays, 0.95))
        slow = finding.figures["p95_s"] > FIRST_SOUND
        finding.check(not slow, f"the first sound is heard {1000 * finding.figures['p95_s']:.0f} ms late (p95)")
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


SCENARIOS: tuple[Scenario, ...] = (
    interruptions,
    segments_in_a_row,
    empty_segments,
    changing_rates,
    late_ends,
    leaving,
    first_sounds,
)


def _has(heard: np.ndarray, rate: int, segment: int) -> bool:
    """Whether somewhere in the sound the tone of a segment is heard, and it alone."""
    size = round(WINDOW * rate)
    for at in range(0, len(heard) - size, size // 2):
        piece = np.asarray(heard[at : at + size], np.int16)
        levels = amplitudes(piece, rate)
        own = levels[slot(segment)]
        others = np.delete(levels, [slot(segment), (slot(segment) + 1) % COUNT, (slot(segment) - 1) % COUNT])
        if own > 1000 and others.max() < max(FOREIGN * own, 100):
            return True
    return False
