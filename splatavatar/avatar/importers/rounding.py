"""Positions in the frames of triangles, to more digits than the file's half floats have.

Where two opaque Gaussians lie within a micrometre of one another, as they do on skin, the rounding of a half float
swaps them, which shows. A corrective that is always 1 adds what the rounding takes away.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.gaussians.gaussians import BoundGaussians, Correctives


def with_rounding_kept(gaussians: BoundGaussians, correctives: Correctives) -> tuple[BoundGaussians, Correctives]:
    """The same Gaussians, at positions that a half float holds, and a first corrective with the rest."""
    held = gaussians.position.astype(np.float16).astype(np.float32)
    rest = (gaussians.position - held)[None]
    always = np.zeros((1, correctives.weights.shape[1]), np.float32), np.ones(1, np.float32)
    first = Correctives(rest, np.zeros_like(rest), *always)
    names = ("position", "colour", "weights", "bias")
    both = (np.concatenate([getattr(first, name), getattr(correctives, name)]) for name in names)
    return replace(gaussians, position=held), Correctives(*both)
