"""Options whose value may be left out: ``--webcam`` is ``--webcam 0``, ``--label`` is ``--label=Avatar``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WORDS = {"--label": "Avatar"}
"""options whose value is text: only behind an equals sign, for what follows may be the name of an avatar"""


def with_defaults(arguments: Sequence[str], defaults: Mapping[str, str]) -> list[str]:
    """Gives every option of ``defaults`` in ``arguments`` that no number follows its default for a value.

    Those of ``WORDS`` get theirs whatever follows.
    """
    out: list[str] = []
    for position, argument in enumerate(arguments):
        out.append(argument)
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        if argument in defaults and not re.fullmatch(r"\d+", following):
            out.append(defaults[argument])
        if argument in WORDS:
            out[-1] = f"{argument}={WORDS[argument]}"
    return out
