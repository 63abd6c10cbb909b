"""What the stages of a picture cannot do without, counted for the very scene: bytes moved and operations.

Bytes: every array that a stage reads or writes, once, whatever the caches hold; of a sort one pass over its keys and
what they carry. Operations: float32 and the integer ones beside them, a fused multiply-add is two; those of blending
are an upper count, as if every pixel of a tile took every entry of its list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from gpu_figures.recorded import Recorded
from splatavatar.render.gpu.blend import FINISHED_BYTES
from splatavatar.render.gpu.frames import FRAME
from splatavatar.render.gpu.projection import RECORD
from splatavatar.render.gpu.tiles import Grid, TileLists
from splatavatar.render.splatting import TILE

FRAME_OPERATIONS = 90
"""of a triangle: two edges, their products, three lengths"""
GAUSSIAN_OPERATIONS = 300
"""of a Gaussian in a picture, correctives aside: origin, turn, three products of 3x3, spherical harmonics, covariance,
inverse, bounds"""
ENTRY_OPERATIONS = 60
"""of an entry, the search of its Gaussian aside: its tile and whether the ellipse reaches it"""
BLEND_OPERATIONS = 25
"""of an entry at a pixel"""
BLENDED_FLOATS = 9
"""of a record that the tiles read"""
SAMPLED_TILES = 200


@dataclass(frozen=True)
class Counts:
    """Of one scene, read off the buffers of its last picture."""

    pictures: int
    poses: int
    vertices: int
    expressions: int
    """not zero in any pose: the others are not read"""
    expressions_in_poses: int
    """not zero, sum over the poses"""
    faces: int
    gaussians: int
    correctives: int
    floats_uploaded: int
    entries_wanted: int
    """tiles under the rectangles of all Gaussians"""
    entries: int
    """of them, those that an ellipse reaches: the lists"""
    entries_blended_share: float | None
    """of the entries, until their tile is opaque; of a sample of tiles"""
    tiles: int
    pixel_bytes: int


@dataclass(frozen=True)
class Floor:
    """What a stage moves and computes at least."""

    bytes: int
    operations: int


def counts(recorded: Recorded) -> Counts:
    """Of the last picture; waits for the GPU."""
    frame = recorded.frame
    model, lists = frame.model, frame._lists
    expression = frame._host_rows[:, : len(model.basis)] != 0
    lengths = lists.stop - lists.start
    return Counts(
        pictures=frame.grid.batch,
        poses=len(expression),
        vertices=len(model.template),
        expressions=int(expression.any(0).sum()),
        expressions_in_poses=int(expression.sum()),
        faces=len(model.faces),
        gaussians=len(model.bound),
        correctives=len(model.bound.table),
        floats_uploaded=frame._host.numel(),
        entries_wanted=recorded.entries_wanted,
        entries=int(lengths.sum()),
        entries_blended_share=blended_share(lists, frame.grid),
        tiles=frame.grid.tiles,
        pixel_bytes=frame.pixels.numel(),
    )


def floors(c: Counts) -> dict[str, Floor]:
    """By the names of ``cuda_frame.STAGES``."""
    splats = c.pictures * c.gaussians
    bound = 4 * (1 + 3 + 3 + 4 + 3 + 1 + 3 + 9) + 2 * 6 * c.correctives
    frames_read = min(c.faces, c.gaussians) * c.poses * 4 * 19
    of_sort = (
        4 * splats + 8 * splats  # depths in, order out
        + (8 + 8 + 4 + 4 + 8) * splats  # order and rectangles in, areas out; areas in, ends out
        + (2 + 4) * c.entries_wanted  # keys and Gaussians out
        + (2 + 2 + 8) * c.entries_wanted  # keys in, keys and order out
        + (2 + 8) * c.entries_wanted + (4 + 4 * BLENDED_FLOATS) * 2 * c.entries  # gathered: read, and written
        + 2 * 2 * 4 * c.tiles
    )  # fmt: skip
    search = 6 * (math.ceil(math.log2(max(splats, 2))) + 1)
    return {
        "upload": Floor(4 * c.floats_uploaded, 0),
        "rig": Floor(
            c.vertices * (12 + 12 * c.expressions + 32 + 12 * c.poses),
            c.vertices * (6 * c.expressions_in_poses + 4 * 24 * c.poses),
        ),
        "frames": Floor(
            c.poses * (12 * c.vertices + 4 * (FRAME - 1) * c.faces) + 12 * c.faces,
            FRAME_OPERATIONS * c.faces * c.poses,
        ),
        "gaussians": Floor(
            c.gaussians * bound + frames_read + splats * (4 * (RECORD - 2) + 8 + 4),
            splats * (GAUSSIAN_OPERATIONS + 12 * c.correctives),
        ),
        "sort": Floor(of_sort, (search + ENTRY_OPERATIONS) * c.entries_wanted),
        "blend": Floor(
            4 * BLENDED_FLOATS * c.entries + 8 * c.tiles + c.pixel_bytes,
            BLEND_OPERATIONS * TILE * TILE * c.entries,
        ),
    }


def blended_share(lists: TileLists, grid: Grid) -> float | None:
    """Share of the entries of sampled tiles that come before every pixel of the tile is opaque; None without entries.

    As the kernel counts, up to the step of its loop: all pixels of the tile, those beyond the picture's edge too.
    """
    start, stop = lists.start.cpu().numpy(), lists.stop.cpu().numpy()
    filled = np.nonzero(stop > start)[0]
    if not len(filled):
        return None
    sample = filled[np.linspace(0, len(filled) - 1, min(SAMPLED_TILES, len(filled))).astype(int)]
    total = taken = 0
    for tile in sample.tolist():
        rows = lists.record[int(start[tile]) : int(stop[tile])].to(torch.float32).cpu().numpy().astype(np.float64)
        within = tile % (grid.across * grid.down)
        lane = np.arange(TILE * TILE)
        x = within % grid.across * TILE + lane % TILE + 0.5
        y = within // grid.across * TILE + lane // TILE + 0.5
        dx, dy = x - rows[:, :1], y - rows[:, 1:2]
        power = dx * (rows[:, 2:3] * dx + rows[:, 3:4] * dy) + rows[:, 4:5] * dy * dy + rows[:, 5:6]
        alpha = np.where(power >= -math.log2(255), np.minimum(np.exp2(power), 0.999), 0.0)
        clearest = np.cumprod(1 - alpha, axis=0).max(1)
        opaque = np.nonzero(clearest <= FINISHED_BYTES)[0]
        total += len(rows)
        taken += int(opaque[0]) + 1 if len(opaque) else len(rows)
    return taken / total
