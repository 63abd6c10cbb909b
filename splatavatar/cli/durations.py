"""Durations as people type them: ``90s``, ``5m``, ``1.5h``, ``300``."""

from __future__ import annotations

import re

from splatavatar.errors import SettingsError

LONGEST = 30 * 24 * 3600.0
"""seconds"""
SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


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
