"""Whether the mattes of a capture are there: of all its pictures, or of none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from splatavatar.capture.images import has_alpha
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.printable import printable


def check_mask_size(mask: PictureFile, image: PictureFile, sizes: Mapping[PictureFile, tuple[int, int]]) -> None:
    """Raises CaptureError where the ``mask`` of an ``image`` has other ``sizes`` (width, height)."""
    if sizes[mask] != sizes[image]:
        (width, height), (wide, high) = sizes[mask], sizes[image]
        raise CaptureError(
            f"{mask}: the mask has {width}x{height} pixels, its image {image.path.name} has {wide}x{high}"
        )


def check_mattes(
    description: Path, names: Sequence[str], images: Sequence[PictureFile], masks: Sequence[PictureFile | None]
) -> None:
    """Raises CaptureError where some of the pictures that ``description`` names have a matte and others have none."""
    bare = [position for position, mask in enumerate(masks) if mask is None]
    if not bare or (len(bare) == len(masks) and not has_alpha(images[0])):
        return
    without = [position for position in bare if not has_alpha(images[position])]
    if without:
        raise CaptureError(
            f"{description}: {len(without)} of {len(images)} frames have neither a mask_path nor an alpha channel, the "
            f"first is {printable(names[without[0]])}"
        )
