"""Tiles to pixels, nearest first, and back: one program a tile, one lane a pixel.

Forward stops where a whole tile is opaque. Backward replays the same order; the colour behind a Gaussian is the final
colour less what has been blended so far (as in the native kernels).
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from splatavatar.render.gpu.projection import RECORD, SUMS
from splatavatar.render.gpu.tiles import Grid, TileLists
from splatavatar.render.splatting import FAINTEST, FINISHED, MAX_ALPHA, TILE

FINISHED_BYTES = 1.95e-3
"""``FINISHED`` of a picture with 8 bits: less than half a level is left"""
CHUNK = 4
"""records whose loads are in flight together"""
BACKWARD_WARPS = 1
"""of a tile: ten sums over its pixels then need no shared memory and no barrier, 495 instructions a record instead of
2 x 423 (counted on sm_90, Triton 3.6)"""

_RECORD = tl.constexpr(RECORD)
_SUMS = tl.constexpr(SUMS)
_CHUNK = tl.constexpr(CHUNK)
_FAINTEST = tl.constexpr(FAINTEST)
_MAX_ALPHA = tl.constexpr(MAX_ALPHA)


@triton.jit
def weigh(row, real, x, y, clear):
    """The blending weight of one record at every pixel, and what its gradient needs."""
    dx, dy = x - tl.load(row), y - tl.load(row + 1)
    power = dx * (tl.load(row + 2) * dx + tl.load(row + 3) * dy) + (tl.load(row + 4) * dy * dy + tl.load(row + 5))
    full = tl.exp2(power)
    alpha = tl.where((power >= _FAINTEST) & real, tl.minimum(full, _MAX_ALPHA), 0.0)
    return dx, dy, full, alpha, alpha * clear


@triton.jit
def blend(lists_record, first, last, x, y, CUT: tl.constexpr, TILE: tl.constexpr):
    """Transmittance and colour over black of the pixels of a tile."""
    clear = tl.zeros([TILE * TILE], tl.float32) + 1.0
    red = tl.zeros([TILE * TILE], tl.float32)
    green = tl.zeros([TILE * TILE], tl.float32)
    blue = tl.zeros([TILE * TILE], tl.float32)
    i = first
    clearest = 1.0
    while (i < last) & (clearest > CUT):
        for c in tl.static_range(_CHUNK):
            # Past the end the last record is read again and counts for nothing.
            row = lists_record + tl.minimum(i + c, last - 1).to(tl.int64) * _RECORD
            _dx, _dy, _full, _alpha, w = weigh(row, i + c < last, x, y, clear)
            red += w * tl.load(row + 6)
            green += w * tl.load(row + 7)
            blue += w * tl.load(row + 8)
            clear -= w
        i += _CHUNK
        clearest = tl.max(clear, 0)
    return clear, red, green, blue


@triton.jit
def place(across, down, TILE: tl.constexpr):
    """View of this program's tile, and the column and row of each of its pixels."""
    tile = tl.program_id(0)
    lane = tl.arange(0, TILE * TILE)
    within = tile % (across * down)
    return tile // (across * down), within % across * TILE + lane % TILE, within // across * TILE + lane // TILE


@triton.jit
def planes_kernel(record, start, stop, planes, width, height, across, down, CUT: tl.constexpr, TILE: tl.constexpr):
    b, column, line = place(across, down, TILE)
    first, last = tl.load(start + tl.program_id(0)), tl.load(stop + tl.program_id(0))
    clear, red, green, blue = blend(record, first, last, column + 0.5, line + 0.5, CUT, TILE)
    mask = (column < width) & (line < height)
    area = width * height
    out = planes + b.to(tl.int64) * 4 * area + line * width + column
    tl.store(out, red, mask)
    tl.store(out + area, green, mask)
    tl.store(out + 2 * area, blue, mask)
    tl.store(out + 3 * area, clear, mask)


@triton.jit
def level(x):
    """A value as one of 256 levels."""
    return (tl.minimum(tl.maximum(x, 0.0), 1.0) * 255.0 + 0.5).to(tl.uint8)


@triton.jit
def bytes_kernel(
    record, start, stop, pixels, width, height, across, down, back_red, back_green, back_blue, CUT: tl.constexpr,
    CHANNELS: tl.constexpr, TILE: tl.constexpr,
):  # fmt: skip
    b, column, line = place(across, down, TILE)
    first, last = tl.load(start + tl.program_id(0)), tl.load(stop + tl.program_id(0))
    clear, red, green, blue = blend(record, first, last, column + 0.5, line + 0.5, CUT, TILE)
    mask = (column < width) & (line < height)
    out = pixels + ((b.to(tl.int64) * height + line) * width + column) * CHANNELS
    if CHANNELS == 3:
        red += clear * back_red
        green += clear * back_green
        blue += clear * back_blue
    else:
        straight = 1.0 / tl.maximum(1.0 - clear, 1e-6)
        red *= straight
        green *= straight
        blue *= straight
        tl.store(out + 3, level(1.0 - clear), mask)
    tl.store(out, level(red), mask)
    tl.store(out + 1, level(green), mask)
    tl.store(out + 2, level(blue), mask)


@triton.jit
def backward_kernel(
    record, start, stop, splat, planes, gradient, sums, width, height, across, down, CUT: tl.constexpr,
    TILE: tl.constexpr,
):  # fmt: skip
    b, column, line = place(across, down, TILE)
    first, last = tl.load(start + tl.program_id(0)), tl.load(stop + tl.program_id(0))
    mask = (column < width) & (line < height)
    area = width * height
    at = b.to(tl.int64) * 4 * area + line * width + column
    dr = tl.load(gradient + at, mask, other=0.0)
    dg = tl.load(gradient + at + area, mask, other=0.0)
    db = tl.load(gradient + at + 2 * area, mask, other=0.0)
    behind = (
        dr * tl.load(planes + at, mask, other=0.0)
        + dg * tl.load(planes + at + area, mask, other=0.0)
        + db * tl.load(planes + at + 2 * area, mask, other=0.0)
        + tl.load(gradient + at + 3 * area, mask, other=0.0) * tl.load(planes + at + 3 * area, mask, other=0.0)
    )
    x, y = column + 0.5, line + 0.5
    # What lies outside of the picture takes nothing and gives nothing.
    clear = tl.where(mask, 1.0, 0.0)
    i = first
    clearest = 1.0
    while (i < last) & (clearest > CUT):
        for c in tl.static_range(_CHUNK):
            at_record = tl.minimum(i + c, last - 1)
            row = record + at_record.to(tl.int64) * _RECORD
            dx, dy, full, alpha, w = weigh(row, i + c < last, x, y, clear)
            own = w * (dr * tl.load(row + 6) + dg * tl.load(row + 7) + db * tl.load(row + 8))
            behind -= own
            # The ceiling of alpha has no slope.
            power = tl.where(full < _MAX_ALPHA, own - behind * (alpha / (1.0 - alpha)), 0.0)
            clear -= w
            if i + c < last:
                out = sums + tl.load(splat + at_record).to(tl.int64) * _SUMS
                tl.atomic_add(out, tl.sum(power, 0), sem="relaxed")
                tl.atomic_add(out + 1, tl.sum(power * dx, 0), sem="relaxed")
                tl.atomic_add(out + 2, tl.sum(power * dy, 0), sem="relaxed")
                tl.atomic_add(out + 3, tl.sum(power * dx * dx, 0), sem="relaxed")
                tl.atomic_add(out + 4, tl.sum(power * dx * dy, 0), sem="relaxed")
                tl.atomic_add(out + 5, tl.sum(power * dy * dy, 0), sem="relaxed")
                tl.atomic_add(out + 6, tl.sum(w * dr, 0), sem="relaxed")
                tl.atomic_add(out + 7, tl.sum(w * dg, 0), sem="relaxed")
                tl.atomic_add(out + 8, tl.sum(w * db, 0), sem="relaxed")
                tl.atomic_add(out + 9, tl.sum(w, 0), sem="relaxed")
        i += _CHUNK
        clearest = tl.max(clear, 0)


def warps_for(tiles: int) -> int:
    """Warps that share a tile. More finish a tile sooner, which counts where there are few tiles; one alone spends the
    fewest instructions, 140 a record instead of 2 x 84 or 4 x 55 (counted on sm_90, Triton 3.6)."""
    return 4 if tiles <= 2048 else 2 if tiles <= 8192 else 1


def blend_planes(lists: TileLists, grid: Grid, planes: Tensor) -> None:
    """Writes ``planes`` (B, 4, H, W): colour over black, and transmittance."""
    planes_kernel[(grid.tiles,)](
        lists.record, lists.start, lists.stop, planes, grid.width, grid.height, grid.across, grid.down,
        CUT=FINISHED, TILE=TILE, num_warps=warps_for(grid.tiles),
    )  # fmt: skip


def blend_bytes(lists: TileLists, grid: Grid, background: tuple[float, float, float], pixels: Tensor) -> None:
    """Writes ``pixels`` (B, H, W, 3) uint8 over the background, or (B, H, W, 4) with straight alpha."""
    red, green, blue = background
    bytes_kernel[(grid.tiles,)](
        lists.record, lists.start, lists.stop, pixels, grid.width, grid.height, grid.across, grid.down,
        float(red), float(green), float(blue), CUT=FINISHED_BYTES, CHANNELS=pixels.shape[-1], TILE=TILE,
        num_warps=warps_for(grid.tiles),
    )  # fmt: skip


def blend_backward(lists: TileLists, grid: Grid, planes: Tensor, gradient: Tensor, sums: Tensor) -> None:
    """Adds to ``sums`` (B, N, SUMS); ``gradient`` (B, 4, H, W) is that of the loss with respect to ``planes``."""
    backward_kernel[(grid.tiles,)](
        lists.record, lists.start, lists.stop, lists.splat, planes, gradient, sums, grid.width, grid.height,
        grid.across, grid.down, CUT=FINISHED, TILE=TILE, num_warps=BACKWARD_WARPS,
    )  # fmt: skip
