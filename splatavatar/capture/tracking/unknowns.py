"""The unknowns of a fit and the quadratic model of its cost about them."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.array_types import Doubles
from splatavatar.capture.tracking.observations import Lenses


@dataclass
class Head:
    """The unknowns."""

    shape: Doubles
    """(G)"""
    expression: Doubles
    """(T, E)"""
    rotation: Doubles
    """(T, 3, 3) rig axes, about the pivot of the landmark model"""
    translation: Doubles
    """(T, 3) of the pivot, from where it is in the rig at rest"""
    lenses: Lenses


@dataclass
class Normal:
    """Normal equations: ``local`` (T, n, n) and its gradient, ``shared`` (m, m), ``cross`` (T, n, m)."""

    local: Doubles
    local_gradient: Doubles
    cross: Doubles
    shared: Doubles
    shared_gradient: Doubles
    cost: float
