"""What lies behind lips and lids before a picture has shown it: dark flesh, a tongue, teeth, nothing to see through."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Mask
from splatavatar.bake.engines.splats import Splats
from splatavatar.rig.rig import Rig

INSIDE = ("mouth", "tongue", "teeth_upper", "teeth_lower", "eye_sockets")
"""regions that pictures show through lips and lids alone"""
FLESH = {"mouth": 0.6, "tongue": 0.9}
"""brightness of what is of the colour of the lips, at the lips"""
TEETH = np.array([1.12, 1.1, 1.05])
"""colour of teeth over the brightness of the skin of the face, at the lips"""
SOCKETS = 0.5
"""brightness of the eye sockets over that of the skin"""
DARK = 0.02
"""metres behind the lips over which brightness falls to a third"""
OPAQUE = 0.95


def fill_inside(splats: Splats, rig: Rig) -> None:
    """Makes what lies inside opaque, in the colours that the lips and the skin of ``splats``, painted already, ask for.

    The light that falls in through the lips fades with the way from them.
    """
    face = splats.face.numpy()
    lips, skin = _median(splats, _of(rig, face, "lips")), _median(splats, _of(rig, face, "skin"))
    if lips is None or skin is None:
        return
    point = rig.template[rig.faces[face]].mean(1)
    edge = rig.template[np.unique(rig.faces[rig.regions["lips"]])]
    light = np.exp(-np.asarray(KDTree(edge).query(point)[0]) * np.log(3.0) / DARK)[:, None]
    for region in INSIDE:
        mine = _of(rig, face, region)
        if region == "eye_sockets":
            colour = np.repeat(SOCKETS * skin[None], mine.sum(), 0)
        elif region in FLESH:
            colour = FLESH[region] * light[mine] * lips
        else:
            colour = (light[mine] * TEETH * skin.mean()).clip(0, 1)
        rows = torch.from_numpy(np.flatnonzero(mine))
        splats.colour[rows] = torch.from_numpy(colour.astype(np.float32))
        splats.logit[rows] = float(np.log(OPAQUE / (1 - OPAQUE)))


def _of(rig: Rig, face: np.ndarray, region: str) -> Mask:
    """Which of the triangles ``face`` (N) are of ``region``."""
    member = np.zeros(len(rig.faces), bool)
    member[rig.regions.get(region, np.zeros(0, np.int32))] = True
    return np.asarray(member[face])


def _median(splats: Splats, mine: Mask) -> Doubles | None:
    """The colour (3) that most of ``mine`` have; None where there are none."""
    return np.median(splats.colour.numpy()[mine], 0).astype(np.float64) if mine.any() else None
