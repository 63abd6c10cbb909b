"""Reading SPZ 2 and 3, written from the description of the format."""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class SpzFile:
    """What a file holds, in the units of 3DGS."""

    version: int
    fractional_bits: int
    position: np.ndarray
    """(N, 3)"""
    opacity: np.ndarray
    """(N)"""
    dc: np.ndarray
    """(N, 3)"""
    log_scale: np.ndarray
    """(N, 3)"""
    rotation: np.ndarray
    """(N, 4) quaternion wxyz"""
    sh: np.ndarray
    """(N, C, 3) [coefficient, channel]"""


def read_spz(path: Path) -> SpzFile:
    """The file at ``path``."""
    data = gzip.decompress(path.read_bytes())
    magic, version, count, degree, bits, _, _ = struct.unpack_from("<IIIBBBB", data)
    assert magic == 0x5053474E
    coefficients = (degree + 1) ** 2 - 1
    at = 16

    def take(width: int) -> np.ndarray:
        nonlocal at
        values = np.frombuffer(data, np.uint8, count * width, at).reshape(count, width)
        at += count * width
        return values

    fixed = take(9).reshape(count, 3, 3).astype(np.int64)
    steps = fixed[..., 0] | fixed[..., 1] << 8 | fixed[..., 2] << 16
    steps -= (steps >> 23) << 24
    opacity = take(1)[:, 0] / 255
    dc = (take(3) / 255 - 0.5) / 0.15
    log_scale = take(3) / 16 - 10
    rotation = _first_three(take(3)) if version == 2 else _smallest_three(take(4))
    sh = (take(3 * coefficients).astype(np.float64) - 128).reshape(count, coefficients, 3) / 128
    assert at == len(data)
    return SpzFile(version, bits, steps / 2.0**bits, opacity, dc, log_scale, rotation, sh)


def _first_three(stored: np.ndarray) -> np.ndarray:
    xyz = stored / 127.5 - 1
    w = np.sqrt(np.maximum(1 - (xyz**2).sum(1), 0))
    return np.column_stack([w, xyz])


def _smallest_three(stored: np.ndarray) -> np.ndarray:
    out = np.empty((len(stored), 4))
    for row, packed in zip(out, stored.copy().view("<u4")[:, 0].tolist(), strict=True):
        largest, quaternion = packed >> 30, [0.0] * 4
        for component in (3, 2, 1, 0):  # xyzw, the last one lowest
            if component == largest:
                continue
            size = (packed & 511) / 511 / 2**0.5
            quaternion[component] = -size if packed & 512 else size
            packed >>= 10
        quaternion[largest] = (1 - sum(value**2 for value in quaternion)) ** 0.5
        row[:] = quaternion[3], *quaternion[:3]
    return out
