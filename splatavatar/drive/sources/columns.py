"""From the coefficient names of a file to the order of ``rig.arkit.NAMES``: positions are never trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES

# MediaPipe's face landmarker puts `_neutral` in front of its scores and has no `tongueOut`.
IGNORED = frozenset({"_neutral"})
OPTIONAL = frozenset({"tongueOut"})


def lower_first(name: str) -> str:
    """The ARKit spelling of a name that may start with a capital (Live Link Face writes ``JawOpen``)."""
    return name[:1].lower() + name[1:]


def to_arkit(names: Sequence[str], values: NDArray[np.floating], source: str) -> NDArray[np.float32]:
    """Sort columns by name and clip to [0, 1].

    ``values`` (T, C) has one column a name. Returns (T, 52) in ``NAMES`` order. Raises SignalError for names that are
    unknown, that occur twice or that are missing; ``source`` is the file to name in the message.
    """
    column: dict[str, int] = {}
    for index, name in enumerate(names):
        key = lower_first(name)
        if key in IGNORED:
            continue
        if key not in NAMES:
            raise SignalError(f"{source}: unknown ARKit coefficient {name!r}; expected the 52 names of ARKit.")
        if key in column:
            raise SignalError(f"{source}: the coefficient {name!r} occurs twice.")
        column[key] = index
    missing = [name for name in NAMES if name not in column and name not in OPTIONAL]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise SignalError(f"{source}: coefficients missing: {', '.join(missing[:3])}{more}.")
    arkit = np.zeros((len(values), len(NAMES)), np.float32)
    for index, name in enumerate(NAMES):
        if name in column:
            arkit[:, index] = values[:, column[name]]
    return np.clip(arkit, 0.0, 1.0)  # NaN passes through and is refused by `checked`
