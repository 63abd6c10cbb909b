"""The scenarios as tests: derive from ``AvatarWorkerSuite`` in a file of yours and run pytest.

from splatavatar.serve.conformance.suite import AvatarWorkerSuite

class TestMine(AvatarWorkerSuite):
    async def make(self, room):
        return await GeneratorWorker.start(room, MyVideoGenerator(), options)
"""

from __future__ import annotations

import asyncio
from typing import Any

from splatavatar.serve.conformance import scenarios
from splatavatar.serve.conformance.agent import Worker


class AvatarWorkerSuite:
    """Ten seconds to a minute of conversations with a worker; each test is one of ``scenarios``."""

    repeats: int | None = None
    """how often each scenario does what it does; None: as often as it usually does"""
    seed = 0

    async def make(self, room: Any) -> Worker:
        """Start the worker under test in ``room``."""
        raise NotImplementedError

    def put(self, scenario: scenarios.Scenario, times: int) -> scenarios.Finding:
        """Run one scenario; AssertionError with all that was wrong."""

        async def make(room: Any) -> Worker:
            return await self.make(room)

        count = times if self.repeats is None else self.repeats
        finding = asyncio.run(scenario(make, count, self.seed))
        assert finding.passed, "\n".join(finding.faults)
        assert finding.done == count or scenario is scenarios.segments_in_a_row
        return finding

    def test_interruptions(self) -> None:
        """See ``interruptions``."""
        self.put(scenarios.interruptions, 1000)

    def test_overlapping_segments(self) -> None:
        """See ``segments_in_a_row``."""
        self.put(scenarios.segments_in_a_row, 21)

    def test_empty_segments(self) -> None:
        """See ``empty_segments``."""
        self.put(scenarios.empty_segments, 10)

    def test_changing_rates(self) -> None:
        """See ``changing_rates``."""
        self.put(scenarios.changing_rates, 6)

    def test_late_ends(self) -> None:
        """See ``late_ends``."""
        self.put(scenarios.late_ends, 4)

    def test_leaving(self) -> None:
        """See ``leaving``."""
        self.put(scenarios.leaving, 5)

    def test_first_sounds(self) -> None:
        """See ``first_sounds``."""
        self.put(scenarios.first_sounds, 20)
