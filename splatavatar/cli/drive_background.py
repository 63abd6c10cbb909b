"""What ``splatavatar drive --background`` puts behind the avatar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.colours import WHITE, parse_background
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.avatar.renderers.renderer import Colour
    from splatavatar.drive.sinks.background import Background, BlurredCamera

GREEN, BLACK = (0.0, 177 / 255, 64 / 255), (0.0, 0.0, 0.0)
"""of studios, for keying; and of stages"""
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
BLUR = "blur"


def parse_backgrounds(text: str | None, outputs: Sequence[Path]) -> list[Background | BlurredCamera]:
    """What the B key steps through, the one that is asked for first. Raises SettingsError."""
    from splatavatar.drive.sinks.background import BlurredCamera, ColourBackground, Transparent, picture_background

    plain = [ColourBackground(colour) for colour in (WHITE, GREEN, BLACK)]
    if text is not None and text.strip().lower() == BLUR:
        return [BlurredCamera(), *plain]
    if text is not None and Path(text).suffix.lower() in PICTURES:
        return [picture_background(text), *plain[:2], BlurredCamera()]
    colour = _colour(text, outputs)
    if colour is None:
        return [Transparent()]  # files that are transparent stay so
    first = ColourBackground(colour)
    return [first, *(other for other in plain if other != first), BlurredCamera()]


def _colour(text: str | None, outputs: Sequence[Path]) -> Colour | None:
    try:
        return parse_background(text, outputs[0] if outputs else Path("window.mp4"))
    except SettingsError as error:
        raise SettingsError(
            f"the background must be R,G,B from 0 to 255, #RRGGBB, transparent, {BLUR} or a picture file, got {text!r}."
        ) from error
