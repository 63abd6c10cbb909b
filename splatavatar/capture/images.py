"""Pixels of a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.capture import Frame
from splatavatar.capture.mattes import matte_of, scaled
from splatavatar.errors import CaptureError, SplatAvatarError
from splatavatar.input import open_input

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]
T = TypeVar("T")
THREADS = 2
ORIENTATION = 0x0112
"""tag of EXIF; from 5 on the pixels are shown with width and height exchanged"""


def load_frame(frame: Frame) -> tuple[Bytes, Bytes]:
    """The picture (H, W, 3) RGB and its matte (H, W), both 0-255.

    Without a mask file the matte is the alpha channel of the picture, or 255 everywhere. Pictures of 16 bits and mattes
    in any scale are brought to 8 bits. EXIF orientation is ignored: the camera describes the pixels as they are stored.

    Raises CaptureError for a file that does not decode, whose size is not that of the camera, or whose values may mean
    several things.
    """
    picture, alpha = _open(frame.image_path, lambda image: _picture(image, frame.image_path))
    if frame.mask_path is not None:
        mask_path = frame.mask_path
        matte = _open(mask_path, lambda image: matte_of(image, mask_path))
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


def has_alpha(path: Path) -> bool:
    """Whether the picture at ``path`` has a channel, or a colour, that is transparent, by its header alone."""
    return bool(_open(path, lambda image: image.has_transparency_data))


def is_shown_turned(path: Path) -> bool:
    """Whether EXIF asks for the picture at ``path`` to be shown with its width and height exchanged."""
    return _open(path, lambda image: image.getexif().get(ORIENTATION, 1)) in (5, 6, 7, 8)


def _picture(image: Image, path: Path) -> tuple[Bytes, Bytes | None]:
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), scaled(np.ascontiguousarray(rgba[..., 3]), path)
    if image.mode == "F":
        raise CaptureError(
            f"{path}: a picture in floating point, whose values may be linear light or sRGB; expected sRGB in 8 bits."
        )
    if image.mode.startswith("I"):
        # 16 bits a pixel: convert("RGB") would clip instead of scaling.
        values = np.asarray(image).astype(np.int64)
        top = int(values.max(initial=0))
        if not 0 <= int(values.min(initial=0)) <= top <= 65535:
            raise CaptureError(f"{path}: a picture with values up to {top}, expected sRGB in 8 or 16 bits.")
        grey = (values if top <= 255 else values // 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, 2), None
    return np.asarray(image.convert("RGB")), None


def _open(path: Path, read: Callable[[Image], T]) -> T:
    from PIL import Image as pil

    with open_input(path, CaptureError, "a picture") as stream:
        try:
            with pil.open(stream) as image:
                return read(image)
        except SplatAvatarError:
            raise
        except Exception as error:
            # Decoders answer damaged data with a dozen kinds of exceptions, and with new ones in every version.
            raise CaptureError(f"{path}: not a readable image") from error
