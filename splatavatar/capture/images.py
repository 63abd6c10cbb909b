"""Pixels of a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.capture.capture import Frame
from splatavatar.capture.mattes import matte_of, scaled
from splatavatar.capture.references import PictureReference
from splatavatar.errors import CaptureError

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
R = TypeVar("R", bound=PictureReference)
THREADS = 2
ORIENTATION = 0x0112
"""tag of EXIF; from 5 on the pixels are shown with width and height exchanged"""


def load_frame(frame: Frame) -> tuple[Bytes, Bytes]:
    """The picture (H, W, 3) RGB and its matte (H, W), both 0-255, as the camera of ``frame`` sees them.

    Without a mask the matte is the alpha channel of the picture, or 255 everywhere. Pictures of 16 bits and mattes
    in any scale are brought to 8 bits. EXIF orientation is ignored: the camera describes the pixels as they are stored.
    Colours are corrected where the capture says how. What the lens bends is straight; what it does not see has no
    matte.

    Raises CaptureError for a picture that does not decode, whose size is not that of the camera, or whose values may
    mean several things.
    """
    picture, alpha = _read(frame.picture, lambda image: _picture(image, frame.picture))
    if frame.mask is not None:
        mask = frame.mask
        matte = _read(mask, lambda image: matte_of(image, mask))
    elif alpha is not None:
        matte = alpha
    else:
        matte = np.full(picture.shape[:2], 255, np.uint8)
    expected = (frame.camera.height, frame.camera.width)
    for reference, array in ((frame.picture, picture), (frame.mask, matte)):
        if array.shape[:2] != expected:
            height, width = array.shape[:2]
            raise CaptureError(f"{reference}: {width}x{height} pixels, expected {expected[1]}x{expected[0]}")
    if frame.colour is not None:
        picture = frame.colour.corrected(picture)
    if frame.lens is not None:
        picture, matte = (frame.lens.undistorted(pixels, frame.camera) for pixels in (picture, matte))
    return picture, matte


def load_frames(
    frames: Sequence[Frame], progress: Callable[[int, int], None] | None = None
) -> list[tuple[Bytes, Bytes]]:
    """The ``load_frame`` of each of ``frames``, in order; ``progress(done, total)`` is called after each."""
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


def image_sizes(references: Iterable[R]) -> dict[R, tuple[int, int]]:
    """The (width, height) of each picture, from its header alone.

    Raises CaptureError for what is no picture.
    """
    return {reference: _read(reference, lambda image: image.size) for reference in references}


def has_alpha(reference: PictureReference) -> bool:
    """Whether the picture has a channel, or a colour, that is transparent, by its header alone."""
    return bool(_read(reference, lambda image: image.has_transparency_data))


def is_opaque(reference: PictureReference) -> bool:
    """Whether no pixel of the picture is transparent. Raises CaptureError for what is no picture."""

    def opaque(image: Image) -> bool:
        return not image.has_transparency_data or bool(
            np.asarray(image.convert("RGBA"))[..., 3].min(initial=255) == 255
        )

    return _read(reference, opaque)


def is_shown_turned(reference: PictureReference) -> bool:
    """Whether EXIF asks for the picture to be shown with its width and height exchanged."""
    return _read(reference, lambda image: image.getexif().get(ORIENTATION, 1)) in (5, 6, 7, 8)


def rgb_of(image: Image, path: object) -> Bytes:
    """The picture (H, W, 3) sRGB, 0-255, opened as ``image``, whatever is transparent in it; ``path`` says of which.

    Raises CaptureError for values that may mean several things.
    """
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
        return np.repeat(grey[..., None], 3, 2)
    return np.asarray(image.convert("RGB"))


def _picture(image: Image, path: PictureReference) -> tuple[Bytes, Bytes | None]:
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), scaled(np.ascontiguousarray(rgba[..., 3]), path)
    return rgb_of(image, path), None


def _read(reference: PictureReference, read: Callable[[Image], T]) -> T:
    with reference.opened() as image:
        return read(image)
