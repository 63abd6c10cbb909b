"""Colours that are continued over the surface."""

from __future__ import annotations

import numpy as np

from splatavatar.bake.completion.field import continued, graph
from splatavatar.bake.completion.light import openness
from splatavatar.bake.completion.samples import SKIN, Samples


def _sheet(width: int, height: int) -> Samples:
    """Points 3 mm apart on a plane that faces +z."""
    x, y = np.meshgrid(np.arange(width) * 0.003, np.arange(height) * 0.003)
    point = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], 1)
    count = len(point)
    none = np.zeros(count, np.int64)
    return Samples(
        none, np.full((count, 3), 1 / 3), none + SKIN, point, np.tile([0.0, 0, 1], (count, 1)), np.zeros(count)
    )


def test_between_two_known_ends_a_colour_changes_evenly() -> None:
    samples = _sheet(41, 5)
    x = samples.point[:, 0] / samples.point[:, 0].max()
    weight = np.where((x == 0) | (x == 1), 1e4, 0.0)
    found = continued(graph(samples), np.stack([x, 1 - x, x], 1) * (weight > 0)[:, None], weight, 1.0)
    inner = (x > 0.1) & (x < 0.9)
    np.testing.assert_allclose(found[inner, 0], x[inner], atol=0.03)
    np.testing.assert_allclose(found[:, 0] + found[:, 1], 1, atol=1e-3)


def test_what_is_known_stays() -> None:
    samples = _sheet(9, 9)
    colour = np.random.default_rng(0).random((81, 3))
    found = continued(graph(samples), colour, np.full(81, 1e6), 1.0)
    np.testing.assert_allclose(found, colour, atol=1e-4)


def test_a_plane_is_open_and_the_bottom_of_a_well_is_not() -> None:
    floor = _sheet(21, 21)
    assert openness(floor).min() > 0.9
    ring = np.arange(0, 2 * np.pi, 0.05)
    wall = np.concatenate(
        [
            np.stack([0.03 + 0.012 * np.cos(ring), 0.03 + 0.012 * np.sin(ring), np.full(len(ring), z)], 1)
            for z in np.arange(0.002, 0.04, 0.002)
        ]
    )
    inward = np.array([0.03, 0.03, 0.0]) - wall
    inward[:, 2] = 0
    inward /= np.linalg.norm(inward, axis=1, keepdims=True)
    # The outer side of the wall, which throws the shade.
    point = np.concatenate([floor.point, wall, wall])
    normal = np.concatenate([floor.normal, inward, -inward])
    count = len(point)
    none = np.zeros(count, np.int64)
    well = Samples(none, np.full((count, 3), 1 / 3), none + SKIN, point, normal, np.zeros(count))
    light = openness(well)
    middle = np.linalg.norm(floor.point[:, :2] - 0.03, axis=1) < 0.006
    corner = (floor.point[:, 0] < 0.004) & (floor.point[:, 1] < 0.004)
    assert light[: len(floor)][middle].max() < 0.5 * light[: len(floor)][corner].min()
