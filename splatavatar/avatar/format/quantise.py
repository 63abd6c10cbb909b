"""Number formats of the avatar file: each a pair of encode and decode.

Every pair is idempotent: decoding and encoding again gives the same integers and the same scales, so a file that is
loaded and saved does not change by a byte. Where a scale is stored, this holds because the largest magnitude decodes to
the scale exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import AnyArray, Floats

UNIT_STEPS = 65535
SIGNED_STEPS = 32767
BYTE_STEPS = 127
LOG_STEP = 2.0**-11
"""relative step of a logarithmic value: 0.05 %"""
POSE_STEP = 5e-6
"""metres of a pose corrective per unit of its entry; what rounds to nothing is not stored"""
# Below these, float32 and float16 lose the relative precision that the round trip needs; nothing that small is visible.
_SMALLEST_SCALE = 2.0**-100
_SMALLEST_SHARE = 2.0**-14


def encode_unit(values: Floats) -> NDArray[np.uint16]:
    """Values in [0, 1], any shape, as multiples of 1/65535."""
    return np.rint(np.clip(values.astype(np.float64), 0, 1) * UNIT_STEPS).astype(np.uint16)


def decode_unit(stored: AnyArray) -> Floats:
    """Inverse of ``encode_unit``."""
    return stored.astype(np.float32) / np.float32(UNIT_STEPS)


def encode_shares(values: Floats) -> NDArray[np.uint16]:
    """Rows (..., L) that sum to one, as multiples of 1/65535 that sum to one exactly: the largest takes the rest."""
    stored = encode_unit(values).astype(np.int64)
    largest = np.argmax(stored, axis=-1)[..., None]
    rest = UNIT_STEPS - stored.sum(-1, keepdims=True) + np.take_along_axis(stored, largest, -1)
    np.put_along_axis(stored, largest, np.clip(rest, 0, UNIT_STEPS), -1)
    return stored.astype(np.uint16)


def encode_signed(values: Floats) -> tuple[NDArray[np.int16], Floats]:
    """Values (G, ...) as multiples of 1/32767 of the largest magnitude of each group; also the magnitudes (G)."""
    scale = _magnitudes(np.abs(values).max(tuple(range(1, values.ndim)), initial=0))
    share = values / _divisor(scale).reshape(-1, *(1,) * (values.ndim - 1))
    return np.rint(share * SIGNED_STEPS).astype(np.int16), scale


def decode_signed(stored: AnyArray, scale: Floats) -> Floats:
    """Inverse of ``encode_signed``, for a scale that broadcasts against ``stored``."""
    values: Floats = stored.astype(np.float32)
    values /= np.float32(SIGNED_STEPS)
    values *= scale
    return values


def encode_steps(values: Floats, step: float) -> NDArray[np.int16]:
    """Values, any shape, as multiples of ``step``; clipped to 32767 of them."""
    return np.rint(np.clip(values / np.float64(step), -SIGNED_STEPS, SIGNED_STEPS)).astype(np.int16)


def decode_steps(stored: AnyArray, step: float) -> Floats:
    """Inverse of ``encode_steps``."""
    return stored.astype(np.float32) * np.float32(step)


def encode_log(values: Floats) -> NDArray[np.int16]:
    """Positive values, any shape, as multiples of ``LOG_STEP`` of their logarithm; clipped to exp(+-16)."""
    steps = np.rint(np.log(values.astype(np.float64)) / LOG_STEP)
    return np.clip(steps, -SIGNED_STEPS, SIGNED_STEPS).astype(np.int16)


def decode_log(stored: AnyArray) -> Floats:
    """Inverse of ``encode_log``."""
    values: Floats = stored.astype(np.float32)
    values *= np.float32(LOG_STEP)
    np.exp(values, out=values)
    return values


def encode_directions(values: Floats) -> NDArray[np.int16]:
    """Vectors (N, L) up to their length: the component of largest magnitude becomes +-32767."""
    largest = np.abs(values).max(-1, keepdims=True).astype(np.float64)
    return np.rint(values / np.where(largest > 0, largest, 1) * SIGNED_STEPS).astype(np.int16)


def decode_directions(stored: AnyArray) -> Floats:
    """Unit vectors (N, L); a row of zeros stays zero."""
    values: Floats = stored.astype(np.float32)
    values /= np.maximum(np.sqrt(np.einsum("nl,nl->n", values, values)), 1)[:, None]
    return values


def encode_bytes(values: Floats) -> tuple[NDArray[np.int8], Floats, NDArray[np.float16]]:
    """Values (K, N, L) in bytes: value = byte / 127 * scale[k] * share[n].

    ``scale`` (K) is the largest magnitude of a component, ``share`` (N) how much of that a Gaussian reaches in any of
    them. One outlier then costs the others no precision, and what hardly moves is stored finely.
    """
    scale = _magnitudes(np.abs(values).max((1, 2), initial=0))
    relative = values / _divisor(scale)[:, None, None]
    share = np.abs(relative).max((0, 2), initial=0).astype(np.float16)
    share[share < _SMALLEST_SHARE] = 0
    steps = np.rint(relative / _divisor(share)[None, :, None] * BYTE_STEPS)
    # A share rounded to zero leaves values that do not count.
    steps[:, share == 0] = 0
    return steps.astype(np.int8), scale, share


def decode_bytes(stored: AnyArray, scale: Floats, share: AnyArray) -> Floats:
    """Inverse of ``encode_bytes``."""
    values: Floats = stored.astype(np.float32)
    values /= np.float32(BYTE_STEPS)
    values *= scale[:, None, None]
    values *= share.astype(np.float32)[None, :, None]
    return values


def _magnitudes(largest: AnyArray) -> Floats:
    scale: Floats = largest.astype(np.float32)
    return np.where(scale < _SMALLEST_SCALE, np.float32(0), scale)


def _divisor(scale: AnyArray) -> NDArray[np.float64]:
    return np.where(scale > 0, scale, np.inf).astype(np.float64)
