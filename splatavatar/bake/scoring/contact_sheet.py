"""A picture of pictures: render, truth and their difference, one frame a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Bytes, Floats

CELL = 320
"""longest side of a picture on the sheet, pixels"""
GAP, LABEL, FONT = 6, 24, 14
PAPER, INK = (24, 24, 27), (228, 228, 231)
DIFFERENCE_GAIN = 5.0


@dataclass(frozen=True)
class SheetRow:
    """One frame of the sheet."""

    label: str
    render: Floats
    """(H, W, 3) in [0, 1]"""
    truth: Floats
    """(H, W, 3) in [0, 1]"""


def spread(count: int, wanted: int) -> list[int]:
    """At most ``wanted`` indices evenly spread over ``range(count)``, the first and the last among them."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, wanted))}) if count else []


def contact_sheet(rows: Sequence[SheetRow]) -> Bytes:
    """The sheet (height, width, 3) RGB 0-255 of at least one row: a line of headings, then the rows.

    The difference is |render - truth|, averaged over the channels and five times as bright.
    """
    from PIL import Image, ImageDraw, ImageFont

    cells = [_cells(row) for row in rows]
    width = max(sum(cell.shape[1] + GAP for cell in line) for line in cells) + GAP
    height = LABEL + sum(LABEL + line[0].shape[0] + GAP for line in cells)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    x = GAP
    for heading, cell in zip(("render", "truth", f"difference x{DIFFERENCE_GAIN:g}"), cells[0], strict=True):
        draw.text((x, LABEL // 2), heading, INK, font, anchor="lm")
        x += cell.shape[1] + GAP
    y = LABEL
    for row, line in zip(rows, cells, strict=True):
        draw.text((GAP, y + LABEL // 2), row.label, INK, font, anchor="lm")
        y += LABEL
        x = GAP
        for cell in line:
            sheet.paste(Image.fromarray(cell), (x, y))
            x += cell.shape[1] + GAP
        y += line[0].shape[0] + GAP
    return np.asarray(sheet)


def _cells(row: SheetRow) -> list[Bytes]:
    import cv2

    height, width = row.truth.shape[:2]
    factor = min(1.0, CELL / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    difference = np.abs(row.render - row.truth).mean(axis=2, keepdims=True).repeat(3, axis=2) * DIFFERENCE_GAIN
    return [
        np.rint(cv2.resize(picture, size, interpolation=cv2.INTER_AREA).clip(0, 1) * 255).astype(np.uint8)
        for picture in (row.render, row.truth, difference)
    ]
