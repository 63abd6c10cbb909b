"""SPZ, the compressed splats of Niantic, version 3 of its format: some ten times smaller than PLY.

A gzip stream of a header of 16 bytes and, one after the other, of the positions, opacities, colours, scales, rotations
and harmonics of all Gaussians, in their order. Its axes are those of our rig frame: right, up, back.

Positions are fixed-point numbers of 24 bits. Its own encoder gives them 12 fractional bits, a step of 0.24 mm where
the unit is the metre: too coarse for a face. Here they have as many as the farthest Gaussian allows, up to 20: a step
of a micrometre within 8 m. Other values have a byte each, rotations 10 bits for each of the three smallest components.
The licence of the body model stands in the comment that gzip's header may have (RFC 1952).
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Doubles, Floats
from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.harmonics import constant_coefficients, linear_coefficients
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.output import atomic_write

MAGIC, VERSION = b"NGSP", 3
HEADER = struct.Struct("<4sIIBBBB")
"""magic, version, number of Gaussians, degree of the harmonics, fractional bits, flags, nothing"""
MOST_BITS, LEAST_BITS = 20, 12
"""fractional bits of positions: a micrometre, and 0.24 mm"""
LARGEST = (1 << 23) - 1
"""of a position, in its steps"""
OPACITY_BYTES = (1, 254)
"""the least and the largest: readers take logits, of which 0 and 255 have none, and some drop what is not finite"""
COLOUR_STEPS, COLOUR_REST = 0.15 * 255, 0.5 * 255
"""bytes per unit of a coefficient of degree 0, and the byte of 0"""
SCALE_STEPS, LEAST_LOG_SCALE = 16, -10.0
"""bytes per unit of a logarithm of a scale, and the logarithm of byte 0: 45 micrometres"""
HARMONIC_STEPS, HARMONIC_REST = 128, 128
"""bytes per unit of a coefficient of degree 1, and the byte of 0"""
_GZIP_COMMENT = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff"
"""a header of gzip with a comment, without a time and a system"""


def write_spz(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None, licence: str = "") -> None:
    """Write Gaussians of the world frame; arguments are those of ``ply.write_ply``.

    What a byte cannot hold becomes the nearest that it can: scales below 45 micrometres, colours beyond -0.4 and 1.4.

    Raises OutputError, also for a Gaussian farther from the origin than positions of 12 fractional bits reach: 2048 m.
    """
    mean = gaussians.mean.astype(np.float64)
    bits = _fractional_bits(path, mean)
    steps = np.rint(mean * (1 << bits)).astype("<i4")
    parts: list[NDArray[Any]] = [
        steps.reshape(-1, 1).view(np.uint8)[:, :3],  # the lowest three bytes: its last repeats the sign
        np.clip(_bytes(gaussians.opacity.astype(np.float64) * 255), *OPACITY_BYTES)[:, None],
        _bytes(constant_coefficients(gaussians.colour) * COLOUR_STEPS + COLOUR_REST),
        _bytes((_logarithms(gaussians.scale) - LEAST_LOG_SCALE) * SCALE_STEPS),
        _smallest_three(gaussians.rotation.astype(np.float64)),
    ]
    if sh is not None:
        # Coefficient by coefficient, of which each has its three channels.
        parts.append(_bytes(linear_coefficients(sh).transpose(0, 2, 1) * HARMONIC_STEPS + HARMONIC_REST))
    header = HEADER.pack(MAGIC, VERSION, len(mean), 0 if sh is None else 1, bits, 0, 0)
    content = _gzip(header + b"".join(part.tobytes() for part in parts), licence)
    with atomic_write(path) as file:
        file.write(content)


def _fractional_bits(path: str | Path, mean: Doubles) -> int:
    """As many as hold the largest coordinate of ``mean`` (N, 3), metres. Raises OutputError."""
    farthest = float(np.abs(mean).max(initial=0.0))
    for bits in range(MOST_BITS, LEAST_BITS - 1, -1):
        if round(farthest * (1 << bits)) <= LARGEST:
            return bits
    raise OutputError(
        f"cannot write {path}: a Gaussian lies at {farthest:.4g} m, and .spz reaches {LARGEST >> LEAST_BITS} m; "
        f".ply and .glb reach farther."
    )


def _logarithms(scale: Floats) -> Doubles:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(scale.astype(np.float64)), LEAST_LOG_SCALE)


def _bytes(values: Doubles) -> Bytes:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _smallest_three(rotation: Doubles) -> NDArray[np.uint32]:
    """Quaternions wxyz (N, 4) of any length but zero, 32 bits each.

    The largest component, of the order xyzw, is left out: its index has the uppermost two bits. The others follow in
    their order, a sign and 9 bits of their size as a share of the square root of 1/2, the quaternion having the sign
    that makes the largest positive.
    """
    q = np.roll(rotation, -1, axis=1) / np.linalg.norm(rotation, axis=1, keepdims=True)
    rows, largest = np.arange(len(q)), np.abs(q).argmax(1)
    q = np.where(q[rows, largest, None] < 0, -q, q)
    packed = largest.astype(np.uint32)
    for offset in range(3):
        component = q[rows, offset + (offset >= largest)]
        size = np.minimum(np.rint(np.abs(component) * (511 * np.sqrt(2))), 511)
        packed = packed << np.uint32(10) | (component < 0).astype(np.uint32) << np.uint32(9) | size.astype(np.uint32)
    return np.asarray(packed, np.dtype("<u4"))


def _gzip(content: bytes, comment: str) -> bytes:
    """``content`` compressed, with ``comment`` in the header; the same bytes every time."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    said = comment.replace("\0", "").encode("latin-1", "backslashreplace") + b"\0"
    trailer = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return _GZIP_COMMENT + said + squeeze.compress(content) + squeeze.flush() + trailer
