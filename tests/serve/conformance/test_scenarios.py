from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from livekit.agents.voice.avatar import AudioSegmentEnd

from splatavatar.serve.conformance.scenarios import (
    Finding,
    Scenario,
    changing_rates,
    empty_segments,
    interruptions,
    late_ends,
    leaving,
    segments_in_a_row,
)
from splatavatar.serve.conformance.tones import frequency, segment_of, slot, tone
from support.plain_worker import PlainGenerator, plain


def put(scenario: Scenario, count: int, kind: type[PlainGenerator] = PlainGenerator) -> Finding:
    return asyncio.run(scenario(partial(plain, kind=kind), count, 1))


@pytest.mark.parametrize(
    ("scenario", "count"),
    [
        (interruptions, 6),
        (segments_in_a_row, 3),
        (empty_segments, 2),
        (changing_rates, 1),
        (late_ends, 1),
        (leaving, 1),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_worker_that_does_as_livekit_asks_passes(scenario: Scenario, count: int) -> None:
    finding = put(scenario, count)
    assert finding.faults == []
    assert finding.done == count


class Deaf(PlainGenerator):
    """Says what it has to say whatever happens."""

    async def clear_buffer(self) -> None:
        while self._gates:
            self._gates.popleft().set()


class Endless(PlainGenerator):
    """Never tells an end."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for thing in super().__aiter__():
            if not isinstance(thing, AudioSegmentEnd):
                yield thing


def test_sound_after_an_interruption_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splatavatar.serve.conformance.scenarios.PATIENCE", 1.0)
    finding = put(interruptions, 4, Deaf)
    assert any("were heard after it was cut off" in fault for fault in finding.faults)
    assert finding.figures["stale_s"] > 0


def test_a_segment_that_never_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splatavatar.serve.conformance.scenarios.PATIENCE", 0.5)
    finding = put(empty_segments, 2, Endless)
    assert finding.faults == ["segment 0 after an empty one: no end was told"]


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_tones_tell_their_segment(rate: int) -> None:
    for segment in range(40):
        assert segment_of(tone(segment, 0.04, rate, begin=1.0), rate) == slot(segment)
    assert segment_of(np.zeros(100, np.int16), rate) is None
    assert abs(frequency(1) - frequency(2)) > 300
