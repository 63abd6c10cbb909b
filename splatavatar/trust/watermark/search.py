"""Where a mark is in a picture: the scale, the turn and the place of its tile, by the waves that are always there.

A picture that was scaled, cut, turned or sheared has the waves of the tile at other frequencies, moved by one matrix,
with phases that its place shifts. So a matrix is tried by reading 146 waves of a picture's spectrum, and all places at
once by a Fourier transform of them (phase correlation: Kuglin and Hines, Proceedings of the IEEE International
Conference on Cybernetics and Society, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.trust.watermark.pattern import HIGHEST, TILE, waves
from splatavatar.trust.watermark.spectrum import Spectrum

SMALLEST, LARGEST = 0.3, 2.4
"""scales that are looked for, over that of the picture that was marked"""
FINENESS = 0.6
"""periods by which the fastest wave may be off over a picture, between two scales that are tried"""
GRID = 64
"""places a tile that are tried, along each axis"""
TURNS = tuple(np.radians((-1.0, -0.5, 0.0, 0.5, 1.0)))
STRETCHES = (0.985, 1.0, 1.015)
"""of the width over the height, with the turns"""
KEPT = 8
"""of the matrices tried, those that are refined"""
ROUNDS, TRIES = 7, 48
"""of the refinement"""
SPREAD, CALM = 0.004, 0.6
"""of its first tries, and its factor after a round that found nothing"""
BATCH = 64


@dataclass(frozen=True)
class Place:
    """A place of the tile that was tried."""

    matrix: Doubles
    """(2, 2) from a frequency in waves a tile pixel to one in waves a pixel of the picture"""
    shift: Doubles
    """(2) tile pixels, right and down, from the middle of the picture"""
    score: float
    """the sum of the chips that fit over the root of the sum of their squares"""


def scales(spectrum: Spectrum) -> Doubles:
    """Those that are tried for a picture of that size."""
    step = FINENESS * TILE / (HIGHEST * spectrum.longest)
    count = int(np.log(LARGEST / SMALLEST) / step) + 1
    return np.exp(np.linspace(np.log(SMALLEST), np.log(LARGEST), count))


def upright(spectrum: Spectrum) -> Doubles:
    """(N, 2, 2) the matrices of pictures that were scaled and cut."""
    return np.eye(2) / scales(spectrum)[:, None, None]


def askew(spectrum: Spectrum) -> Doubles:
    """(N, 2, 2) the matrices of pictures that were turned, stretched or mirrored as well."""
    quarters = [(quarter * np.pi / 2, 1.0) for quarter in (1, 2, 3)]
    little = [(turn, stretch) for turn in TURNS for stretch in STRETCHES]
    every = [(1.0, *one) for one in little + quarters] + [(-1.0, *one) for one in little + quarters]
    found = []
    for mirror, turn, stretch in every:
        if (mirror, turn, stretch) != (1, 0, 1):
            c, s = np.cos(turn), np.sin(turn)
            found.append(np.array([[c, -s], [s, c]]) @ np.diag([mirror / stretch, stretch]))
    return np.concatenate([matrix / scales(spectrum)[:, None, None] for matrix in found])


def ways(matrices: int) -> float:
    """The logarithm of the number of places at which a search among that many matrices may end.

    Each round of the refinement goes on from one of its tries, or from where it was.
    """
    return float(np.log(matrices) + ROUNDS * np.log(TRIES + 1) + 2 * np.log(GRID))


def best(spectrum: Spectrum, matrices: Doubles) -> list[Place]:
    """The best of ``matrices``, refined, the best first."""
    scores = np.concatenate([_scores(spectrum, matrices[i : i + BATCH])[0] for i in range(0, len(matrices), BATCH)])
    found = [_refined(spectrum, matrices[index]) for index in np.argsort(-scores)[:KEPT]]
    return sorted(found, key=lambda place: -place.score)


def _refined(spectrum: Spectrum, matrix: Doubles) -> Place:
    """Around ``matrix``, by tries that come closer."""
    random, spread = np.random.default_rng(0), SPREAD
    score, shift = _scores(spectrum, matrix[None])
    top, where = float(score[0]), shift[0]
    for _ in range(ROUNDS):
        near = matrix @ (np.eye(2) + random.normal(0, spread, (TRIES, 2, 2)))
        scores, shifts = _scores(spectrum, near)
        index = int(scores.argmax())
        if scores[index] > top:
            matrix, top, where = near[index], float(scores[index]), shifts[index]
        else:
            spread *= CALM
    return Place(matrix, where, top)


@cache
def _known() -> tuple[Doubles, NDArray[np.complex128], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Of the free waves: frequencies in a tile, conjugate chips, places in the grid."""
    every = waves()
    free = slice(every.free)
    chips = every.chips[free, 0] + 1j * every.chips[free, 1]
    return np.stack([every.u[free], every.v[free]], -1) / TILE, chips, (every.v[free] % GRID, every.u[free] % GRID)


def _scores(spectrum: Spectrum, matrices: Doubles) -> tuple[Doubles, Doubles]:
    """The best score (N) of each of ``matrices`` (N, 2, 2), and its shift (N, 2)."""
    frequencies, chips, (rows, columns) = _known()
    found = spectrum.at(np.einsum("nij,kj->nki", matrices, frequencies))
    grid = np.zeros((len(matrices), GRID, GRID), np.complex64)
    grid[:, rows, columns] = found * chips
    sums = np.fft.ifft2(grid).real.reshape(len(matrices), -1) * (GRID * GRID)
    index = sums.argmax(1)
    norm = np.sqrt((np.abs(found) ** 2).sum(1)) + 1e-12
    shift = np.stack([index % GRID, index // GRID], -1) * (TILE / GRID)
    return sums[np.arange(len(index)), index] / norm, shift
