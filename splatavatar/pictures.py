"""Pictures in files of any name: OpenCV decodes bytes, and never learns where they are."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.errors import SplatAvatarError
from splatavatar.extras import required
from splatavatar.input import read_bytes
from splatavatar.output import write_draft
from splatavatar.png import encode_png

LARGEST = 1 << 28
"""bytes of a file"""
MOST_PIXELS = 1 << 30
"""of a picture: no more than OpenCV decodes"""
_LITTLE, _BIG = b"II*\0", b"MM\0*"


def read_picture(
    path: str | Path, failure: type[SplatAvatarError], expected: str = "a picture", most: int = MOST_PIXELS
) -> Bytes:
    """Decodes (H, W, 3) RGB, upright, of the picture in the regular file at ``path``, of at most ``most`` pixels.

    Raises:
        failure: as ``read_bytes``, or for what is no picture that can be decoded, or too large a one: of the kinds that
            ``stated_size`` knows it takes no memory. ``expected`` ends the sentence.
    """
    content = read_bytes(path, failure, expected, LARGEST)
    width, height = stated_size(content) or (0, 0)
    if width * height > most:
        raise failure(f"{path}: a picture of {width}x{height} pixels, at most {most} are read, expected {expected}.")
    return _decoded(path, content, failure, expected, stored=False)


def stated_size(content: bytes) -> tuple[int, int] | None:
    """The width and the height that a PNG, JPEG, WebP, BMP or TIFF says it has, as stored, whether it has them or not.

    None for anything else: what a file of some kilobytes says may take gigabytes to be decoded.
    """
    try:
        if content.startswith(b"\x89PNG"):
            return _pair(struct.unpack_from(">II", content, 16))
        if content.startswith(b"BM"):
            old = struct.unpack_from("<I", content, 14)[0] == 12
            return _pair(struct.unpack_from("<HH" if old else "<ii", content, 18))
        if content.startswith(b"\xff\xd8"):
            return _of_jpeg(content)
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            return _of_webp(content)
        if content.startswith((_LITTLE, _BIG)):
            return _of_tiff(content)
    except (struct.error, LookupError):  # cut off
        pass
    return None


def _pair(sizes: tuple[int, ...]) -> tuple[int, int]:
    return abs(sizes[0]), abs(sizes[1])  # the rows of a BMP may go the other way


def _of_jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while content[at] == 0xFF:
            at += 1
        kind, length = content[at], struct.unpack_from(">H", content, at + 1)[0]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # the beginning of a frame, of whatever method
            height, width = struct.unpack_from(">HH", content, at + 4)
            return width, height
        at += 1 + length


def _of_webp(content: bytes) -> tuple[int, int] | None:
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind != b"VP8X":
        return None
    low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", content, 24)
    return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1


def _of_tiff(content: bytes) -> tuple[int, int]:
    order = "<" if content.startswith(_LITTLE) else ">"
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    found = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, entry)
        if tag in (256, 257):
            (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, entry + 8)
    return found[256], found[257]


def read_picture_both_ways(
    path: str | Path, failure: type[SplatAvatarError], expected: str = "a picture"
) -> tuple[bytes, Bytes, bool]:
    """The bytes of the file at ``path``, what ``read_picture`` makes of them, and whether they are stored upright.

    Raises as ``read_picture``.
    """
    data = read_bytes(path, failure, expected, LARGEST)
    upright = _decoded(path, data, failure, expected, stored=False)
    stored = _decoded(path, data, failure, expected, stored=True)
    return data, upright, np.array_equal(upright, stored)


def _decoded(path: str | Path, content: bytes, failure: type[SplatAvatarError], expected: str, stored: bool) -> Bytes:
    """RGB; ``stored``: by the rows of the file, whichever side its EXIF says is up."""
    cv2 = required("cv2")
    data = np.frombuffer(content, np.uint8)
    flags = cv2.IMREAD_COLOR | (cv2.IMREAD_IGNORE_ORIENTATION if stored else 0)
    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)  # what is wrong is said in one sentence, not in OpenCV's lines beside it
    try:
        picture = cv2.imdecode(data, flags) if len(data) else None
    except cv2.error as error:  # such as one of more pixels than OpenCV allows
        raise failure(f"{path}: a picture that cannot be decoded, expected {expected}.") from error
    finally:
        log.setLogLevel(level)
    if picture is None:
        raise failure(f"{path}: not a picture, expected {expected}.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def write_picture(path: Path, picture: Bytes) -> None:
    """Write (H, W, 3) RGB or (H, W) as PNG. Raises OutputError."""
    write_draft(path, encode_png(picture))
