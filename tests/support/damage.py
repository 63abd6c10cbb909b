"""Files that something has happened to."""

from __future__ import annotations

import numpy as np


def changed(content: bytes, random: np.random.Generator) -> bytes:
    """One to four bytes changed, or a part cut out or off."""
    spoiled = bytearray(content)
    if random.random() < 0.25:
        at = int(random.integers(len(content)))
        del spoiled[at : at + int(random.choice([1, 8, len(content)]))]
        return bytes(spoiled)
    for _ in range(random.integers(1, 5)):
        spoiled[random.integers(len(spoiled))] = random.integers(256)
    return bytes(spoiled)
