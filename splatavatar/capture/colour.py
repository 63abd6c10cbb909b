"""Corrections of colour that a calibration of cameras gives: pictures of all of them show one skin in one colour.

They are applied where pictures are loaded, once, as lenses are undone there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Doubles, Floats


class ColourCorrection(Protocol):
    """How the colours of a stored picture are to be changed."""

    def corrected(self, picture: Bytes) -> Bytes:
        """The ``picture`` (H, W, 3) sRGB, with other colours."""
        ...

    def fingerprint(self) -> bytes:
        """Bytes that differ from those of any other correction."""
        ...


@dataclass(frozen=True)
class AffineColours:
    """A matrix and a shift of sRGB values as they are."""

    matrix: Doubles
    """(3, 3) that rows of values in [0, 1] are multiplied by from the right"""
    shift: Doubles
    """(3)"""

    def corrected(self, picture: Bytes) -> Bytes:
        """See ``ColourCorrection``."""
        return _bytes(_unit(picture) @ self.matrix.astype(np.float32) + self.shift.astype(np.float32))

    def fingerprint(self) -> bytes:
        """See ``ColourCorrection``."""
        return b"affine" + self.matrix.tobytes() + self.shift.tobytes()


@dataclass(frozen=True)
class PolynomialColours:
    """A polynomial of linear light, after Cheung et al., "A comparative study of the characterisation of colour cameras
    by means of neural networks and polynomial transforms" (2004)."""

    matrix: Doubles
    """(3, N) factors of the terms, one of ``TERMS`` in number"""

    def corrected(self, picture: Bytes) -> Bytes:
        """See ``ColourCorrection``."""
        light = _LINEAR[picture]
        out = np.zeros_like(light)
        for factors, term in zip(self.matrix.T.astype(np.float32), TERMS[self.matrix.shape[1]], strict=True):
            out += term(*np.moveaxis(light, -1, 0))[..., None] * factors
        out = out.clip(0, 1)
        return _bytes(np.where(out <= 0.0031308, 12.92 * out, 1.055 * out ** (1 / 2.4) - 0.055))

    def fingerprint(self) -> bytes:
        """See ``ColourCorrection``."""
        return b"polynomial" + self.matrix.tobytes()


Term = Callable[[Floats, Floats, Floats], Floats]
_FIRST: tuple[Term, ...] = (lambda r, g, b: r, lambda r, g, b: g, lambda r, g, b: b)
_PRODUCTS: tuple[Term, ...] = (lambda r, g, b: r * g, lambda r, g, b: r * b, lambda r, g, b: g * b)
_SQUARES: tuple[Term, ...] = (lambda r, g, b: r**2, lambda r, g, b: g**2, lambda r, g, b: b**2)
_ALL: tuple[Term, ...] = (lambda r, g, b: r * g * b,)
_CUBES: tuple[Term, ...] = (lambda r, g, b: r**3, lambda r, g, b: g**3, lambda r, g, b: b**3)
_ROUND: tuple[Term, ...] = (lambda r, g, b: r**2 * g, lambda r, g, b: g**2 * b, lambda r, g, b: b**2 * r)
_BACK: tuple[Term, ...] = (lambda r, g, b: r**2 * b, lambda r, g, b: g**2 * r, lambda r, g, b: b**2 * g)
_FOURTH: tuple[Term, ...] = (
    lambda r, g, b: r**2 * g * b,
    lambda r, g, b: r * g**2 * b,
    lambda r, g, b: r * g * b**2,
)
_ONE: tuple[Term, ...] = (lambda r, g, b: np.ones_like(r),)
_SECOND = (*_FIRST, *_PRODUCTS, *_SQUARES)
TERMS: dict[int, tuple[Term, ...]] = {
    len(terms): terms
    for terms in (
        _FIRST,
        (*_FIRST, *_ONE),
        (*_FIRST, *_ALL, *_ONE),
        (*_FIRST, *_PRODUCTS, *_ONE),
        (*_FIRST, *_PRODUCTS, *_ALL, *_ONE),
        (*_SECOND, *_ONE),
        (*_SECOND, *_ALL, *_ONE),
        (*_SECOND, *_ALL, *_CUBES, *_ONE),
        (*_SECOND, *_ALL, *_ROUND, *_CUBES),
        (*_SECOND, *_ALL, *_ROUND, *_CUBES, *_ONE),
        (*_SECOND, *_ALL, *_ROUND, *_BACK, *_CUBES),
        (*_SECOND, *_ALL, *_ROUND, *_BACK, *_CUBES, *_ONE),
        (*_SECOND, *_ALL, *_ROUND, *_BACK, *_CUBES, *_FOURTH),
    )
}
"""the terms of each polynomial, by their number, in the order that the package colour-science has them"""


def _linear(values: NDArray[np.float64]) -> Floats:
    """Linear light of sRGB values in [0, 1], by IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear(np.arange(256) / 255)


def _unit(picture: Bytes) -> Floats:
    return picture.astype(np.float32) / np.float32(255)


def _bytes(values: Floats) -> Bytes:
    return np.asarray((values.clip(0, 1) * 255 + 0.5), np.uint8)
