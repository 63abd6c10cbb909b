"""Pixels of a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.capture import Frame
from splatavatar.errors import CaptureError

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]
T = TypeVar("T")
THREADS = 2


def load_frame(frame: Frame) -> tuple[Bytes, Bytes]:
    """The picture (H, W, 3) RGB and its matte (H, W), both 0-255.

    Without a mask file the matte is the alpha channel of the picture, or 255 everywhere. EXIF orientation is ignored:
    the camera describes the pixels as they are stored.

    Raises CaptureError for a file that does not decode or whose size is not that of the camera.
    """
    picture, alpha = _open(frame.image_path, _picture)
    if frame.mask_path is not None:
        matte = _open(frame.mask_path, _matte)
    elif alpha is not None:
        matte = alpha
    else:
        matte = np.full(picture.shape[:2], 255, np.uint8)
    expected = (frame.camera.height, frame.camera.width)
    for path, array in ((frame.image_path, picture), (frame.mask_path, matte)):
        if array.shape[:2] != expected:
            height, width = array.shape[:2]
            raise CaptureError(f"{path}: {width}x{height} pixels, expected {expected[1]}x{expected[0]}")
    return picture, matte


def load_frames(
    frames: Sequence[Frame], progress: Callable[[int, int], None] | None = None
) -> list[tuple[Bytes, Bytes]]:
    """``load_frame`` of each of ``frames``, in order; ``progress(done, total)`` is called after each."""
    loaded: list[tuple[Bytes, Bytes]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for result in pool.map(load_frame, frames):
                loaded.append(result)
                if progress is not None:
                    progress(len(loaded), len(frames))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return loaded


def image_sizes(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """(width, height) of each file, from its header alone.

    Raises CaptureError for a file that is not a picture.
    """
    return {path: _open(path, lambda image: image.size) for path in paths}


def _picture(image: Image) -> tuple[Bytes, Bytes | None]:
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    return np.asarray(image.convert("RGB")), None


def _matte(image: Image) -> Bytes:
    if image.mode.startswith("I"):
        # 16 bits a pixel: convert("L") would clip instead of scaling.
        return (np.asarray(image).astype(np.int64).clip(0, 65535) // 257).astype(np.uint8)
    return np.asarray(image.convert("L"))


def _open(path: Path, read: Callable[[Image], T]) -> T:
    from PIL import Image as pil

    try:
        with pil.open(path) as image:
            return read(image)
    except FileNotFoundError as error:
        raise CaptureError(f"{path}: no such file") from error
    # Pillow answers damaged data with any of these.
    except (OSError, ValueError, SyntaxError, EOFError, pil.DecompressionBombError) as error:
        raise CaptureError(f"{path}: not a readable image") from error
