"""Pruning and splitting."""

from __future__ import annotations

import torch

from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.training.densify import most_wanting, split, survivors


def splats(count: int) -> Splats:
    random = torch.Generator().manual_seed(1)
    return Splats(
        face=torch.arange(count, dtype=torch.int32) // 2,
        barycentric=torch.full((count, 3), 1 / 3),
        position=torch.zeros(count, 3),
        rotation=torch.randn(count, 4, generator=random),
        log_scale=torch.tensor([[-2.0, -1.0, -3.0]]).repeat(count, 1),
        logit=torch.linspace(-6, 3, count),
        colour=torch.rand(count, 3, generator=random),
        sh=torch.zeros(count, 3, 3),
        correctives=torch.randn(2, count, 6, generator=random),
    )


def test_every_triangle_keeps_its_strongest() -> None:
    s = splats(10)
    kept = survivors(s, torch.zeros(10), min_opacity=0.5)
    assert kept.tolist() == [1, 3, 5, 7, 9]


def test_weak_and_unseen_go() -> None:
    s, seen = splats(10), torch.ones(10)
    seen[8] = 0
    opacity = torch.sigmoid(s.logit)
    kept = survivors(s, seen, min_opacity=float(opacity[4]) - 1e-6)
    assert kept.tolist() == [1, 3, 4, 5, 6, 7, 9]


def test_split_keeps_triangle_colour_and_place() -> None:
    s = splats(6)
    children = split(s, torch.tensor([1, 4]))
    assert children.face.tolist() == [0, 2, 0, 2]
    torch.testing.assert_close((children.position[:2] + children.position[2:]) / 2, s.position[[1, 4]])
    torch.testing.assert_close(children.colour[:2], s.colour[[1, 4]])
    torch.testing.assert_close(children.correctives[:, 2:], s.correctives[:, [1, 4]])
    # Displaced by half a standard deviation, along the longest axis, which alone is shortened.
    torch.testing.assert_close(children.position.norm(dim=1), torch.full((4,), 0.5 * torch.e**-1))
    torch.testing.assert_close(children.log_scale[:, [0, 2]], s.log_scale[[1, 4, 1, 4]][:, [0, 2]])
    assert bool((children.log_scale[:, 1] < s.log_scale[0, 1]).all())


def test_split_keeps_the_opacity_of_the_pair() -> None:
    s = splats(6)
    pair = torch.sigmoid(split(s, torch.arange(6)).logit[:6])
    torch.testing.assert_close(1 - (1 - pair) ** 2, torch.sigmoid(s.logit), rtol=1e-3, atol=2e-4)


def test_most_wanting_ignores_what_no_view_saw() -> None:
    motion, steps = torch.tensor([3.0, 0.0, 8.0, 5.0]), torch.tensor([1.0, 0.0, 4.0, 1.0])
    assert most_wanting(motion, steps, 2).tolist() == [0, 3]
    assert most_wanting(motion, steps, 10).tolist() == [0, 2, 3]


def test_concatenated_is_in_order_of_triangles() -> None:
    s = splats(8)
    merged = concatenated([s.rows(torch.tensor([6, 7])), s.rows(torch.tensor([0, 5]))])
    assert merged.face.tolist() == [0, 2, 3, 3]
    torch.testing.assert_close(merged.correctives, s.correctives[:, [0, 5, 6, 7]])
