"""Background colours as people type them: ``255,255,255``, ``#fff``, ``#ffffff``, ``transparent``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.avatar.renderers.renderer import Colour

WHITE: Colour = (1.0, 1.0, 1.0)


def parse_background(text: str | None, output: Path) -> Colour | None:
    """RGB in [0, 1], or None for transparent. Not given: white behind a video, transparent behind pictures.

    Raises SettingsError.
    """
    if text is None:
        return WHITE if output.suffix.lower() == ".mp4" else None
    value = text.strip().lower()
    if value == "transparent":
        return None
    if re.fullmatch(r"#[0-9a-f]{3}|#[0-9a-f]{6}", value):
        digits = value[1:] if len(value) == 7 else "".join(2 * digit for digit in value[1:])
        return int(digits[:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:], 16) / 255
    match = re.fullmatch(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", value)
    if match is not None and all(int(channel) <= 255 for channel in match.groups()):
        return int(match[1]) / 255, int(match[2]) / 255, int(match[3]) / 255
    raise SettingsError(f"the background must be R,G,B from 0 to 255, #RRGGBB or transparent, got {text!r}")
