"""Which of the places that were seen are skin, and which hair or cloth, by their colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.bake.completion.samples import CLOTH, HAIR, SKIN, Samples, facial
from splatavatar.bake.completion.seen import Seen
from splatavatar.rig.rig import Rig

LIKE = 9.0
"""units of Lab by which the chroma of skin may differ from the usual one at half likeness"""
KNOWN = 0.3
"""trust from which on the colour of a place says what it is made of"""
ALIKE = 0.6
"""likeness from which on scalp or torso is bare skin"""
MOSTLY = 0.9
"""share of it from which on all of it is"""
DARKER = 22.0
"""the same of lightness: shade is skin, hair is not"""
LIGHTER = 6.0
"""units of Lab by which what is on the head is lighter than the face if it is a scarf or a cap: hardly any hair is"""
CHROMA, HUES = 18.0, (-10.0, 110.0)
"""chroma in Lab from which on its hue, in degrees, is that of hair or not"""


def skin_likeness(samples: Samples, rig: Rig, seen: Seen) -> Doubles:
    """How much (S) in [0, 1] the colour of a place is that of the person's face; 0.5 where it was not seen."""
    lab = lab_of(seen.colour)
    face = facial(rig, samples) & (seen.trust > 0.9)
    if face.sum() < 50:
        return np.full(len(samples), 1.0)
    usual = np.median(lab[face], 0)
    chroma = np.hypot(*(lab[:, 1:] - usual[1:]).T) / LIKE
    light = (lab[:, 0] - usual[0]) / DARKER
    like = np.exp2(-(chroma**2) - light**2)
    return np.where(seen.weight > 0, like, 0.5)


def told_apart(samples: Samples, seen: Seen, skin: Doubles) -> Samples:
    """The ``samples`` in which places of scalp and torso that were seen to look like ``skin`` (S) are skin.

    Where hardly anything of the torso looks otherwise it is skin all over; so is a scalp on which no hair stands.
    """
    known = seen.trust > KNOWN
    material = samples.material.copy()
    for kind in (CLOTH, HAIR):
        mine = samples.material == kind
        bare = mine & known & (skin > ALIKE)
        stands = kind == HAIR and bool((samples.height[mine] > 0).any())
        whole = bare.sum() > MOSTLY * (mine & known).sum() > 0 and not stands
        material[mine if whole else bare] = SKIN
    return replace(samples, material=material)


def covered(samples: Samples, rig: Rig, seen: Seen) -> bool:
    """Whether what was seen on the scalp is cloth: lighter than the face, or of a colour that no hair has."""
    lab = lab_of(seen.colour)
    face = facial(rig, samples) & (seen.trust > 0.9)
    above = (samples.material == HAIR) & (seen.weight > 0)
    if face.sum() < 50 or not above.any():
        return False
    light, a, b = np.average(lab[above], axis=0, weights=seen.weight[above])
    if light > np.median(lab[face, 0]) + LIGHTER:
        return True
    return bool(np.hypot(a, b) > CHROMA and not HUES[0] < np.degrees(np.arctan2(b, a)) < HUES[1])


def lab_of(colour: Doubles) -> Doubles:
    """Colours (N, 3) in [0, 1] in CIE Lab (N, 3)."""
    import cv2

    return np.asarray(cv2.cvtColor(colour.clip(0, 1).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0], np.float64)
