"""Takes away what no picture showed well, and puts there what follows from what was shown."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.array_types import Longs, Mask
from splatavatar.bake.completion.detail import quilted
from splatavatar.bake.completion.placing import placed, triangles_near
from splatavatar.bake.completion.samples import CLOTH, HAIR, SKIN, on_surface, outer
from splatavatar.bake.completion.strands import grow
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

NEAR = 4
"""samples whose mean a Gaussian takes"""
OVERLAP = 0.15
"""share of lacking samples around a Gaussian from which on the surface below it is completed too: no gap at the seam"""
GONE = 0.5
"""share of them from which on no Gaussian of the pictures is there"""
SKIN_DETAIL, CLOTH_DETAIL, HAIR_DETAIL = 0.6, 0.6, 0.8
"""of the detail that was seen"""
PORES, FOLDS = 0.014, 0.04
"""metres across the pieces of which the detail of skin, and of cloth, is put together"""
TRUE_SKIN, NO_SKIN = 0.7, 0.25
"""likeness to skin of what may lend to skin, and of what may lend to hair and cloth"""
CERTAIN = 0.95
"""trust of what lends to skin, half of it for the rest"""
TONE = 0.04
"""standard deviation of the brightness of strands where none was seen well"""
STRANDS = 0.55
"""share of the new Gaussians that goes into strands, for a scalp of which nothing was seen"""
UNDER = 0.75, 0.85
"""how high in the hair its dark ground lies, and its brightness"""
WIDER = 1.4
"""of the Gaussians of that ground: strands alone would not hide the face from behind"""
SOLID, STRAND = 0.95, 0.85
"""opacities"""


def made_splats(rig: Rig, found: Survey, most: int, correctives: int, seed: int, end: float | None) -> Splats:
    """Gaussians for all that ``found`` lacks, on the CPU: ``most`` where it lacks everything.

    Nothing is made below ``end``, the height in metres at which the bust will end.
    """
    count = round(most * found.share_lacking)
    strands = [] if found.scarf else _strands(rig, found, round(count * STRANDS * _bare(found)), correctives, seed)
    made = concatenated([_surface(rig, found, count - sum(map(len, strands)), correctives, seed), *strands])
    if end is None:
        return made
    height = on_surface(rig, made.face.numpy(), made.barycentric.numpy())[:, 1]
    return made.rows(torch.from_numpy(np.flatnonzero(height > end)))


def within(splats: Splats, rig: Rig, found: Survey, places: Mask) -> Mask:
    """Which of the ``splats`` (N) lie where the surface around them consists of ``places`` (S) of ``found``."""
    face = splats.face.numpy()
    near = found.samples.nearest(on_surface(rig, face, splats.barycentric.numpy()), NEAR)
    return np.asarray(outer(rig)[face] & (places[near].mean(1) >= GONE))


def _no_skin(found: Survey) -> Mask:
    """Which samples (S) may lend their detail to hair and cloth."""
    return np.asarray((found.skin < NO_SKIN) & (found.seen.trust > CERTAIN / 2))


def _bare(found: Survey) -> float:
    """The share of the hair that nobody saw."""
    hair = found.samples.material == HAIR
    return float(found.lacking[hair].mean()) if hair.any() else 0.0


def _surface(rig: Rig, found: Survey, count: int, correctives: int, seed: int) -> Splats:
    """About ``count`` flat Gaussians on all surface that is lacking."""
    samples, dense = found.samples, max(count, 1)
    lacking = found.lacking.astype(np.float64)
    for _ in range(2):
        splats = surface_splats(rig, rig.template, dense, correctives, seed)
        face = splats.face.numpy()
        point = on_surface(rig, face, splats.barycentric.numpy())
        near = samples.nearest(point, NEAR)
        wanted = np.flatnonzero(outer(rig)[face] & (lacking[near].mean(1) > OVERLAP))
        if not len(wanted):
            break
        dense = max(1, min(round(dense * count / len(wanted)), 3 * count))
    splats = splats.rows(torch.from_numpy(wanted))
    point, near, face = point[wanted], near[wanted], face[wanted]
    kind = samples.material[near[:, 0]]
    colour = found.colour[near].mean(1)
    no_skin = _no_skin(found)
    lenders = {SKIN: (found.skin > TRUE_SKIN) & (found.seen.trust > CERTAIN), CLOTH: no_skin, HAIR: no_skin}
    grey = found.detail.mean(1, keepdims=True).repeat(3, 1)
    hair = kind == HAIR
    kinds = [(SKIN, SKIN_DETAIL * found.detail, PORES), (CLOTH, CLOTH_DETAIL * grey, FOLDS)]
    if found.scarf:
        kinds.append((HAIR, CLOTH_DETAIL * grey, FOLDS))
    for material, detail, piece in kinds:
        rows = kind == material
        lends = lenders[material] & (samples.material == material)
        normal = samples.normal
        sources = samples.point[lends], normal[lends], detail[lends]
        colour[rows] += quilted(point[rows], normal[near[rows, 0]], *sources, piece, seed)
    high, brightness = (1.0, 1.0) if found.scarf else UNDER
    colour[hair] *= brightness
    size = triangle_frames(rig.template, rig.faces)[1][face]
    lift = np.where(hair, high * samples.height[near[:, 0]], 0.0)
    splats.position[:, 1] = torch.from_numpy((lift / np.maximum(size, 1e-9)).astype(np.float32))
    splats.log_scale[torch.from_numpy(hair)] += float(np.log(WIDER))
    splats.colour[:] = torch.from_numpy(colour.clip(0, 1).astype(np.float32))
    splats.logit[:] = torch.logit(torch.tensor(SOLID))
    return splats


def _strands(rig: Rig, found: Survey, count: int, correctives: int, seed: int) -> list[Splats]:
    """About ``count`` Gaussians in strands of the hair that is lacking; none where none is."""
    samples = found.samples
    roots: Longs = np.flatnonzero((samples.material == HAIR) & found.lacking)
    if not len(roots) or count < 1:
        return []
    strands = grow(samples, roots, count, seed)
    face, barycentric = triangles_near(rig, rig.regions["scalp"], samples.point[strands.sample])
    lends = np.flatnonzero((samples.material == HAIR) & _no_skin(found))
    rng = np.random.default_rng([seed, 14])
    tone = rng.normal(0, TONE, (int(strands.strand.max()) + 1, 1)).repeat(3, 1)
    if len(lends):
        tone = HAIR_DETAIL * found.detail[rng.choice(lends, len(tone))]
    colour = found.colour[strands.sample] + tone[strands.strand]
    opacity = np.full(len(face), STRAND)
    world = strands.mean, strands.rotation, strands.scale
    return [placed(rig, face, barycentric, *world, opacity, colour, correctives)]
