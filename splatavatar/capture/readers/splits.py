"""How the pictures of a capture are split into those that are trained on and those that are scored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from splatavatar.printable import printable

SPLITS = ("train", "val", "test")

_log = logging.getLogger("splatavatar")


def warn_of_shared(where: Path, splits: Mapping[str, tuple[int, ...]]) -> None:
    """Says how many of the pictures to be scored are trained on as well; ``where`` says what splits them so."""
    scored = {at for name in SPLITS[1:] for at in splits[name]}
    shared = len(scored & set(splits["train"]))
    if shared:
        _log.warning(
            "%s: %d of the %d pictures of val and test are trained on, too; their scores say little of others.",
            *(printable(where), shared, len(scored)),
        )
