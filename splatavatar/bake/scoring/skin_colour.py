"""Which colours are those of one person's skin, in whatever light.

Colours are compared by what light and shade leave alone. CIE L*a*b* is made of the cube roots f of X, Y and Z over
those of the white point; in half the light a surface has all three times the same factor, so that a' = (f_X - f_Y) /
f_Y and b' = (f_Y - f_Z) / f_Y stay. A mixture of Gaussians describes a' and b' of the samples; lightness is only held
between bounds, for hair and shadow may have the chroma of skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Bytes, Doubles, Mask

COMPONENTS, ROUNDS = 4, 60
"""of the mixture, and of expectation and maximisation"""
RARE = 0.03
"""share of the samples below which a component is no skin but what lies on it: brows, glasses, strands of hair"""
OUTLYING, LEAST_SPREAD = 4.0, (0.04, 0.012, 0.02)
"""standard deviations, by the median absolute deviation, beyond which a sample is left out beforehand; and what those
of f_Y, a' and b' are at least, so that a beard stays"""
FLOOR = (0.008, 0.012)
"""least standard deviations of a' and b' of a component: skin is not of one colour where nobody looked either"""
NEAR = 3.5
"""standard deviations (Mahalanobis) from a component within which a colour is that of skin"""
SHADE, LIGHT = 0.5, 1.6
"""light on skin, over that of the darkest and the lightest 2 % of the samples"""
MOST_SAMPLES = 5_000

RGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.0890])
"""D65, that of sRGB (IEC 61966-2-1)"""
KNEE = 6 / 29


@dataclass(frozen=True)
class SkinColour:
    """The colours of one person's skin."""

    means: Doubles
    """(K, 2) of a' and b'"""
    inverse_roots: Doubles
    """(K, 2, 2) W, with W^T W the inverse of a covariance"""
    darkest: float
    """the least f_Y"""
    lightest: float

    @staticmethod
    def of(samples: Bytes) -> SkinColour:
        """Learnt from ``samples`` (N, 3) sRGB, N at least a hundred, most of which are skin."""
        samples = samples[:: max(1, len(samples) // MOST_SAMPLES)]
        brightness, chroma = appearance(samples)
        values = np.column_stack([brightness, chroma])
        middle = np.median(values, 0)
        spread = 1.4826 * np.median(np.abs(values - middle), 0)
        usual = (np.abs(values - middle) <= OUTLYING * np.maximum(spread, LEAST_SPREAD)).all(1)
        brightness, chroma = brightness[usual], chroma[usual]
        share, means, covariances = _mixture(brightness, chroma)
        kept = share >= RARE
        low, high = np.percentile(brightness, [2, 98])
        return SkinColour(
            means[kept],
            np.linalg.inv(np.linalg.cholesky(covariances[kept])),
            float(low * np.cbrt(SHADE)),
            float(high * np.cbrt(LIGHT)),
        )

    def holds(self, colours: Bytes) -> Mask:
        """(...) whether each of the sRGB ``colours`` (..., 3) is one of this skin."""
        brightness, chroma = appearance(colours)
        off = np.einsum("kij,...kj->...ki", self.inverse_roots, chroma[..., None, :] - self.means)
        near = ((off**2).sum(-1) <= NEAR**2).any(-1)
        return np.asarray(near & (brightness >= self.darkest) & (brightness <= self.lightest))


def appearance(colours: Bytes) -> tuple[Doubles, Doubles]:
    """f_Y (...), and a' and b' (..., 2), of sRGB ``colours`` (..., 3)."""
    level = colours / 255.0
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    xyz = linear @ RGB_TO_XYZ.T / WHITE
    f = np.where(xyz > KNEE**3, np.cbrt(xyz), xyz / (3 * KNEE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.asarray(y), np.stack([(x - y) / y, (y - z) / y], -1)


def _mixture(brightness: Doubles, chroma: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Shares (K), means (K, 2) and covariances (K, 2, 2) of a mixture of Gaussians over ``chroma`` (N, 2).

    Expectation and maximisation from the quarters of the ``brightness``: light and shaded skin, or skin and beard.
    """
    least = np.diag(np.square(FLOOR))
    place = np.argsort(np.argsort(brightness, kind="stable"), kind="stable")
    belongs = np.eye(COMPONENTS)[place * COMPONENTS // len(brightness)]
    for _ in range(ROUNDS):
        count = belongs.sum(0) + 1e-9
        means = belongs.T @ chroma / count[:, None]
        off = chroma[:, None] - means
        covariances = np.einsum("nk,nki,nkj->kij", belongs, off, off) / count[:, None, None] + least
        scaled = np.einsum("kij,nkj->nki", np.linalg.inv(np.linalg.cholesky(covariances)), off)
        log = np.log(count) - 0.5 * np.log(np.linalg.det(covariances)) - 0.5 * (scaled**2).sum(2)
        belongs = np.exp(log - log.max(1, keepdims=True))
        belongs /= belongs.sum(1, keepdims=True)
    return belongs.mean(0), means, covariances
