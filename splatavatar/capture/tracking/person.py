"""The rig of one person, from the coefficients of a fitted shape."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.capture.tracking.shape_prior import ShapePrior, head_share
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

PHENOTYPE_MEAN = 0.5
"""of the mean person, whose local changes are zero"""


@dataclass(frozen=True)
class TrackedPerson:
    """A rig with its identity folded in, and how it was made."""

    identity: dict[str, float]
    """identity parameters by the rig's own names"""
    template_offset: NDArray[np.float32]
    """(V, 3) metres: the person less what the identity parameters give"""
    expression_offset: NDArray[np.float32]
    """(E, V, 3) metres per unit coefficient: see ``personal_expressions``"""
    rig: Rig
    """with both offsets"""

    def expressing(self, offset: NDArray[np.float32]) -> TrackedPerson:
        """The same with ``offset`` (E, V, 3) more of its expressions."""
        rig = replace(self.rig, expression_basis=self.rig.expression_basis + offset)
        return replace(self, expression_offset=self.expression_offset + offset, rig=rig)


def person(mean: Rig, prior: ShapePrior, shape: Doubles) -> TrackedPerson:
    """The person with the coefficients ``shape`` (G) of ``prior``, made for ``mean``: an ``arkit_form`` whose identity
    is not folded in.

    The identity parameters are rounded to what the body model takes; what is lost by that, by the body model not being
    linear, and what no parameter gives, is the offset. It fades out down the neck, where no landmark has seen anything.
    """
    values = shape @ prior.identity
    identity = {}
    for name, value in zip(mean.identity_names, values, strict=True):
        if mean.identity_deviation is not None:
            known = float(value)
        else:
            known = float(np.clip(value, -1, 1)) if "-" in name else float(np.clip(PHENOTYPE_MEAN + value, 0, 1))
        if abs(value) > 1e-4:
            identity[name] = round(known, 5)
    exact = arkit_form(load_rig(mean.kind, identity))
    share = head_share(mean)
    head = share > 0.5
    wanted = mean.template + np.tensordot(shape, prior.modes, 1)
    away = wanted - exact.template
    away -= away[head].mean(0)
    offset = (away * share[:, None]).astype(np.float32)
    nothing = np.zeros_like(exact.expression_basis)
    return TrackedPerson(identity, offset, nothing, replace(exact, template=exact.template + offset))
