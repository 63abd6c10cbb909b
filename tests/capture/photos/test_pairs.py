"""Which photos are compared."""

from __future__ import annotations

import pytest

from splatavatar.capture.photos.pairs import ALL, NEAR, pairs


@pytest.mark.parametrize("count", [0, 1, 2, 3, ALL])
def test_few_are_all_compared_with_all(count: int) -> None:
    found = [pair for batch in pairs(count) for pair in batch]
    assert len(found) == len(set(found)) == count * (count - 1) // 2
    assert all(0 <= one < other < count for one, other in found)


def test_of_many_each_is_compared_with_its_neighbours_in_a_ring() -> None:
    count = ALL + 1
    batches = pairs(count)
    found = [pair for batch in batches for pair in batch]
    assert len(batches) == count and len(found) == len(set(found))
    assert all(one < other == later for later, batch in enumerate(batches) for one, other in batch)
    steps = {min(other - one, count - other + one) for one, other in found}
    assert steps == {*range(1, NEAR + 1), 16, 32}
    assert len(found) == count * len(steps)
    assert (0, count - 1) in found, "the last is beside the first"
