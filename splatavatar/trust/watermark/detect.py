"""Looking for the mark, and when it counts as found.

The chance of a false alarm is bounded, not estimated. Let a picture have nothing to do with the key, whose chips are
independent and +1 or -1 with equal odds. Where a mark would lie, and how loud its waves would be, is looked for with
the chips of synchronisation alone, in whatever way; what it says is read with the others. So, given the place, the
score of one payload is a sum of chips that nobody has looked at yet, each times a number, over the root of the sum of
the squares of these numbers: by Hoeffding's inequality (Journal of the American Statistical Association 58, 1963) it is
>= b with a chance of at most exp(-b^2 / 2). With 2^64 payloads and n places that are read, a payload is believed where
n 2^64 exp(-b^2 / 2) is small enough. Nothing is assumed of the picture.

A mark that is there but cannot be read is believed by its synchronisation. There the way counts by which its place was
found: ``search.ways`` is the number of all places at which the search could have ended.
``benchmarks/watermark_table.py`` counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Bytes, Doubles, Floats
from splatavatar.extras import required
from splatavatar.trust.watermark.pattern import TILE, waves
from splatavatar.trust.watermark.payload import CODED_BITS, DATA_BITS, Payload, decode, encode, payload_of
from splatavatar.trust.watermark.search import KEPT, Place, askew, best, upright, ways
from splatavatar.trust.watermark.spectrum import Spectrum, detail

FALSE_ALARM = 1e-7
"""the most that the chance of one may be, in a picture or in a film"""
STRETCH = 300
"""frames of a film that are looked at together: 10 s"""
LARGE = 1000
"""pixels of the longer side above which half the size is looked at as well"""
SMALLEST = 16
"""pixels of the shorter side below which there is no room for a mark"""
LARGEST = 1600
"""pixels a side of the middle that is looked at"""
FINE = np.linspace(-1.5, 1.5, 13)
"""tile pixels around a place of the grid"""
KIN = 4.0
"""waves a tile, standard deviation: how loud a wave of the mark is is learnt from those of synchronisation near it"""
QUIET = 0.05
READ = 2 * KEPT
"""places of a picture that are read, at most: of those upright and of those askew"""
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


def detect(luma: Floats, motion: Floats | None = None) -> Detection | None:
    """The mark in a picture, or in the mean of the pictures of a film: (H, W) of 0 to 255.

    ``motion`` (H, W) is the standard deviation of those pictures.
    """
    found = _detect(_middle(luma), None if motion is None else _middle(motion))
    if (found is None or found.payload is None) and max(luma.shape) > LARGE:
        small = None if motion is None else _middle(_half(motion))
        smaller = _detect(_middle(_half(luma)), small)
        if smaller is not None and (found is None or smaller.payload is not None):
            return Detection(smaller.payload, 2 * smaller.chance, smaller.scale * 2, smaller.mirrored)
    return found


def detect_frames(frames: Iterable[Bytes]) -> Detection | None:
    """The mark in a film, whose ``frames`` are (H, W) grey; they are looked at until it is read.

    Each ten seconds are looked at by themselves, and with all before them.
    """
    whole, faint, looks = _Moments(), None, 0
    for stretch in _stretches(frames):
        if whole.count and whole.total.shape != stretch.total.shape:
            whole = _Moments()
        whole.add(stretch)
        for moments in (stretch, whole) if whole.count > stretch.count else (stretch,):
            looks += 1
            found = detect(*moments.mean_and_motion())
            if found is None or found.chance * looks > FALSE_ALARM:
                continue
            found = replace(found, chance=found.chance * looks)
            if found.payload is not None:
                return found
            faint = faint or found
    return faint


class _Moments:
    """Sums over frames of one size."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Doubles = np.zeros((0, 0))
        self.squares: Doubles = np.zeros((0, 0))

    def add(self, other: Bytes | _Moments) -> None:
        """Another frame, or the frames of others."""
        if not isinstance(other, _Moments):
            values = other.astype(np.float64)
            count, total, squares = 1, values, values * values
        else:
            count, total, squares = other.count, other.total, other.squares
        if self.count:
            self.total, self.squares = self.total + total, self.squares + squares
        else:
            self.total, self.squares = total, squares
        self.count += count

    def mean_and_motion(self) -> tuple[Floats, Floats]:
        mean = self.total / self.count
        return mean.astype(np.float32), np.sqrt(np.maximum(self.squares / self.count - mean * mean, 0)).astype(
            np.float32
        )


def _stretches(frames: Iterable[Bytes]) -> Iterator[_Moments]:
    """The sums of each ten seconds, or of what is between two changes of size."""
    stretch = _Moments()
    for frame in frames:
        if stretch.count == STRETCH or (stretch.count and stretch.total.shape != frame.shape):
            yield stretch
            stretch = _Moments()
        stretch.add(frame)
    if stretch.count:
        yield stretch


def _middle(picture: Floats) -> Floats:
    height, width = picture.shape
    top, left = max(height - LARGEST, 0) // 2, max(width - LARGEST, 0) // 2
    return picture[top : top + LARGEST, left : left + LARGEST]


def _half(picture: Floats) -> Floats:
    cv2 = required("cv2")
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)


def _detect(luma: Floats, motion: Floats | None) -> Detection | None:
    if min(luma.shape) < SMALLEST:
        return None
    moved = None if motion is None else np.ascontiguousarray(motion, np.float32)
    spectrum = Spectrum(detail(np.ascontiguousarray(luma, np.float32), moved))
    faint = None
    for matrices in (upright(spectrum), askew(spectrum)):
        for place in best(spectrum, matrices):
            if place.score < FAINTEST:
                break
            found = _read(spectrum, place, ways(len(matrices)))
            if found is not None and found.payload is not None:
                return found
            faint = faint or found
    return faint


def _read(spectrum: Spectrum, place: Place, ended: float) -> Detection | None:
    """What the mark at ``place`` says, if there is one; ``ended`` is that of ``search.ways``."""
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
    if data is not None:
        signs = 1.0 - 2.0 * encode(data)
        read = float(np.concatenate((signs, signs)) @ soft / (np.sqrt(soft @ soft) + 1e-12))
        chance = np.log(READ) + DATA_BITS * np.log(2) - max(read, 0) ** 2 / 2
        if chance <= np.log(FALSE_ALARM):
            return Detection(payload_of(data), float(np.exp(max(chance, -700))), scale, mirrored)
    chance = np.log(2) + ended + np.log(len(shifts)) - max(synchronised, 0) ** 2 / 2
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
