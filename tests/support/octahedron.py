"""Random Gaussians on the eight triangles of an octahedron, for the tests of the engines."""

from __future__ import annotations

import torch

from splatavatar.bake.engines.splats import Splats

FACES = torch.tensor(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], dtype=torch.int32
)


def splats(count: int, correctives: int) -> Splats:
    """``count`` of them, with that many correctives."""
    random = torch.Generator().manual_seed(1)
    weight = torch.rand(count, 3, generator=random) + 0.1
    return Splats(
        face=torch.sort(torch.randint(0, 8, (count,), generator=random, dtype=torch.int32)).values,
        barycentric=weight / weight.sum(1, keepdim=True),
        position=torch.randn(count, 3, generator=random) * 0.05,
        rotation=torch.randn(count, 4, generator=random),
        log_scale=torch.randn(count, 3, generator=random) * 0.3 - 1.5,
        logit=torch.randn(count, generator=random),
        colour=torch.rand(count, 3, generator=random),
        sh=torch.randn(count, 3, 3, generator=random) * 0.1,
        correctives=torch.randn(correctives, count, 6, generator=random) * 0.02,
    )
