"""Parameters of FLAME, as trackers leave them, as rig parameters.

FLAME's axes are those of the rig frame: metres, +Y up, facing +Z, +X the subject's left. Names are those of the rig
``flame``: ``shape_000``... are its shape coefficients, ``expression_000``... its expressions, and its five joints turn
one about the other as FLAME has them, the ``root`` about the root joint, not about the origin. Of the eyes the first
is FLAME's fourth joint, whatever a tracker calls it. Eyelids, which some trackers add to FLAME, have no coefficient of
it: they are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.rig.body_models.model_file import FLAME

RIG = "flame"
JOINTS = FLAME.joint_names
SHAPES, EXPRESSIONS, VERTICES = 300, 100, 5023
MOST = 1e3
"""of any coefficient, turn or length; coefficients are standard deviations"""

Numbers = NDArray[Any]


def flame_parameters(
    where: str,
    tracker: str,
    shape: Numbers,
    expression: Numbers,
    turns: Mapping[str, Numbers],
    translation: Numbers | None = None,
    template_offset: Numbers | None = None,
) -> RigParameters:
    """The parameters of T timesteps.

    Args:
        where: begins what is said.
        tracker: the program that found them.
        shape: (S) coefficients, at most 300.
        expression: (T, E) coefficients, at most 100 of them.
        turns: (T, 3) axis-angle of some of ``JOINTS``, radians; the others rest.
        translation: (T, 3) metres, of the whole head.
        template_offset: (V, 3) metres; vertices that a tracker has added behind FLAME's own are left out.

    Raises RigError for other shapes, and for values that are not finite or too large.
    """
    T = len(expression)
    fits = shape.ndim == 1 and 0 < len(shape) <= SHAPES
    _check(where, "shape", shape, fits, f"at most {SHAPES} coefficients")
    fits = expression.ndim == 2 and 0 < expression.shape[1] <= EXPRESSIONS
    _check(where, "expression", expression, fits, f"at most {EXPRESSIONS} coefficients a timestep")
    for name, values in {**turns, **({} if translation is None else {"translation": translation})}.items():
        _check(where, name, values, values.shape == (T, 3), "three numbers a timestep")
    if template_offset is not None:
        fits = template_offset.ndim == 2 and template_offset.shape[1] == 3 and len(template_offset) >= VERTICES
        _check(where, "static_offset", template_offset, fits, f"three numbers for each of {VERTICES} vertices or more")
        template_offset = template_offset[:VERTICES]
    return RigParameters(
        rig=RIG,
        identity={f"shape_{n:03d}": float(value) for n, value in enumerate(shape)},
        expression=_single(expression),
        expression_names=tuple(f"expression_{n:03d}" for n in range(expression.shape[1])),
        joint_rotations={name: _single(turns[name]) for name in JOINTS if name in turns},
        translation=None if translation is None else _single(translation),
        template_offset=None if template_offset is None else _single(template_offset),
        tracker=tracker,
    )


def shape_of(values: Numbers) -> str:
    """What ``values`` are, in a few words that follow "is"."""
    return f"of the shape {'x'.join(map(str, values.shape))}" if values.shape else "one number"


def _check(where: str, name: str, values: Numbers, fits: bool, expected: str) -> None:
    if not fits:
        raise RigError(f"{where}: {name} is {shape_of(values)}, expected {expected}, as FLAME has them")
    if values.dtype.kind not in "fiu":
        raise RigError(f"{where}: {name} holds {values.dtype}, expected numbers")
    largest = float(np.abs(values.astype(np.float64)).max(initial=0))
    if not np.isfinite(largest):
        raise RigError(f"{where}: {name} holds values that are not finite")
    if largest > MOST:
        raise RigError(f"{where}: {name} holds values up to {largest:.3g}, expected metres, radians or coefficients")


def _single(values: Numbers) -> Floats:
    return np.ascontiguousarray(values, np.float32)
