"""L1, D-SSIM and matte loss of a batch with its gradient: the GPU twin of ``render/native/kernels_photometric.h``.

D-SSIM is 1 - SSIM of Wang et al. 2004, eq. 13, with a Gaussian window of 7 x 7 and sigma 1.5; the rectangle is cut out
and filtered as if there were zeros around it.

Two kernels. The first writes the three derivatives of SSIM by its filtered inputs, the second filters these and adds
the other terms. Both march down a strip of the picture, a thread a column: of each row a thread reads seven neighbours,
which lie in the L1 cache, and filters them; the last seven filtered rows stay in registers and are filtered downwards.
Of the products only x y and x^2 + y^2 are filtered: SSIM needs no more.

Bytes of a pixel that reach memory: planes 16 and picture 4, derivatives 36 written; these 56 again, gradient 16
written: 128. What is read more than once, the 6 rows that neighbouring strips share and what the three channels of the
first kernel share, lies in the L2 cache. Writing rows filtered in x instead of marching would add 12 planes and their
reading, 96 bytes. Without separating the filters a pixel would take 49 loads of each input, not 7 (ROWS + 6) / ROWS.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

TAPS = tl.constexpr((0.03663285, 0.11128076, 0.21674532, 0.27068215, 0.21674532, 0.11128076, 0.03663285))
C1, C2 = tl.constexpr(0.01**2), tl.constexpr(0.03**2)
ROWS = 16  # of a strip
COLUMNS = 128  # of a strip, a thread each


class Photometric:
    """The loss of B pictures of one size, and the buffers it needs."""

    def __init__(self, views: int, height: int, width: int, device: torch.device) -> None:
        self.gradient = torch.empty(views, 4, height, width, device=device)
        """(B, 4, H, W) of the sum of the losses of the views, by ``planes``; zero outside of the rectangles"""
        self.terms = torch.empty(views, 3, device=device)
        """(B, 3) unweighted means over H x W: L1, D-SSIM, matte"""
        self._derivatives = torch.empty(views, 3, 3, height, width, device=device)

    def __call__(
        self,
        planes: Tensor,
        pictures: Tensor,
        index: Tensor,
        background: Tensor,
        rectangles: Tensor,
        weights: tuple[float, float, float],
    ) -> None:
        """Fills ``gradient`` and ``terms``. All tensors are contiguous and of one device, which is not waited for.

        Args:
            planes: (B, 4, H, W) float32 colour over black and transmittance.
            pictures: (P, H, W, 4) uint8 straight colour and matte.
            index: (B) int64, the picture of each view.
            background: (B, 3) float32
            rectangles: (P, 4) int32 x0, y0, x1, y1 of each picture: the loss looks inside of it.
            weights: of L1, D-SSIM and matte.
        """
        views, _, height, width = self.gradient.shape
        l1, dssim, matte = weights
        inputs = (planes, pictures.view(torch.int32), index, background, rectangles)
        across, down = triton.cdiv(width, COLUMNS), triton.cdiv(height, ROWS)
        self.terms.zero_()
        options = {"ROWS": ROWS, "COLUMNS": COLUMNS, "num_warps": COLUMNS // 32}
        _derivatives[(across, down, 3 * views)](*inputs, self._derivatives, self.terms, height, width, **options)
        factors = (l1 / (3 * height * width), -dssim / (3 * height * width), matte / (height * width))
        outputs = (self._derivatives, self.gradient, self.terms)
        _gradient[(across, down, views)](*inputs, *outputs, *factors, height, width, **options)


@triton.jit
def _filtered(rows, i: tl.constexpr):
    """Quantity ``i`` of the last seven rows, filtered downwards."""
    total = TAPS[3] * rows[3][i] + TAPS[0] * (rows[0][i] + rows[6][i])
    return total + TAPS[1] * (rows[1][i] + rows[5][i]) + TAPS[2] * (rows[2][i] + rows[4][i])


@triton.jit(do_not_specialize=["height", "width"])
def _derivatives(
    planes,
    pictures,
    index,
    background,
    rectangles,
    derivatives,
    terms,
    height,
    width,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Of SSIM by the filtered x, x^2 + y^2 and x y of one channel, (B, 3, 3, H, W), and the sum of D-SSIM."""
    view, channel = tl.program_id(2) // 3, tl.program_id(2) % 3
    area = height.to(tl.int64) * width
    picture = tl.load(index + view)
    corner = rectangles + 4 * picture
    x0, y0, x1, y1 = tl.load(corner), tl.load(corner + 1), tl.load(corner + 2), tl.load(corner + 3)
    left, top = tl.program_id(0) * COLUMNS, tl.program_id(1) * ROWS
    if (left < x1) & (left + COLUMNS > x0) & (top < y1) & (top + ROWS > y0):
        column = left + tl.arange(0, COLUMNS)
        behind = tl.load(background + 3 * view + channel)
        planes += view * 4 * area
        pictures += picture * area
        derivatives += tl.program_id(2) * 3 * area
        zero = tl.zeros((COLUMNS,), tl.float32)
        none = (zero, zero, zero, zero)
        rows = (none, none, none, none, none, none, none)
        total = zero
        for i in range(ROWS + 6):
            row = top - 3 + i
            sum_x, sum_y, sum_square, sum_xy = zero, zero, zero, zero
            if (row >= y0) & (row < y1):
                for k in tl.static_range(7):
                    at = column + (k - 3)
                    inside = (at >= x0) & (at < x1)
                    at += row * width
                    transmittance = tl.load(planes + 3 * area + at, inside, 0.0)
                    pixel = tl.load(pictures + at, inside, 0)
                    matte = (pixel >> 24 & 255) * (1 / 255)
                    x = tl.load(planes + channel * area + at, inside, 0.0) + transmittance * behind
                    y = (pixel >> 8 * channel & 255) * (1 / 255) * matte + (1 - matte) * behind
                    y = tl.where(inside, y, 0.0)
                    sum_x += TAPS[k] * x
                    sum_y += TAPS[k] * y
                    sum_square += TAPS[k] * (x * x + y * y)
                    sum_xy += TAPS[k] * (x * y)
            sums = (sum_x, sum_y, sum_square, sum_xy)
            rows = (rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], sums)
            if i >= 6:
                row -= 3
                mx, my = _filtered(rows, 0), _filtered(rows, 1)
                squares = mx * mx + my * my
                luminance, lm = 2 * mx * my + C1, 1 / (squares + C1)
                structure, sm = 2 * (_filtered(rows, 3) - mx * my) + C2, 1 / (_filtered(rows, 2) - squares + C2)
                ssim = luminance * structure * lm * sm
                by_square, by_xy = -ssim * sm, 2 * luminance * lm * sm
                by_x = 2 * my * structure * lm * sm - 2 * mx * ssim * lm - 2 * mx * by_square - my * by_xy
                inside = (column >= x0) & (column < tl.where((row >= y0) & (row < y1), x1, x0))
                total += tl.where(inside, 1 - ssim, 0.0)
                out = derivatives + row * width + column
                tl.store(out, by_x, inside)
                tl.store(out + area, by_square, inside)
                tl.store(out + 2 * area, by_xy, inside)
        tl.atomic_add(terms + 3 * view + 1, tl.sum(total) / (3.0 * area), sem="relaxed")


@triton.jit(do_not_specialize=["height", "width"])
def _gradient(
    planes,
    pictures,
    index,
    background,
    rectangles,
    derivatives,
    gradient,
    terms,
    l1,
    dssim,
    matte,
    height,
    width,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """By all four planes, and the sums of L1 and matte."""
    view = tl.program_id(2)
    area = height.to(tl.int64) * width
    picture = tl.load(index + view)
    corner = rectangles + 4 * picture
    x0, y0, x1, y1 = tl.load(corner), tl.load(corner + 1), tl.load(corner + 2), tl.load(corner + 3)
    left, top = tl.program_id(0) * COLUMNS, tl.program_id(1) * ROWS
    column = left + tl.arange(0, COLUMNS)
    gradient += view * 4 * area
    zero = tl.zeros((COLUMNS,), tl.float32)
    if (left < x1) & (left + COLUMNS > x0) & (top < y1) & (top + ROWS > y0):
        planes += view * 4 * area
        pictures += picture * area
        derivatives += view * 9 * area
        none = (zero, zero, zero, zero, zero, zero, zero, zero, zero)
        rows = (none, none, none, none, none, none, none)
        differences, errors = zero, zero
        for i in range(ROWS + 6):
            row = top - 3 + i
            sums = none
            if (row >= y0) & (row < y1):
                for k in tl.static_range(7):
                    at = column + (k - 3)
                    inside = (at >= x0) & (at < x1)
                    tap = derivatives + row * width + at
                    sums = (
                        sums[0] + TAPS[k] * tl.load(tap, inside, 0.0),
                        sums[1] + TAPS[k] * tl.load(tap + area, inside, 0.0),
                        sums[2] + TAPS[k] * tl.load(tap + 2 * area, inside, 0.0),
                        sums[3] + TAPS[k] * tl.load(tap + 3 * area, inside, 0.0),
                        sums[4] + TAPS[k] * tl.load(tap + 4 * area, inside, 0.0),
                        sums[5] + TAPS[k] * tl.load(tap + 5 * area, inside, 0.0),
                        sums[6] + TAPS[k] * tl.load(tap + 6 * area, inside, 0.0),
                        sums[7] + TAPS[k] * tl.load(tap + 7 * area, inside, 0.0),
                        sums[8] + TAPS[k] * tl.load(tap + 8 * area, inside, 0.0),
                    )
            rows = (rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], sums)
            if i >= 6:
                row -= 3
                at = row * width + column
                inside = (column >= x0) & (column < tl.where((row >= y0) & (row < y1), x1, x0))
                present = column < tl.where(row < height, width, 0)
                transmittance = tl.load(planes + 3 * area + at, inside, 0.0)
                pixel = tl.load(pictures + at, inside, 0)
                truth = (pixel >> 24 & 255) * (1 / 255)
                wrong = 1 - transmittance - truth
                errors += tl.where(inside, wrong * wrong, 0.0)
                by_transmittance = -2 * matte * wrong
                for c in tl.static_range(3):
                    behind = tl.load(background + 3 * view + c)
                    x = tl.load(planes + c * area + at, inside, 0.0) + transmittance * behind
                    y = (pixel >> 8 * c & 255) * (1 / 255) * truth + (1 - truth) * behind
                    differences += tl.where(inside, tl.abs(x - y), 0.0)
                    sign = tl.where(x > y, 1.0, 0.0) - tl.where(x < y, 1.0, 0.0)
                    by_squares = 2 * x * _filtered(rows, 3 * c + 1) + y * _filtered(rows, 3 * c + 2)
                    by_x = l1 * sign + dssim * (_filtered(rows, 3 * c) + by_squares)
                    by_transmittance += behind * by_x
                    tl.store(gradient + c * area + at, tl.where(inside, by_x, 0.0), present)
                tl.store(gradient + 3 * area + at, tl.where(inside, by_transmittance, 0.0), present)
        tl.atomic_add(terms + 3 * view, tl.sum(differences) / (3.0 * area), sem="relaxed")
        tl.atomic_add(terms + 3 * view + 2, tl.sum(errors) / area, sem="relaxed")
    else:
        for i in range(ROWS):
            present = column < tl.where(top + i < height, width, 0)
            out = gradient + (top + i) * width + column
            for plane in tl.static_range(4):
                tl.store(out + plane * area, zero, present)
