"""Pictures of one size in rows and columns, each with a line of text above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Bytes, Floats
from splatavatar.bake.scoring.contact_sheet import FONT, GAP, INK, LABEL, PAPER
from splatavatar.bake.scoring.metrics import composite, unit


@dataclass(frozen=True)
class Cell:
    """One picture of the grid."""

    label: str
    picture: Bytes
    """(H, W, 3) RGB"""


def picture_grid(rows: Sequence[Sequence[Cell]]) -> Bytes:
    """The grid (height, width, 3) RGB of at least one row of cells; rows may be of different lengths.

    Every column is as wide as the widest picture, every row as high as its highest.
    """
    from PIL import Image, ImageDraw, ImageFont

    column = GAP + max(cell.picture.shape[1] for row in rows for cell in row)
    heights = [LABEL + max(cell.picture.shape[0] for cell in row) + GAP for row in rows]
    grid = Image.new("RGB", (GAP + column * max(map(len, rows)), sum(heights)), PAPER)
    draw, font, top = ImageDraw.Draw(grid), ImageFont.load_default(FONT), 0
    for row, height in zip(rows, heights, strict=True):
        for position, cell in enumerate(row):
            left = GAP + position * column
            draw.text((left, top + LABEL // 2), cell.label, INK, font, anchor="lm")
            grid.paste(Image.fromarray(cell.picture), (left, top + LABEL))
        top += height
    return np.asarray(grid)


def on_grey(rgba: Bytes) -> Bytes:
    """The picture (H, W, 3) that an RGBA one (H, W, 4) with straight alpha is over the grey of the scores."""
    flat: Floats = composite(unit(rgba[..., :3]), unit(rgba[..., 3]))
    return np.rint(flat * 255).astype(np.uint8)
