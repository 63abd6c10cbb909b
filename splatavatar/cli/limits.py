"""The limit of expressions as people type it: ``3`` or ``off``."""

from __future__ import annotations

import re

from splatavatar.errors import SettingsError


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
