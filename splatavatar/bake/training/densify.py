"""Where Gaussians are added and removed.

Children inherit the triangle (GaussianAvatars, Qian et al. 2024, section 3.3).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from splatavatar.bake.engines.splats import Splats
from splatavatar.torch_rotations import matrices_of_quaternions

SHRINK = 0.6
"""of the split axis; two children at +-0.5 standard deviations then cover what the parent covered"""


def survivors(splats: Splats, seen: Tensor, min_opacity: float) -> Tensor:
    """The indices (M) of the Gaussians to keep.

    Those strong enough and seen by some view, and the strongest of each triangle, so that the surface keeps its cover.

    Args:
        seen: (N) sum of blending weights since the start.
    """
    opacity = torch.sigmoid(splats.logit)
    keep = (opacity >= min_opacity) & (seen > 0)
    face = splats.face.long()
    strongest = torch.zeros(int(face.max()) + 1, device=face.device).scatter_reduce(0, face, opacity, "amax")
    return torch.nonzero(keep | (opacity >= strongest[face])).flatten()


def split(splats: Splats, parents: Tensor) -> Splats:
    """Two Gaussians for each of ``parents`` (P), displaced along the longest axis and shorter along it; deterministic.

    The pair is as opaque as the parent where both overlap: 1 - (1 - o)^2 = parent.
    """
    first, second = splats.rows(parents), splats.rows(parents)
    scale = first.log_scale.exp()
    longest = scale.argmax(1)
    rows = torch.arange(len(parents), device=parents.device)
    step = 0.5 * scale[rows, longest, None] * matrices_of_quaternions(first.rotation)[rows, :, longest]
    opacity = (1 - (1 - torch.sigmoid(first.logit)).sqrt()).clamp(1e-4, 1 - 1e-4)
    for child, sign in ((first, 1.0), (second, -1.0)):
        child.position += sign * step
        child.log_scale[rows, longest] += math.log(SHRINK)
        child.logit = torch.logit(opacity)
    merged = [torch.cat([getattr(first, n), getattr(second, n)], 1 if n == "correctives" else 0) for n in vars(first)]
    return Splats(*merged)


def most_wanting(motion: Tensor, steps: Tensor, count: int) -> Tensor:
    """The indices (``count`` or fewer) with the largest mean gradient of the projected position.

    Args:
        motion: (N) sum over the steps that saw the Gaussian.
        steps: (N) number of those steps.
    """
    mean = motion / steps.clamp(min=1)
    count = min(count, int((mean > 0).sum()))
    return torch.sort(torch.topk(mean, count).indices).values
