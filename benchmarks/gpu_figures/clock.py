"""Times on the GPU by its events, and on the CPU by its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from time import perf_counter

import numpy as np
import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Pace:
    """How often something is repeated: for some seconds, between two numbers."""

    seconds: float
    least: int
    most: int = 100_000

    def counted(self) -> Iterator[int]:
        """0, 1, 2 ... until enough."""
        until = perf_counter() + self.seconds
        for number in range(self.most):
            if number >= self.least and perf_counter() > until:
                return
            yield number


@dataclass(frozen=True)
class Times:
    """Milliseconds of something that was repeated."""

    median: float
    p95: float
    count: int

    @staticmethod
    def of(samples: list[float]) -> Times:
        """``samples`` in milliseconds."""
        return Times(median(samples), float(np.quantile(samples, 0.95)), len(samples))


def on_cpu(work: Work, pace: Pace) -> Times:
    """One after another; ``work`` waits for what it starts."""
    samples = []
    for _ in pace.counted():
        began = perf_counter()
        work()
        samples.append(1000 * (perf_counter() - began))
    return Times.of(samples)


def on_gpu(work: Work, device: torch.device, rounds: int, stream: torch.cuda.Stream | None = None) -> Times:
    """Back to back on ``stream``, or the current one, by its events. On the CPU: by the clock."""
    if device.type != "cuda":
        return on_cpu(work, Pace(0.0, 1))
    stream = stream or torch.cuda.current_stream(device)
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
        events = [torch.cuda.Event(enable_timing=True) for _ in range(rounds + 1)]  # type: ignore[no-untyped-call]
        for event in events[:-1]:
            event.record(stream)
            work()
        events[-1].record(stream)
        stream.synchronize()
    return Times.of([float(a.elapsed_time(b)) for a, b in pairwise(events)])
