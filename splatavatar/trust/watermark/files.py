"""Pictures and films of any program, looked through for the mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.errors import TrustError
from splatavatar.extras import required
from splatavatar.input import open_input
from splatavatar.media import frames_of, open_media
from splatavatar.pictures import read_picture
from splatavatar.trust.watermark.detect import Detection, detect, detect_frames

EXPECTED = "a picture (JPEG, PNG, WebP) or a film"
STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*")
"""how files begin that hold one picture"""
MOST_PIXELS = 1 << 26
"""of a picture"""


def detect_in(path: str | Path) -> Detection | None:
    """The mark in the picture or the film at ``path``, None where there is none.

    Raises:
        TrustError: it is neither, cannot be read, or is too large.
        DependencyError: a package that decodes it is absent.
    """
    with open_input(path, TrustError, EXPECTED) as file:
        head = file.read(12)
    if head.startswith(STARTS) or (head[:4] == b"RIFF" and head[8:] == b"WEBP"):
        cv2 = required("cv2")
        picture = read_picture(path, TrustError, EXPECTED, MOST_PIXELS)
        _check_size(path, picture.shape[1], picture.shape[0])
        return detect(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32))
    return detect_frames(_grey(path))


def _grey(path: str | Path) -> Iterator[Bytes]:
    """(H, W) every frame of a film that can be decoded. Raises TrustError where there is none."""
    with open_media(path, TrustError, EXPECTED, _unreadable) as film:
        stream = next(iter(film.container.streams.video), None)
        if stream is None:
            raise TrustError(f"{path}: no picture is in it, expected {EXPECTED}.")
        stream.thread_type = "AUTO"
        count = 0
        for frame in frames_of(film.container, stream, lambda: None):
            _check_size(path, frame.width, frame.height)
            count += 1
            yield frame.to_ndarray(format="gray")
        if not count:
            raise TrustError(f"{path}: no picture of it can be decoded, expected {EXPECTED}.")


def _check_size(path: str | Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise TrustError(f"{path}: pictures of {width}x{height} pixels, at most {MOST_PIXELS} are looked through.")


def _unreadable(found: str) -> str:
    return f"{found or 'neither a picture nor a film'}, expected {EXPECTED}."
