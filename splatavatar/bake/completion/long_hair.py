"""Hair that hangs below the ears: how far down it was seen beside the neck, and a curtain of it around the back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.bake.completion.placing import placed, triangles_near
from splatavatar.bake.completion.samples import CLOTH, HAIR, Samples, sampled_mask
from splatavatar.bake.completion.seen import SURE
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.completion.tones import lab_of
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.rig.rig import Rig

STEP = 0.005
"""metres of height that are asked at once"""
DEEPEST = 0.3
"""metres below the ears that are asked"""
BESIDE = 0.0, 0.01, 0.02, 0.03
"""metres beyond the ears, of the places that are asked"""
CHROMA, LIGHT = 10.0, 22.0
"""units of Lab by which hair may differ from that of the scalp"""
OFTEN = 0.5
"""share of the pictures that must show it"""
GAP = 3
"""heights in a row without hair, below which it ends"""
LONG = 0.04
"""metres below the ears from which on hair is long"""
FRONT = 80.0
"""degrees from the way the face looks at which the curtain begins: before that the pictures show what hangs there"""
SECTOR = 10.0
"""degrees of the head that are measured at once"""
SPACING, PIECE, WIDE, FLAT = 0.003, 0.009, 0.0021, 0.0012
"""metres between strands, along one between its Gaussians, and their standard deviations across and off the head"""
COARSE, BELOW = 0.008, 0.006
"""metres between the Gaussians of the ground of the curtain, and from the strands inwards to it"""
LEVEL = 0.012
"""metres of height that are measured at once"""
ROOTED, SETTLES = 0.012, 0.02
"""metres within the hair of the head at which strands begin, and of height after which they have come out of it"""
CLEAR = 0.008
"""metres that the curtain stays off neck and back"""
RESTS = 0.018
"""metres beyond the head from which on a shoulder carries it"""
RAGGED = 0.012
"""standard deviation of the height at which strands end"""
TONE = 0.035
"""standard deviation of the brightness of strands"""
DARK = 0.8
"""brightness of the ground"""


def hanging(rig: Rig, found: Survey, views: list[PosedView]) -> float | None:
    """The height in metres, rig frame, down to which ``views`` show hair beside the neck; None where it is not long.

    Below the top of a shoulder it is told from clothes by its colour, and ends there where both are alike.
    """
    samples = found.samples
    hair = (samples.material == HAIR) & (found.seen.weight > 0)
    ears = samples.point[sampled_mask(rig, samples, "ears")]
    if found.scarf or not hair.any() or not len(ears):
        return None
    usual = lab_of(np.median(found.seen.colour[hair], 0)[None])[0]
    lobe, side, depth = ears[:, 1].min(), np.abs(ears[:, 0]).max(), ears[:, 2].mean()
    heights = lobe - STEP * np.arange(round(DEEPEST / STEP))
    cloth = (samples.material == CLOTH) & (found.seen.trust > OFTEN)
    alike = bool(cloth.any()) and _alike(lab_of(np.median(found.seen.colour[cloth], 0)[None]), usual)[0]
    ends = []
    for sign in (-1.0, 1.0):
        x = sign * (side + np.array(BESIDE))
        place = np.stack(np.broadcast_arrays(x[None, :], heights[:, None], depth), 2)
        shown = _shown(rig, views, place.reshape(-1, 3), usual).reshape(place.shape[:2]).any(1)
        if alike:
            shown &= heights > _shoulder(samples, float(x.mean()))
        gaps = np.convolve(~shown, np.ones(GAP), "valid") == GAP
        last = int(gaps.argmax()) if gaps.any() else len(heights) - 1
        ends.append(float(heights[max(last - 1, 0)]))
    return min(ends) if lobe - min(ends) > LONG else None


def curtain(rig: Rig, found: Survey, end: float, correctives: int, seed: int) -> Splats:
    """Strands around the back of the head down to the height ``end``, over an opaque ground, on the CPU.

    They hang straight down from the head with its hair, off neck and back, and end on shoulders. They turn with the
    head.
    """
    rng = np.random.default_rng([seed, 19])
    around = _Around.of(rig, found)
    strands = around.hung(end, SPACING, PIECE, 0.0, RAGGED, rng)
    ground = around.hung(end, COARSE, COARSE, BELOW, 0.0, rng)
    tone = rng.normal(0, TONE, int(strands.strand.max(initial=0)) + 1)
    members, tree = found.samples.trees[HAIR]
    made = []
    for hung, opacity, scale in (
        (strands, 0.9, (0.6 * PIECE, FLAT, WIDE)),
        (ground, 0.97, (0.8 * COARSE, FLAT, 0.8 * COARSE)),
    ):
        colour = found.colour[members[tree.query(hung.root)[1]]]
        colour = colour + tone[hung.strand, None] if hung is strands else DARK * colour
        down = np.broadcast_to([0.0, -1.0, 0.0], hung.out.shape)
        rotation = np.stack([down, hung.out, np.cross(down, hung.out)], 2)
        world = hung.mean, rotation, np.broadcast_to(scale, hung.mean.shape)
        face, barycentric = triangles_near(rig, rig.regions["scalp"], hung.root)
        made.append(placed(rig, face, barycentric, *world, np.full(len(face), opacity), colour, correctives))
    return concatenated(made)


@dataclass(frozen=True)
class _Hung:
    """N places on hanging strands, neutral rig frame, metres."""

    mean: Doubles
    """(N, 3)"""
    out: Doubles
    """(N, 3) unit, level, away from the axis of the head"""
    root: Doubles
    """(N, 3) where on the head the strand begins"""
    strand: Longs
    """(N) number of the strand"""


@dataclass(frozen=True)
class _Around:
    """How far a head and the body below it reach from the upright axis through the head."""

    axis: float
    """its depth, metres"""
    top: float
    """the height at which strands begin to hang"""
    head: Doubles
    """(sectors) metres, with its hair, there"""
    body: Doubles
    """(levels, sectors) metres, of neck and torso, every ``LEVEL`` downwards from there"""

    @staticmethod
    def of(rig: Rig, found: Survey) -> _Around:
        samples = found.samples
        ears, scalp = sampled_mask(rig, samples, "ears"), samples.material == HAIR
        axis = float(samples.point[scalp, 2].min() + samples.point[scalp, 2].max()) / 2
        top = float(samples.point[ears, 1].max())
        outer = samples.point + samples.height[:, None] * samples.normal
        head = _radii(outer[scalp & (np.abs(outer[:, 1] - top) < LEVEL)], axis)
        below = samples.point[~scalp & ~ears]
        levels = top - LEVEL * np.arange(round((DEEPEST + 0.1) / LEVEL))
        body = [_radii(below[np.abs(below[:, 1] - level) < LEVEL], axis) for level in levels]
        return _Around(axis, top, head, np.maximum.accumulate(np.stack(body), 0))

    def hung(
        self, end: float, spacing: float, piece: float, inwards: float, ragged: float, rng: np.random.Generator
    ) -> _Hung:
        """Places every ``piece`` metres on strands ``spacing`` apart, that end about ``end``; ``inwards`` of where the
        outermost hang."""
        arc = 360 - 2 * FRONT
        number = round(float(np.radians(arc) * np.median(self.head)) / spacing)
        angle = FRONT + (np.arange(number) + rng.random(number)) * arc / number
        height = np.arange(self.top, end - 3 * ragged, -piece)
        levels = len(height)
        tip = (end + ragged * rng.normal(0, 1, number)).repeat(levels)
        angle, strand = angle.repeat(levels), np.arange(number).repeat(levels)
        height = np.tile(height, number) + piece * (rng.random(len(angle)) - 0.5)
        wide = _at(self.head, angle)
        level = ((self.top - height) / LEVEL).clip(0, len(self.body) - 1).astype(int)
        clear = np.stack([_at(radii, angle) for radii in self.body])[level, np.arange(len(angle))] + CLEAR
        hangs = ((height > tip) & (clear < wide + RESTS)).reshape(number, levels)
        # What a shoulder has stopped does not go on below it.
        kept = np.logical_and.accumulate(hangs, axis=1).reshape(-1)
        out = np.stack([np.sin(np.radians(angle)), np.zeros(len(angle)), np.cos(np.radians(angle))], 1)
        # Out of the hair above it, not beside it.
        begins = 1 - np.exp(-(self.top - height).clip(0) / SETTLES)
        root = wide[:, None] * out + np.array([0.0, self.top, self.axis])
        mean = (np.maximum(wide - ROOTED * (1 - begins), clear) - inwards)[:, None] * out
        mean += np.stack([np.zeros(len(angle)), height, np.full(len(angle), self.axis)], 1)
        return _Hung(mean[kept], out[kept], root[kept], strand[kept])


def _shown(rig: Rig, views: list[PosedView], place: Doubles, usual: Doubles) -> Mask:
    """Which places (N, 3) beside the resting head often show hair of the colour ``usual`` (3), Lab."""
    count = np.zeros(len(place))
    for view in views:
        row, column, inside = view.pixels(view.with_head(rig, place))
        rgba = view.target.rgba[row, column]
        count += inside & (rgba[:, 3] >= SURE) & _alike(lab_of(rgba[:, :3] / 255.0), usual)
    return np.asarray(count >= OFTEN * len(views))


def _alike(lab: Doubles, usual: Doubles) -> Mask:
    chroma, light = np.hypot(*(lab[:, 1:] - usual[1:]).T), np.abs(lab[:, 0] - usual[0])
    return np.asarray((chroma < CHROMA) & (light < LIGHT))


def _shoulder(samples: Samples, x: float) -> float:
    """The height of the torso at ``x`` metres to the side."""
    there = (samples.material == CLOTH) & (np.abs(samples.point[:, 0] - x) < 0.02)
    return float(samples.point[there, 1].max()) if there.any() else -np.inf


def _radii(point: Doubles, axis: float) -> Doubles:
    """How far (sectors) the points (N, 3) are from the upright axis at depth ``axis``: their median in each sector, 0
    where there are none."""
    angle = np.degrees(np.arctan2(point[:, 0], point[:, 2] - axis)) % 360
    away, sector = np.hypot(point[:, 0], point[:, 2] - axis), (angle / SECTOR).astype(int)
    inside = [away[sector == number] for number in range(round(360 / SECTOR))]
    return np.array([np.median(values) if len(values) else 0.0 for values in inside])


def _at(radii: Doubles, angle: Doubles) -> Doubles:
    """The radius (N) at each ``angle`` (N), degrees, between the middles of sectors."""
    middles = (np.arange(-1, len(radii) + 1) + 0.5) * SECTOR
    return np.asarray(np.interp(angle % 360, middles, np.concatenate([radii[-1:], radii, radii[:1]])))
