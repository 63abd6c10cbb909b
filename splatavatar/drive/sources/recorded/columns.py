"""From the coefficient names of a file to the order of ``rig.arkit.NAMES``: positions are never trusted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sources.recorded.spelling import arkit_index
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES

LOG = logging.getLogger("splatavatar")

NEUTRAL = "_neutral"
"""what MediaPipe's face landmarker puts in front of its scores: known, and no coefficient"""
OPTIONAL = frozenset({"tongueOut"})
"""what it does not have"""
MOST_COLUMNS = 4096
"""that are looked at"""
SHOWN = 3
"""names in a message"""
MOST = 10.0
"""of a coefficient, however far a tool exaggerates"""
PERCENT = 120.0
"""the most that percents reach"""


def arkit_columns(names: Sequence[str], source: str) -> NDArray[np.intp]:
    """The column (52) of each coefficient of ``NAMES`` among ``names``, -1 for an optional one that is not there.

    Columns that mean something else are left out, which is said in one line of the log. Raises SignalError for
    coefficients that occur twice, in whatever spelling, or that are missing; ``source`` is the file to name.
    """
    if len(names) > MOST_COLUMNS:
        raise SignalError(f"{source}: {len(names)} names of coefficients, expected ARKit's 52.")
    column = np.full(len(NAMES), -1, np.intp)
    others: list[str] = []
    for at, name in enumerate(names):
        index = arkit_index(name)
        if index is None:
            others += [] if name.strip().lower() == NEUTRAL else [name]
        elif column[index] >= 0:
            first = names[column[index]]
            both = f"{name!r}" if first == name else f"{NAMES[index]!r}, as {first!r} and {name!r},"
            raise SignalError(f"{source}: the coefficient {both} occurs twice.")
        else:
            column[index] = at
    missing = [name for name, at in zip(NAMES, column, strict=True) if at < 0 and name not in OPTIONAL]
    if (column < 0).all():
        raise SignalError(f"{source}: no names of ARKit's coefficients in it, expected its 52, such as jawOpen.")
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise SignalError(f"{source}: coefficients missing: {', '.join(missing[:SHOWN])}{more}.")
    if others:
        LOG.warning("%s: %s mean nothing to a face and are left out.", source, _listed(others))
    return column


def to_arkit(values: NDArray[Any], column: NDArray[np.intp], source: str) -> NDArray[np.float32]:
    """The coefficients (T, 52) in [0, 1] of ``values`` (T, C), whose ``column`` s are those of ``arkit_columns``.

    Percents are known by their size. Raises SignalError for values that are not finite, or too large to be meant.
    """
    arkit = np.zeros((len(values), len(NAMES)))
    there = column >= 0
    with np.errstate(over="ignore", invalid="ignore"):
        arkit[:, there] = values[:, column[there]]
    finite = np.isfinite(arkit).all(1)
    if not finite.all():
        raise SignalError(f"{source}: arkit is not a finite number in frame {int(np.argmin(finite))}.")
    if len(arkit) and max(arkit.max(), -arkit.min()) > MOST:
        if not _percent(arkit):
            frame, index = np.unravel_index(int(np.argmax(np.abs(arkit))), arkit.shape)
            raise SignalError(
                f"{source}: {NAMES[index]} is {arkit[frame, index]:g} in frame {frame}, expected numbers from 0 to 1."
            )
        LOG.warning("%s: its coefficients go up to %.4g, which is taken for percents.", source, arkit.max())
        arkit /= 100
    return np.clip(arkit, 0.0, 1.0, out=arkit).astype(np.float32)


def _percent(arkit: NDArray[np.float64]) -> bool:
    """Whether most of what moves at all moves by more than 1."""
    above = arkit[arkit > 0]
    return bool(arkit.min() >= -MOST and arkit.max() <= PERCENT and np.median(above) > 1)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"the column{'s' if len(names) > 1 else ''} {shown}{more}"
