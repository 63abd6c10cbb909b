"""What was learnt of one side of a person, put to the other side where that was not seen."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.bake.completion.mirror import MIRROR, mirrored_faces
from splatavatar.bake.completion.placing import coordinates, placed
from splatavatar.bake.completion.samples import on_surface
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.rig import Rig
from splatavatar.rotations import matrices_of_quaternions

NEAR = 4
"""samples around a Gaussian that say whether it is wanted, and how the light differs there"""
MOSTLY = 0.5
"""share of them that must want it"""


def lent_splats(learnt: Splats, rig: Rig, found: Survey) -> Splats:
    """The mirror images of those of the ``learnt`` Gaussians, on the CPU, whose mirrored place was not seen.

    Form and detail are those of the seen side; the light is that which ``found`` continues to the other.
    """
    face = learnt.face.numpy()
    across = mirrored_faces(rig)[face]
    barycentric = learnt.barycentric.numpy()
    point = on_surface(rig, face, barycentric)
    here = found.samples.nearest(point, NEAR)
    there = found.samples.nearest(point * MIRROR, NEAR)
    rows = np.flatnonzero((across >= 0) & (found.mirrored[there].mean(1) >= MOSTLY))
    point, across = point[rows], across[rows].astype(np.int32)
    seen = to_world(learnt.rows(torch.from_numpy(rows)).bound(), rig.template, rig.faces)
    # A mirror image of three axes is left-handed; a Gaussian is the same along an axis and against it.
    axes = MIRROR[:, None] * matrices_of_quaternions(seen.rotation) * np.array([1.0, 1.0, -1.0])
    onto = coordinates(rig, across, point * MIRROR)
    colour = seen.colour + found.colour[there[rows]].mean(1) - found.colour[here[rows]].mean(1)
    return placed(
        rig,
        across,
        onto,
        on_surface(rig, across, onto) + (seen.mean - point) * MIRROR,
        axes,
        seen.scale.astype(np.float64),
        seen.opacity.astype(np.float64),
        colour,
        learnt.correctives.shape[0],
    )
