"""Exposure and white balance of the pictures of one camera, solved for from the skin that many of them show.

What a place of the face shows is its own colour, times the light of the room on a surface that faces that way, times
the gain of the picture. The light is of the room: a head that turns under it gets no gain from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.bake.completion.samples import Samples, facial, surface_samples
from splatavatar.bake.completion.seen import sighted
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.bake.scoring.gains import BRIGHTEST, DARKEST, settled, without_gain
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.rig.rig import Rig

MOST = 1500
"""samples of the face"""
SQUARE = 0.5
"""cosine of normal and view from which on a place is asked"""
OFTEN = 0.15
"""share of the pictures that must show a place"""
LEAST = 100
"""samples without which nothing is solved"""
STILL = 4.0
"""samples that say of each picture that its gain is one"""
EVEN = 0.05
"""the same of the light, that it comes from everywhere: it goes before gains where a turn may mean either"""
ROUNDS = 8
"""of reweighting"""
HUBER = 1.5
"""robust standard deviations from which on an error counts by its size alone"""
ROUNDING = 0.01
"""least standard deviation of a logarithm: 8 bits know a colour no better"""


@dataclass(frozen=True)
class Observations:
    """What V pictures show of S places."""

    log_colour: Doubles
    """(S, V, 3)"""
    told: Mask
    """(S, V) whether the picture shows the place; elsewhere the colour means nothing"""
    shading: Doubles
    """(S, V, 8) see ``shading``"""


def evened(targets: list[Target], motion: RigMotion, seed: int) -> list[Target]:
    """The pictures of one camera as if all were exposed like the mean of them; those within noise stay as they are."""
    views = [PosedView(target, motion.vertices(target.timestep).numpy(force=True)) for target in targets]
    gains = log_gains(observations(motion.rig, views, seed))
    return [without_gain(target, gain) for target, gain in zip(targets, gains, strict=True)]


def observations(rig: Rig, views: list[PosedView], seed: int) -> Observations:
    """What ``views`` (V) show of the skin of the face: squarely, with nothing before it and within a sure matte."""
    samples = surface_samples(rig, np.zeros(len(rig.faces), np.float32), seed)
    chosen = _face(samples, rig)
    shape = (len(chosen), len(views))
    colour, told, normals = np.zeros((*shape, 3)), np.zeros(shape, bool), np.zeros((*shape, 3))
    for number, view in enumerate(views):
        sight = sighted(samples, rig, view)
        rgb = view.target.rgba[sight.row[chosen], sight.column[chosen], :3].astype(np.float64)
        whole = (rgb.min(1) >= DARKEST) & (rgb.max(1) <= BRIGHTEST)
        told[:, number] = (sight.shown & (sight.square > SQUARE))[chosen] & whole
        colour[:, number] = np.log(rgb.clip(1, 255))
        normals[:, number] = sight.normal[chosen]
    often = told.sum(1) >= max(2, OFTEN * len(views))
    return Observations(colour[often], told[often], shading(normals[often]))


def shading(normal: Doubles) -> Doubles:
    """The functions (..., 8) of ``normal`` (..., 3), unit, by which light from far away differs over a surface.

    They are the spherical harmonics of the first and second degree.
    """
    x, y, z = np.moveaxis(normal, -1, 0)
    return np.stack([x, y, z, x * y, x * z, y * z, (x * x - y * y) / 2, (3 * z * z - 1) / 3], -1)


def log_gains(seen: Observations) -> Doubles:
    """The logarithms (V, 3) of the gains of the pictures; their mean is about zero.

    Least squares for places, light and gains together, reweighted by Huber's function; the places are eliminated.
    """
    S, V = seen.told.shape
    if S < LEAST:
        return np.zeros((V, 3))
    return settled(np.stack([_channel(seen, channel) for channel in range(3)], -1))


def _channel(seen: Observations, channel: int) -> Doubles:
    colour, basis = seen.log_colour[..., channel], seen.shading
    V, L = basis.shape[1:]
    weight, found = seen.told.astype(np.float64), np.zeros(V + L)
    for _ in range(ROUNDS):
        total = np.maximum(weight.sum(1), 1e-9)[:, None]
        share = weight / total
        c = colour - (share * colour).sum(1, keepdims=True)
        b = basis - np.einsum("sv,svl->sl", share, basis)[:, None]
        wb = weight[..., None] * b
        matrix = np.empty((V + L, V + L))
        matrix[:V, :V] = np.diag(weight.sum(0)) - weight.T @ share
        matrix[:V, V:] = wb.sum(0)
        matrix[V:, :V] = matrix[:V, V:].T
        matrix[V:, V:] = np.tensordot(wb, b, ((0, 1), (0, 1)))
        right = np.concatenate([(weight * c).sum(0), np.tensordot(wb, c, ((0, 1), (0, 1)))])
        found = np.linalg.solve(matrix + np.diag([STILL] * V + [EVEN] * L), right)
        error = colour - found[:V] - basis @ found[V:]
        error = np.abs(error - (share * error).sum(1, keepdims=True))
        limit = HUBER * max(ROUNDING, 1.4826 * float(np.median(error[seen.told])))
        weight = seen.told * (limit / np.maximum(error, limit))
    return np.asarray(found[:V])


def _face(samples: Samples, rig: Rig) -> Longs:
    """At most ``MOST`` samples of the skin of the face, evenly spread."""
    index = np.flatnonzero(facial(rig, samples))
    return index[:: max(1, -(-len(index) // MOST))]
