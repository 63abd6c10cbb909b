"""Pictures as PNG: written without a library, so that an avatar can be played to pictures wherever it can be played."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
"""of the standard, by channels: grey, RGB, RGB and straight alpha"""
SUB = 1
"""the filter of the standard that stores each byte less that of the pixel before it"""


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """The PNG file of ``picture``, 8 bits a channel: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB and straight alpha."""
    pixels: NDArray[Any] = picture if picture.ndim == 3 else picture[..., None]
    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = SUB
    stored = rows[:, 1:].reshape(height, width, channels)
    stored[:, 0] = pixels[:, 0]
    np.subtract(pixels[:, 1:], pixels[:, :-1], out=stored[:, 1:])
    # Run lengths alone take the least time on heads before a plain background, and hardly more room.
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    data = packer.compress(rows.data) + packer.flush()
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
