"""Picture sizes as people type them: ``512x512``."""

from __future__ import annotations

import re

from splatavatar.errors import SettingsError

LARGEST = 8192


def parse_size(text: str) -> tuple[int, int]:
    """Parses (width, height) in pixels. Raises SettingsError."""
    match = re.fullmatch(r"(\d{1,9})\s*[xX×]\s*(\d{1,9})", text.strip())
    if match is None:
        raise SettingsError(f"the size must be WIDTHxHEIGHT in pixels, such as 512x512, got {text!r}")
    width, height = int(match[1]), int(match[2])
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise SettingsError(f"the width and height must be between 1 and {LARGEST} pixels, got {width}x{height}")
    return width, height
