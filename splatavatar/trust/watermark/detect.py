"""Looking for the mark, and when it counts as found.

The chance of a false alarm is bounded, not estimated. Let a picture have nothing to do with the key, whose chips are
independent and +1 or -1 with equal odds. For one place of the tile the score of synchronisation is a sum of its chips,
each times a number of the picture, over the root of the sum of their squares; so is the score of a given payload, by
other chips. By Hoeffding's inequality (Journal of the American Statistical Association 58, 1963) the first is >= a
with a chance of at most exp(-a^2 / 2), and the second, given the first, >= b with exp(-b^2 / 2). With 2^64 payloads
and ``tried`` places, a mark is believed where tried 2^64 exp(-(a^2 + b^2) / 2) is small enough. Nothing is assumed of
the picture. ``benchmarks/watermark_table.py`` counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Bytes, Doubles, Floats
from splatavatar.trust.watermark.pattern import TILE, waves
from splatavatar.trust.watermark.payload import CODED_BITS, DATA_BITS, Payload, decode, encode, payload_of
from splatavatar.trust.watermark.search import Place, askew, best, upright
from splatavatar.trust.watermark.spectrum import Spectrum, detail

FALSE_ALARM = 1e-9
"""the most that the chance of one may be, a picture or a stretch of film"""
STRETCH = 300
"""frames of a film that are looked at together: 10 s"""
LARGE = 1000
"""pixels of the longer side above which half the size is looked at as well"""
LARGEST = 1600
"""pixels a side of the middle that is looked at"""
FINE = np.linspace(-1.5, 1.5, 13)
"""tile pixels around a place of the grid"""
KIN = 4.0
"""waves a tile, standard deviation: how loud a wave of the mark is is learnt from those of synchronisation near it"""
QUIET = 0.05
FAINTEST = 5.2
"""score of synchronisation below which a place is not read: what is said would be too faint as well"""


@dataclass(frozen=True)
class Detection:
    """A mark that was found."""

    payload: Payload | None
    """what it says; None where it is there for sure, but too faint to be read"""
    chance: float
    """that a picture without a mark looks like this: at most so much"""
    scale: float
    """of the picture over the one that was marked"""
    mirrored: bool


def detect(luma: Floats) -> Detection | None:
    """The mark in a picture, or in the mean of the pictures of a film: (H, W) of 0 to 255."""
    found = _detect(_middle(luma))
    if (found is None or found.payload is None) and max(luma.shape) > LARGE:
        from splatavatar.extras import required

        cv2 = required("cv2")
        small = cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        smaller = _detect(_middle(small))
        if smaller is not None and (found is None or smaller.payload is not None):
            return Detection(smaller.payload, 2 * smaller.chance, 2 * smaller.scale, smaller.mirrored)
    return found


def _middle(luma: Floats) -> Floats:
    height, width = luma.shape
    top, left = max(height - LARGEST, 0) // 2, max(width - LARGEST, 0) // 2
    return luma[top : top + LARGEST, left : left + LARGEST]


def detect_frames(frames: Iterable[Bytes]) -> Detection | None:
    """The mark in a film, whose ``frames`` are (H, W) grey; they are looked at until it is read.

    Each ten seconds are looked at by themselves, and with all before them.
    """
    total: Doubles | None = None
    part: Doubles | None = None
    count = seen = stretches = 0
    faint: Detection | None = None

    def look() -> Detection | None:
        nonlocal total, part, count, seen, stretches, faint
        if part is None:
            return None
        total = part.copy() if total is None or total.shape != part.shape else total + part
        seen += count
        stretches += 1
        tries = [part / count] if stretches == 1 else [part / count, total / seen]
        part, count = None, 0
        for mean in tries:
            found = detect(mean.astype(np.float32))
            if found is not None and found.payload is not None:
                return found
            faint = faint or found
        return None

    for frame in frames:
        if part is not None and part.shape != frame.shape:
            found = look()
            if found is not None:
                return found
            seen = 0
        part = frame.astype(np.float64) if part is None else part + frame
        count += 1
        if count == STRETCH:
            found = look()
            if found is not None:
                return found
    return look() or faint


def _detect(luma: Floats) -> Detection | None:
    if min(luma.shape) < 16:
        return None
    spectrum = Spectrum(detail(np.ascontiguousarray(luma, np.float32)))
    tried, faint = 0, None
    for matrices in (upright(spectrum), askew(spectrum)):
        places, more = best(spectrum, matrices)
        tried += more
        for place in places:
            if place.score < FAINTEST:
                break
            found = _read(spectrum, place, tried)
            if found is not None and found.payload is not None:
                return found
            faint = faint or found
    return faint


def _read(spectrum: Spectrum, place: Place, tried: int) -> Detection | None:
    """What the mark at ``place`` says, if there is one."""
    every = waves()
    frequencies = np.stack([every.u, every.v], -1) / TILE
    found = spectrum.at(np.einsum("ij,kj->ki", place.matrix, frequencies)[None])[0]
    free = slice(every.free)
    fits = found[free] * (every.chips[free, 0] + 1j * every.chips[free, 1])
    shifts = place.shift + np.stack(np.meshgrid(FINE, FINE), -1).reshape(-1, 2)
    sums = (np.exp(2j * np.pi * (shifts @ frequencies[free].T)) @ fits).real
    index = int(sums.argmax())
    synchronised = float(sums[index]) / (float(np.sqrt((np.abs(found[free]) ** 2).sum())) + 1e-12)
    turned = found * np.exp(2j * np.pi * (frequencies @ shifts[index]))
    chips = np.stack([turned.real, -turned.imag], -1) * every.chips
    loudness = _loudness(chips[free].sum(-1))
    soft = (chips * loudness[:, None])[every.free :].ravel()
    data = decode((soft[:CODED_BITS] + soft[CODED_BITS:]).astype(np.float32))
    scale = 1 / float(np.sqrt(abs(np.linalg.det(place.matrix))))
    mirrored = bool(np.linalg.det(place.matrix) < 0)
    places = np.log(float(tried + 3 * len(shifts)))
    if data is not None:
        signs = 1.0 - 2.0 * encode(data)
        read = float(np.concatenate((signs, signs)) @ soft / (np.sqrt(soft @ soft) + 1e-12))
        chance = places + DATA_BITS * np.log(2) - (max(synchronised, 0) ** 2 + max(read, 0) ** 2) / 2
        if chance <= np.log(FALSE_ALARM):
            return Detection(payload_of(data), float(np.exp(max(chance, -700))), scale, mirrored)
    chance = places - max(synchronised, 0) ** 2 / 2
    if chance <= np.log(FALSE_ALARM):
        return Detection(None, float(np.exp(max(chance, -700))), scale, mirrored)
    return None


def _loudness(fits: Floats) -> Floats:
    """How loud each wave of the mark is, at most 1, by the ``fits`` of those of synchronisation near it."""
    every = waves()
    radius = np.hypot(every.u, every.v)
    near = np.exp(-0.5 * ((radius[:, None] - radius[None, : every.free]) / KIN) ** 2)
    loud = np.maximum(near @ fits / near.sum(1), 0)
    return np.asarray(np.maximum(loud / (loud.max() + 1e-12), QUIET), np.float32)
