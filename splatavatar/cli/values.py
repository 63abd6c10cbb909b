"""Values as people type them: durations (``5m``), sizes (``512x512``), limits of expressions (``3``, ``off``)."""

from __future__ import annotations

import os
import re
from pathlib import Path

from splatavatar.errors import OutputError, SettingsError

LONGEST = 30 * 24 * 3600.0
"""seconds"""
SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
LARGEST = 8192
"""pixels of a side"""


def parse_duration(text: str, what: str) -> float:
    """Parses seconds; a bare number is seconds. Raises SettingsError that calls the value ``what``."""
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*([smh]?)", text.strip().lower())
    if match is None:
        raise SettingsError(f"the {what} must be a duration such as 90s, 5m or 1h, got {text!r}")
    seconds = float(match[1]) * SECONDS[match[2]]
    if seconds <= 0:
        raise SettingsError(f"the {what} must be longer than 0 seconds, got {seconds:g}")
    if seconds > LONGEST:
        raise SettingsError(f"the {what} must be at most {LONGEST / 3600:.0f} hours, got {seconds / 3600:g}")
    return seconds


def parse_size(text: str) -> tuple[int, int]:
    """Parses (width, height) in pixels. Raises SettingsError."""
    match = re.fullmatch(r"(\d{1,9})\s*[xX×]\s*(\d{1,9})", text.strip())
    if match is None:
        raise SettingsError(f"the size must be WIDTHxHEIGHT in pixels, such as 512x512, got {text!r}")
    width, height = int(match[1]), int(match[2])
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise SettingsError(f"the width and height must be between 1 and {LARGEST} pixels, got {width}x{height}")
    return width, height


def parse_limit(text: str) -> float | None:
    """Parses standard deviations, None for ``off``. Raises SettingsError."""
    if text.strip().lower() == "off":
        return None
    number = re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text.strip())
    if number is None:
        raise SettingsError(
            f"the expression limit must be a number of standard deviations from 0, or off, got {text!r}"
        )
    return float(number[0])


def check_avatar_name(path: Path) -> None:
    """Raises OutputError for a name that no avatar is written under: a key or a film may have it."""
    _check_no_folder(path)
    if path.suffix.lower() != ".splatavatar":
        raise OutputError(f"{path}: an avatar is written as .splatavatar.")


def check_page_name(path: Path) -> None:
    """Raises OutputError for a name that no page is written under: the cameras of a capture may have it."""
    _check_no_folder(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{path}: a page is written as .html.")


def _check_no_folder(path: Path) -> None:
    if os.path.isdir(path):
        raise OutputError(f"cannot write {path}: it is a folder, expected the name of a file")


def check_kept(out: Path, read: Path) -> None:
    """Raises OutputError where ``out`` is the file that is ``read``, however both are named."""
    if os.path.realpath(out) == os.path.realpath(read):
        raise OutputError(f"{out}: the file that is read would be overwritten; give the output another name.")
