"""What the pictures say of the whole surface of a person, and what follows from it where they say nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Floats, Longs, Mask
from splatavatar.bake.completion.field import continued, graph
from splatavatar.bake.completion.light import openness
from splatavatar.bake.completion.mirror import counterparts
from splatavatar.bake.completion.samples import CLOTH, HAIR, SKIN, Samples, surface_samples
from splatavatar.bake.completion.seen import Seen, observe
from splatavatar.bake.completion.tones import covered, skin_likeness, told_apart
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.rig.rig import Rig

SMOOTH = 6.0
"""see ``field.continued``"""
GLANCE = 0.03
"""weight of a colour that was seen only at a grazing angle, of one that was seen well: it knows the light at least"""
GLANCED = 0.02
"""of a whole picture from straight ahead, for each picture: less was hardly seen at all"""
SHADE = 0.8
"""exponent of the light that form takes away: of the light of a room some comes round every corner"""
DARKEST, BRIGHTEST = 0.3, 1.3
"""of the light around"""
ANCHOR = 0.01
"""weight of the usual colour of hair and cloth everywhere on them, of one that was seen well: what lies far from all
that was seen is of that colour, not of that of the last grazed rim"""
USUAL = 0.5
"""trust times likeness from which on a place says what is usual"""
BEST, SEEN = 0.97, 0.01
"""quantile of it from which on a place does so where none was seen that well, and the least of it"""
RIMS, DARK, INNER = 0.2, 0.4, 0.9
"""hair that was seen no better than that is a rim which light shines through: of its darker part, the colour that the
hair behind it has, in its own shadow, as a share"""
LENT = 0.02
"""weight of the colour that the other side was seen in, where no glance says what light there is: light is not
symmetric"""
ENOUGH = {SKIN: 0.5, HAIR: 0.2}
"""trust from which on what was learnt stays; hair stands off its surface and shows more of itself than that"""


@dataclass(frozen=True)
class Survey:
    """The surface of one person in S samples."""

    samples: Samples
    seen: Seen
    skin: Doubles
    """(S) see ``tones.skin_likeness``"""
    colour: Doubles
    """(S, 3) smooth: of what was seen, continued over what was not, with the light that its form lets in"""
    detail: Doubles
    """(S, 3) what was seen beyond that"""

    other: Longs
    """(S) the sample at the mirrored place, -1 where there is none alike"""
    scarf: bool
    """whether it is cloth that stands on the scalp"""
    several: bool
    """whether several cameras saw the person: what one of them grazes another may look at"""

    @property
    def lacking(self) -> Mask:
        """(S) whether a place was not seen well enough; by several cameras, whether none saw it at all."""
        if self.several:
            return np.asarray(self.seen.weight == 0)
        enough = np.where(self.samples.material == HAIR, ENOUGH[HAIR], ENOUGH[SKIN])
        return np.asarray(self.seen.trust < enough)

    @property
    def mirrored(self) -> Mask:
        """(S) whether a place was not seen well enough and the same one of the other side was."""
        lacking = self.lacking
        return np.asarray(lacking & (self.other >= 0) & ~lacking[self.other])

    def hairy(self, heights: Floats) -> Floats:
        """The ``heights`` (F) of hair above each triangle without those above triangles that were seen to be skin."""
        count = np.bincount(self.samples.face, minlength=len(heights))
        skin = np.bincount(self.samples.face, self.samples.material == SKIN, len(heights))
        return np.where(skin > count / 2, 0, heights).astype(np.float32)

    @property
    def share_lacking(self) -> float:
        """The share in [0, 1] of the surface of head and neck that is lacking."""
        head = self.samples.material != CLOTH
        return float(self.lacking[head].mean()) if head.any() else 0.0


def survey(rig: Rig, heights: Floats, views: list[PosedView], seed: int, several: bool = False) -> Survey:
    """What ``views`` show of ``rig`` in its neutral pose; ``heights`` (F) metres of hair above each triangle.

    ``several`` cameras took them, of the same moments.
    """
    samples = surface_samples(rig, heights, seed)
    seen = observe(samples, rig, views)
    skin = skin_likeness(samples, rig, seen)
    samples = told_apart(samples, seen, skin)
    scarf = covered(samples, rig, seen)
    glanced = seen.weight > GLANCED * len(views)
    like = np.select([samples.material == SKIN, samples.material == HAIR], [skin, (1 - skin) ** 2], 1.0)
    weight = (seen.trust + GLANCE * glanced) * like
    light = openness(samples)
    other = counterparts(samples)
    colour, weight = _anchored(samples, seen.colour, seen.trust * like, weight, scarf)
    colour, weight = _lent(colour, weight, np.where(glanced, 0.0, LENT), seen.trust * like, other)
    smooth = continued(graph(samples), np.column_stack([colour, light]), weight, SMOOTH)
    shade = (light / np.maximum(smooth[:, 3], 1e-6)).clip(DARKEST, BRIGHTEST) ** SHADE
    shade = np.where(samples.material == SKIN, shade, 1.0)
    # Where a place was seen the pictures know its shade.
    shade = 1 + (shade - 1) * (1 - seen.trust)
    return Survey(
        samples,
        seen,
        skin,
        (smooth[:, :3] * shade[:, None]).clip(0, 1),
        seen.colour - smooth[:, :3],
        other,
        scarf,
        several,
    )


def _anchored(
    samples: Samples, colour: Doubles, trust: Doubles, weight: Doubles, scarf: bool
) -> tuple[Doubles, Doubles]:
    """The ``colour`` (S, 3) and ``weight`` (S) with the usual colour of hair and cloth mixed in."""
    colour, weight = colour.copy(), weight.copy()
    for material in (HAIR, CLOTH):
        mine = samples.material == material
        if not mine.any():
            continue
        best = min(USUAL, float(np.quantile(trust[mine], BEST)))
        usual = mine & (trust >= max(best, SEEN))
        if not usual.any():
            continue
        mean = np.median(colour[usual], 0)
        if material == HAIR and best < RIMS and not scarf:
            bright = colour[usual].mean(1)
            mean = INNER * np.median(colour[usual][bright <= np.quantile(bright, DARK)], 0)
        total = weight[mine] + ANCHOR
        colour[mine] = (weight[mine, None] * colour[mine] + ANCHOR * mean) / total[:, None]
        weight[mine] = total
    return colour, weight


def _lent(colour: Doubles, weight: Doubles, most: Doubles, trust: Doubles, other: Longs) -> tuple[Doubles, Doubles]:
    """The ``colour`` (S, 3) and ``weight`` (S) with what was seen at the ``other`` (S) places mixed in: ``most`` (S)
    where these are fully trusted."""
    lent = np.where(other >= 0, most * trust[other], 0.0)
    total = weight + lent
    mixed = weight[:, None] * colour + lent[:, None] * colour[other]
    return mixed / np.maximum(total, 1e-9)[:, None], total
