"""Which photos are compared: all with all, or, of many, each with those taken shortly before and after it."""

from __future__ import annotations

ALL = 120
"""photos up to which all are compared with all: some 7,000 pairs, minutes on two cores"""
NEAR = 12
"""photos before and after one that are compared with it where there are more"""


def pairs(count: int) -> list[list[tuple[int, int]]]:
    """For each of ``count`` photos in the order of their names the pairs (earlier, later) that are complete with it.

    Of more than ``ALL`` each is compared with the ``NEAR`` before it and with those 16, 32, 64, ... before it. The last
    counts as taken before the first: whoever goes round a person ends where they began.
    """
    if count <= ALL:
        return [[(earlier, later) for earlier in range(later)] for later in range(count)]
    steps = [*range(1, NEAR + 1)]
    steps += [1 << power for power in range(4, count.bit_length()) if 1 << power <= count // 2]
    found: list[set[tuple[int, int]]] = [set() for _ in range(count)]
    for one in range(count):
        for step in steps:
            earlier, later = sorted((one, (one + step) % count))
            found[later].add((earlier, later))
    return [sorted(each) for each in found]
