"""The mouth in the pictures of a worker, against its sound: how far they are apart, and whether it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from splatavatar.serve.conformance.agent import Agent, WorkerMaker
from splatavatar.serve.conformance.recorder import Picture, Seen
from splatavatar.serve.conformance.scenarios import PATIENCE, Finding

Samples = NDArray[np.int16]
Doubles = NDArray[np.float64]
Mouth = Callable[[Picture], float | None]
"""how far a mouth is open in a picture, in any unit; None where no face is seen"""
APART = 0.045
"""seconds that sound and lips may be apart"""
CLOSED_AFTER = 0.1
"""seconds after the end of sound by which lips are closed"""
CLOSED = 0.25
"""share of how far the mouth opens, below which it counts as closed"""
REACH = 0.25
"""seconds of a shift between sound and lips that would be found"""


@dataclass(frozen=True)
class Shift:
    """Lips against sound over one stretch of time."""

    at: float
    """seconds since the beginning"""
    seconds: float
    """by which lips come after the sound"""
    correlation: float


def shift(pictures: list[Seen], openings: list[float | None], loudness: tuple[Doubles, Doubles]) -> tuple[float, float]:
    """By how many seconds the mouth comes after the loudness (times, values) of the sound, and their correlation there.

    Raises ValueError where no face was seen.
    """
    # A picture is seen until the next one comes: its time is the middle of that.
    half = float(np.median(np.diff([seen.at for seen in pictures]))) / 2 if len(pictures) > 1 else 0.0
    times = np.array([seen.at + half for seen, found in zip(pictures, openings, strict=True) if found is not None])
    gaps = np.array([found for found in openings if found is not None])
    if len(times) < 10 or np.ptp(gaps) == 0:
        raise ValueError("no face was seen, or it never moved its mouth")
    lags = np.arange(-REACH, REACH + 1e-9, 0.005)
    scores = [float(np.corrcoef(gaps, np.interp(times - lag, *loudness))[0, 1]) for lag in lags]
    best = int(np.argmax(scores))
    return float(lags[best]), scores[best]


def envelope(agent: Agent) -> tuple[Doubles, Doubles]:
    """Times and loudness, smoothed over 60 ms, of what was heard; silence between."""
    heard = agent.recorder.heard
    begin, end = heard[0].at, heard[-1].until
    grid = np.arange(begin, end, 0.005)
    power = np.zeros(len(grid))
    for piece in heard:
        at = np.floor((piece.at - begin) / 0.005 + np.arange(len(piece.samples)) / piece.rate / 0.005).astype(int)
        inside = (at >= 0) & (at < len(grid))
        np.add.at(power, at[inside], np.square(piece.samples[inside] / 32768.0) / piece.rate)
    loud = np.sqrt(power / 0.005)
    return grid + 0.0025, np.convolve(loud, np.hanning(25)[1:-1] / np.hanning(25).sum(), "same")


async def sync(
    make: WorkerMaker, speech: Samples, rate: int, mouth: Mouth, minutes: float, looks: int = 10, look: float = 20.0
) -> tuple[Finding, list[Shift]]:
    """Say ``speech`` over and over for ``minutes``; ``looks`` times along the way the lips of ``look`` seconds are held
    against the sound.
    """
    finding, shifts = Finding("sound and lips"), list[Shift]()
    agent = await Agent.enter(make)
    began = perf_counter()
    saying = asyncio.create_task(_say_on(agent, speech, rate))
    for n in range(looks):
        due = began + 1.0 + n * max(60 * minutes - look - 1.0, 0.0) / max(looks - 1, 1)
        while perf_counter() < due:
            agent.recorder.forget()
            await asyncio.sleep(min(2.0, max(due - perf_counter(), 0.01)))
        agent.recorder.forget()
        agent.recorder.pictures = True
        await asyncio.sleep(look)
        agent.recorder.pictures = False
        pictures, loudness = list(agent.recorder.seen), envelope(agent)
        openings = await _openings(mouth, pictures)
        try:
            late, correlation = shift(pictures, openings, loudness)
        except ValueError as error:
            finding.check(False, f"at {due - began:.0f} s: {error}")
            continue
        shifts.append(Shift(due - began, late, correlation))
        finding.check(abs(late) <= APART, f"at {due - began:.0f} s lips come {1000 * late:+.0f} ms after the sound")
        finding.done += 1
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    if shifts:
        finding.figures["most_apart_s"] = max(abs(one.seconds) for one in shifts)
        finding.figures["drift_s"] = max(one.seconds for one in shifts) - min(one.seconds for one in shifts)
    return finding, shifts


async def closing(
    make: WorkerMaker, speech: Samples, rate: int, mouth: Mouth, count: int = 10, seed: int = 0
) -> Finding:
    """Lips close within 100 ms after silence: at the end of a segment, and at an interruption."""
    finding, random = Finding("lips close"), np.random.default_rng(seed)
    agent = await Agent.enter(make, pictures=True)
    slowest = 0.0
    for n in range(count):
        agent.recorder.forget()
        begin = int(random.integers(0, max(len(speech) - 2 * rate, 1)))
        await agent.say(speech[begin : begin + round(1.5 * rate)], rate)
        agent.end()
        if n % 2:
            await asyncio.sleep(float(random.uniform(0.4, 1.2)))
            agent.clear()
            silent = perf_counter()
        if not await agent.playout(PATIENCE):
            finding.check(False, f"segment {n}: no end was told")
            break
        await asyncio.sleep(0.4)
        if not n % 2:
            silent = agent.recorder.heard[-1].until
        pictures = list(agent.recorder.seen)
        openings = await _openings(mouth, pictures)
        found = [(seen.at, gap) for seen, gap in zip(pictures, openings, strict=True) if gap is not None]
        rest = float(np.median([gap for at, gap in found if at > silent + 0.25]))
        most = max(gap for at, gap in found if at <= silent)
        open_until = max([at for at, gap in found if gap > rest + CLOSED * (most - rest)], default=silent)
        after = open_until - silent
        slowest = max(slowest, after)
        finding.check(after <= CLOSED_AFTER, f"segment {n}: open for {1000 * after:.0f} ms after silence")
        finding.done += 1
    finding.figures["slowest_s"] = slowest
    finding.check(await agent.leave(), "the worker did not end in 5 s")
    return finding


async def _openings(mouth: Mouth, pictures: list[Seen]) -> list[float | None]:
    """How far the mouth is open in each picture; None where there is no face, or no picture."""

    def look() -> list[float | None]:
        return [None if seen.picture is None else mouth(seen.picture) for seen in pictures]

    return await asyncio.to_thread(look)


async def _say_on(agent: Agent, speech: Samples, rate: int) -> None:
    while True:
        await agent.say(speech, rate)
        agent.end()
        await agent.playout(len(speech) / rate + PATIENCE)
        await asyncio.sleep(0.37)


def mediapipe_mouth() -> Mouth:
    """The gap of the inner lips over the distance of the outer corners of the eyes, by MediaPipe's landmarks.

    Raises DependencyError or ModelError where MediaPipe or its model is absent.
    """
    from splatavatar.capture.faces.landmarks import detect_pictures
    from splatavatar.models import locate

    model = locate()

    def mouth(picture: Picture) -> float | None:
        face = next(iter(detect_pictures([picture], model)))
        if face is None:
            return None
        points = face["points"]
        between = np.linalg.norm(points[13, :2] - points[14, :2])
        return float(between / np.linalg.norm(points[33, :2] - points[263, :2]))

    return mouth
