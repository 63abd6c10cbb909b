"""Options whose value may be left out: ``--webcam`` is ``--webcam 0``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def with_defaults(arguments: Sequence[str], defaults: Mapping[str, str]) -> list[str]:
    """Gives every option of ``defaults`` in ``arguments`` that no number follows its default for a value."""
    out: list[str] = []
    for position, argument in enumerate(arguments):
        out.append(argument)
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        if argument in defaults and not re.fullmatch(r"\d+", following):
            out.append(defaults[argument])
    return out
