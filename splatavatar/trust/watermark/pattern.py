"""The pattern of a mark: a tile of 128 x 128 that repeats over the picture, made with whole numbers alone.

It is a sum of waves that fit the tile, of equal height, all between the rows and the columns: diagonal ones are seen
least (Campbell, Kulikowski and Levinson, Journal of Physiology 187, 1966). The sign of the cosine and of the sine of
each wave is a chip: drawn from the key alone for the waves that are there to be found (synchronisation), and turned by
a coded bit for the others. ``docs/watermark.md`` says the same for whoever writes it in another language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.trust.watermark.payload import CODED_BITS, Payload, data_of, encode

TILE = 128
LOWEST, HIGHEST = 10, 26
"""waves a tile, along each axis"""
KEY = (0x53504C41, 0x54415641, 0x5441522D, 0x4D41524B)
"""public: whoever can find the mark can remove it"""
PEAK = 127
_COSINE_BITS = 12
_SCALE_BITS = 12


@dataclass(frozen=True)
class Waves:
    """The waves of the pattern, those of synchronisation first."""

    u: NDArray[np.int64]
    """(578) waves a tile along a row"""
    v: NDArray[np.int64]
    """(578) waves a tile down a column, negative for the other diagonal"""
    chips: NDArray[np.int64]
    """(578, 2) +1 or -1 by the key: of the cosine and of the sine"""
    free: int
    """how many carry no bit"""


def random_words(key: tuple[int, int, int, int]) -> Iterator[int]:
    """Endless 32-bit words of xoshiro128++ (Blackman and Vigna, ACM Transactions on Mathematical Software 47, 2021)."""
    a, b, c, d = key
    mask = 0xFFFFFFFF

    def turn(x: int, k: int) -> int:
        return (x << k | x >> (32 - k)) & mask

    while True:
        yield (turn(a + d & mask, 7) + a) & mask
        t = b << 9 & mask
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = turn(d, 11)


@cache
def waves() -> Waves:
    """The waves in the order that the key gives them."""
    words = random_words(KEY)
    every = [
        (u, v) for u in range(LOWEST, HIGHEST + 1) for v in (*range(-HIGHEST, -LOWEST + 1), *range(LOWEST, HIGHEST + 1))
    ]
    for i in range(len(every) - 1, 0, -1):
        j = next(words) % (i + 1)
        every[i], every[j] = every[j], every[i]
    chips = []
    for _ in every:
        word = next(words)
        chips.append((1 - 2 * (word >> 31), 1 - 2 * (word >> 30 & 1)))
    u, v = np.array(every, np.int64).T
    return Waves(u, v, np.array(chips, np.int64), len(every) - CODED_BITS)


def chips_of(data: int) -> NDArray[np.int64]:
    """(578, 2) the chips of the pattern that says the 64 bits ``data``.

    Coded bit b turns the chips 2w + p = b and b + 432 of the waves w after the free ones (p = 0 the cosine, 1 the
    sine) where it is 1.
    """
    known = waves()
    chips = known.chips.copy()
    turned = 1 - 2 * encode(data).astype(np.int64)
    chips[known.free :] *= np.concatenate((turned, turned)).reshape(-1, 2)
    return chips


def tile_of(chips: NDArray[np.int64]) -> NDArray[np.int8]:
    """(128, 128) the tile of ``chips`` (578, 2), about 32 in the root mean square, at most 127.

    With c[k] = round(4096 cos(2 pi k / 128)) the sum s over all waves of chip0 c[k] + chip1 c[k - 32], where
    k = (u x + v y) mod 128, becomes (5 s + 8192) >> 14, rounded down, within [-127, 127].
    """
    known = waves()
    cosine = np.rint(np.cos(np.arange(TILE) * (2 * np.pi / TILE)) * (1 << _COSINE_BITS)).astype(np.int64)
    sine = np.roll(cosine, TILE // 4)
    x = np.arange(TILE)
    total = np.zeros((TILE, TILE), np.int64)
    for u, v, (first, second) in zip(known.u, known.v, chips, strict=True):
        phase = (u * x[None] + v * x[:, None]) % TILE
        total += (first * cosine + second * sine)[phase]
    return np.asarray(np.clip((total * 5 + 8192) >> 14, -PEAK, PEAK), np.int8)


@cache
def tile(payload: Payload) -> NDArray[np.int8]:
    """(128, 128) the tile that says ``payload``."""
    made = tile_of(chips_of(data_of(payload)))
    made.setflags(write=False)
    return made
