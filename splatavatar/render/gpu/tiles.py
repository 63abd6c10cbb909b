"""Which Gaussians meet which tile, nearest first: sorts and scans of a fixed size, so that nothing waits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from splatavatar.errors import SettingsError
from splatavatar.render.gpu.projection import RECORD
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.splatting import TILE

BLOCK = 256
STEP = 4096
FIRST_ENTRIES = 8
"""tiles that a Gaussian meets, for a first guess of the room"""
MOST_TILES = 65535
"""of all pictures of a batch: keys of 16 bits sort in two passes"""
MOST_ENTRIES = 1 << 28
"""of all pictures of a batch, as on the CPU: ten gigabytes of records"""

_RECORD = tl.constexpr(RECORD)
_TILE = tl.constexpr(TILE)


def capacity_for(wanted: int) -> int:
    """Entries to make room for where ``wanted`` were needed: half as many more, in steps that keep sizes few."""
    return max(-(-(wanted + wanted // 2) // STEP), 1) * STEP


@dataclass(frozen=True)
class Grid:
    """The tiles of B pictures of one size."""

    batch: int
    width: int
    height: int

    @property
    def across(self) -> int:
        """Tiles in a row of one picture."""
        return -(-self.width // TILE)

    @property
    def down(self) -> int:
        """Rows of tiles of one picture."""
        return -(-self.height // TILE)

    @property
    def tiles(self) -> int:
        """Tiles of all pictures."""
        return self.batch * self.across * self.down


@dataclass
class TileLists:
    """For each tile the Gaussians that reach it, nearest first."""

    start: Tensor
    """(tiles) int32, first entry of each"""
    stop: Tensor
    """(tiles) int32, one after the last; equal to ``start`` for an empty tile"""
    splat: Tensor
    """(M) int32 index of the view times N plus that of the Gaussian"""
    record: Tensor
    """(M, RECORD) of the entries, in order: the tiles read memory in one direction"""
    wanted: Tensor
    """(1) int64 entries that were needed; where they exceed M, the farthest Gaussians are missing"""

    @staticmethod
    def room(grid: Grid, capacity: int, device: torch.device) -> TileLists:
        """For ``capacity`` entries.

        Raises:
            SettingsError: too many tiles or entries.
        """
        if capacity > MOST_ENTRIES:
            raise SettingsError(
                f"too many large Gaussians for {grid.batch} pictures of {grid.width}x{grid.height}: they need room for "
                f"{capacity} tiles, at most {MOST_ENTRIES} can be drawn; ask for smaller pictures or stand farther away"
            )
        if grid.tiles > MOST_TILES:
            raise SettingsError(
                f"{grid.batch} pictures of {grid.width}x{grid.height} are {grid.tiles} tiles, more than the "
                f"{MOST_TILES} that a GPU takes at once; render fewer or smaller ones"
            )
        return TileLists(
            torch.empty(grid.tiles, dtype=torch.int32, device=device),
            torch.empty(grid.tiles, dtype=torch.int32, device=device),
            torch.empty(capacity, dtype=torch.int32, device=device),
            torch.empty(capacity, RECORD, device=device),
            torch.empty(1, dtype=torch.int64, device=device),
        )


@triton.jit(do_not_specialize=["count", "total"])
def count_kernel(rect, order, area, count, total, BLOCK: tl.constexpr):
    """Tiles under each Gaussian's rectangle, by depth."""
    slot = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = slot < total
    at = (slot // count) * count + tl.load(order + slot, mask, other=0).to(tl.int32)
    x = tl.load(rect + 2 * at, mask, other=0)
    y = tl.load(rect + 2 * at + 1, mask, other=0)
    tl.store(area + slot, ((x >> 16) - (x & 0xFFFF)) * ((y >> 16) - (y & 0xFFFF)), mask)


@triton.jit
def along_edge(offset, low, high, own, cross, other):
    """The least of own s^2 + cross s t + other t^2 at s = ``offset``, t in [low, high]."""
    t = tl.minimum(tl.maximum(-0.5 * cross * offset / other, low), high)
    return own * offset * offset + (cross * offset + other * t) * t


@triton.jit(do_not_specialize=["count", "total", "halvings"])
def entry_kernel(
    ends, order, rect, record, keys, splat, wanted, count, total, halvings, capacity, across, tiles,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Entry i of the tiles under all rectangles, Gaussians by depth: its tile less 32768, or 32767 for none."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = i < capacity
    needed = tl.load(ends + total - 1)
    if tl.program_id(0) == 0:
        tl.store(wanted, needed)
    used = mask & (i < needed)
    # The first Gaussian whose entries end after i, by halving.
    low, high = tl.zeros([BLOCK], tl.int32), tl.zeros([BLOCK], tl.int32) + (total - 1)
    while halvings > 0:
        middle = (low + high) // 2
        after = tl.load(ends + middle, used, other=0) > i
        high = tl.where(after, middle, high)
        low = tl.where(after, low, tl.minimum(middle + 1, total - 1))
        halvings -= 1
    slot = high
    nth = (i - tl.load(ends + slot - 1, used & (slot > 0), other=0)).to(tl.int32)
    view = slot // count
    at = view * count + tl.load(order + slot, used, other=0).to(tl.int32)
    x = tl.load(rect + 2 * at, used, other=0)
    y = tl.load(rect + 2 * at + 1, used, other=0)
    columns = tl.maximum((x >> 16) - (x & 0xFFFF), 1)
    tx, ty = (x & 0xFFFF) + nth % columns, (y & 0xFFFF) + nth // columns
    # The ellipse reaches the tile if its form falls to tau somewhere among the pixel centres: at the mean, or on the
    # edges that face it.
    row = record + at.to(tl.int64) * _RECORD
    u, v = tl.load(row, used, other=0.0), tl.load(row + 1, used, other=0.0)
    qxx, qxy = tl.load(row + 2, used, other=-1.0), tl.load(row + 3, used, other=0.0)
    qyy, peak = tl.load(row + 4, used, other=-1.0), tl.load(row + 5, used, other=0.0)
    left, top = tx * _TILE + 0.5 - u, ty * _TILE + 0.5 - v
    right, bottom = left + (_TILE - 1), top + (_TILE - 1)
    dx = tl.minimum(tl.maximum(left, 0.0), right)
    dy = tl.minimum(tl.maximum(top, 0.0), bottom)
    inside = (dx == 0.0) & (dy == 0.0)
    on_x = tl.where(dx != 0.0, along_edge(dx, top, bottom, -qxx, -qxy, -qyy), float("inf"))
    on_y = tl.where(dy != 0.0, along_edge(dy, left, right, -qyy, -qxy, -qxx), float("inf"))
    # A hair more than 1/255, so that rounding here never drops what a pixel would show.
    reached = inside | (tl.minimum(on_x, on_y) <= peak + 7.9945)
    key = view * tiles + ty * across + tx - 32768
    tl.store(keys + i, tl.where(used & reached, key, 32767).to(tl.int16), mask)
    tl.store(splat + i, at, mask)


@triton.jit
def gather_kernel(sorted_keys, order, splat, record, start, stop, out, out_record, capacity, BLOCK: tl.constexpr):
    """Entries by tile, their records, and where each tile's begin and end."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = i < capacity
    key = tl.load(sorted_keys + i, mask, other=32767).to(tl.int32)
    used = mask & (key < 32767)
    before = tl.load(sorted_keys + i - 1, used & (i > 0), other=32767).to(tl.int32)
    after = tl.load(sorted_keys + i + 1, used & (i + 1 < capacity), other=32767).to(tl.int32)
    tile = key + 32768
    tl.store(start + tile, i, used & ((i == 0) | (before != key)))
    tl.store(stop + tile, i + 1, used & ((i + 1 == capacity) | (after != key)))
    at = tl.load(splat + tl.load(order + i, used, other=0), used, other=0)
    tl.store(out + i, at, used)
    source, target = record + at.to(tl.int64) * _RECORD, out_record + i.to(tl.int64) * _RECORD
    for c in tl.static_range(9):
        tl.store(target + c, tl.load(source + c, used, other=0.0), used)


def map_to_tiles(splats: ProjectedSplats, grid: Grid, lists: TileLists) -> None:
    """Fills ``lists``. Equal depths keep the order of the Gaussians."""
    batch, n = splats.depth.shape
    total, capacity = batch * n, len(lists.splat)
    device = splats.depth.device
    order = torch.sort(splats.depth, dim=1, stable=True).indices
    area = torch.empty(total, dtype=torch.int32, device=device)
    count_kernel[(triton.cdiv(total, BLOCK),)](splats.rect, order, area, n, total, BLOCK=BLOCK)
    ends = torch.cumsum(area, 0, dtype=torch.int64)  # a close-up of everything has more than 2^31
    keys = torch.empty(capacity, dtype=torch.int16, device=device)
    unsorted = torch.empty(capacity, dtype=torch.int32, device=device)
    entry_kernel[(triton.cdiv(capacity, BLOCK),)](
        ends, order, splats.rect, splats.record, keys, unsorted, lists.wanted, n, total,
        math.ceil(math.log2(total)) + 1, capacity, grid.across, grid.across * grid.down, BLOCK=BLOCK,
    )  # fmt: skip
    by_tile = torch.sort(keys, stable=True)
    lists.start.zero_()
    lists.stop.zero_()
    gather_kernel[(triton.cdiv(capacity, BLOCK),)](
        by_tile.values, by_tile.indices, unsorted, splats.record, lists.start, lists.stop, lists.splat, lists.record,
        capacity, BLOCK=BLOCK,
    )  # fmt: skip
