"""Pictures in files of any name: OpenCV decodes bytes, and never learns where they are."""

from __future__ import annotations

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


def read_picture(path: str | Path, failure: type[SplatAvatarError], expected: str = "a picture") -> Bytes:
    """Decodes (H, W, 3) RGB, upright, of the picture in the regular file at ``path``.

    Raises:
        failure: as ``read_bytes``, or for what is no picture that can be decoded; ``expected`` ends the sentence.
    """
    return _decoded(path, read_bytes(path, failure, expected, LARGEST), failure, expected, stored=False)


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
