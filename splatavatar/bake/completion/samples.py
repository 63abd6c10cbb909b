"""Points all over the outer surface of a rig, at which it is asked how well it was seen and what colour it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Floats, Ints, Longs, Mask
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
from splatavatar.rig.rig import Rig

SKIN, HAIR, CLOTH = 0, 1, 2
"""what a place is made of; each is continued by its like alone"""
INNER = -1
"""what is not completed: eyes, mouth, teeth, lips"""
WITHIN = ("lips", "mouth", "tongue", "eye_left", "eye_right", "eye_sockets", "teeth_upper", "teeth_lower")
SPACING = 0.003
"""metres between the points of the head"""
COARSE = 0.008
"""metres between those of the torso"""
FINE = 0.0015
"""metres between those of the ears"""


@dataclass(frozen=True)
class Samples:
    """S points on the surface of a rig in its neutral pose."""

    face: Longs
    """(S) ascending"""
    barycentric: Doubles
    """(S, 3)"""
    material: Longs
    """(S) SKIN, HAIR or CLOTH"""
    point: Doubles
    """(S, 3) metres, rig frame"""
    normal: Doubles
    """(S, 3) unit"""
    height: Doubles
    """(S) metres of hair above it"""

    def __len__(self) -> int:
        return len(self.face)

    @cached_property
    def tree(self) -> KDTree:
        """Of all points."""
        return KDTree(self.point)

    @cached_property
    def trees(self) -> dict[int, tuple[Longs, KDTree]]:
        """For each material its samples (M) and a tree of their points."""
        found = {m: np.flatnonzero(self.material == m) for m in (SKIN, HAIR, CLOTH)}
        return {m: (index, KDTree(self.point[index])) for m, index in found.items() if len(index)}

    def nearest(self, point: Doubles, count: int) -> Longs:
        """The samples (N, count) near ``point`` (N, 3): the nearest first, then others of the same material."""
        _, near = self.tree.query(point, min(4 * count, len(self)))
        alike = self.material[near] == self.material[near[:, :1]]
        order = np.argsort(~alike, axis=1, kind="stable")[:, :count]
        near, alike = np.take_along_axis(near, order, 1), np.take_along_axis(alike, order, 1)
        return np.where(alike, near, near[:, :1])


def materials(rig: Rig) -> Longs:
    """The material (F) of each face."""
    found = np.full(len(rig.faces), SKIN, np.int64)
    for name in WITHIN:
        found[rig.regions.get(name, [])] = INNER
    found[rig.regions.get("scalp", [])] = HAIR
    found[rig.regions.get("torso", [])] = CLOTH
    return found


def outer(rig: Rig) -> Mask:
    """Which faces (F) the outside sees: all that is not INNER."""
    return np.asarray(materials(rig) != INNER)


def surface_samples(rig: Rig, heights: Floats, seed: int) -> Samples:
    """Points on all of ``rig`` but what lies within mouth and eyes; ``heights`` (F) metres of hair."""
    rng = np.random.default_rng([seed, 11])
    material = materials(rig)
    corner = rig.template[rig.faces].astype(np.float64)
    area = triangle_areas(corner)
    spacing = np.where(material == CLOTH, COARSE, SPACING)
    spacing[rig.regions.get("ears", [])] = FINE
    wanted = np.where(material == INNER, 0.0, area / spacing**2)
    steps = np.arange(int(wanted.sum())) + rng.random()
    face = np.searchsorted(np.cumsum(wanted), steps).clip(0, len(area) - 1)
    barycentric = rng.dirichlet([1.0, 1.0, 1.0], len(face))
    normal = triangle_frames(rig.template, rig.faces)[0][:, :, 1].astype(np.float64)
    return Samples(
        face,
        barycentric,
        material[face],
        np.einsum("sc,sci->si", barycentric, corner[face]),
        normal[face],
        heights[face].astype(np.float64),
    )


def sampled_mask(rig: Rig, samples: Samples, region: str) -> Mask:
    """Which samples (S) lie in ``region``."""
    member = np.zeros(len(rig.faces), bool)
    member[rig.regions.get(region, np.zeros(0, np.int32))] = True
    return member[samples.face]


def facial(rig: Rig, samples: Samples) -> Mask:
    """Which samples (S) are of the skin of the face, whose colour is the usual one: not of ears, neck or lids."""
    face = samples.material == SKIN
    for region in ("ears", "neck", "eyelids"):
        face &= ~sampled_mask(rig, samples, region)
    return np.asarray(face)


def on_surface(rig: Rig, face: Ints, barycentric: Floats) -> Doubles:
    """The points (N, 3) of the neutral surface, metres."""
    corner = rig.template[rig.faces[face]].astype(np.float64)
    return np.asarray(np.einsum("nc,nci->ni", barycentric.astype(np.float64), corner))
