"""What hangs from the ears and turns with the head: jewellery, a strand of hair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from splatavatar.array_types import Doubles, Mask
from splatavatar.bake.completion.placing import placed, triangles_near
from splatavatar.bake.completion.seen import BEHIND, SURE
from splatavatar.bake.completion.tones import lab_of
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.rig.rig import Rig

STEP = 0.002
"""metres of height and width that are asked at once"""
DOWN, ASIDE = (0.003, 0.065), (-0.010, 0.016)
"""metres below the lobe, and from it outwards, that are asked"""
DEPTHS = tuple(np.arange(-0.009, 0.010, 0.003))
"""metres before the lobe at which it may hang"""
WIDEST = 0.009
"""metres to either side where the pictures show something else"""
HUE, LIGHTER, SAME = 12.0, 12.0, 14.0
"""units of Lab by which it must differ from that in chroma, or be lighter, and by which its own colour may differ over
the pictures"""
BLACK = 12.0
"""lightness below which it is taken for the shadow between neck and hair"""
OFTEN = 0.7
"""share of the pictures that must show it"""
ASKED, LEAST = 0.1, 0.2
"""cosine by which an ear may turn away from the camera, in pictures that are asked, and the share of them all that must
show the place"""
CELL = 0.006
"""metres"""
BELOW = 0.02
"""metres below the lobe at which it must begin: what it hangs by may be too thin to see"""
TALL = 0.008
"""metres that it is long at least"""
ROUND, THIN, OPAQUE = 0.0012, 0.0004, 0.9
"""standard deviations in metres of its Gaussians, and of the thread that it hangs by, and opacity"""
MARGIN = 0.004
"""metres around it where pictures say nothing of what lies behind"""


@dataclass(frozen=True)
class Pendants:
    """Pieces of what hangs, neutral rig frame."""

    point: Doubles
    """(N, 3) metres"""
    colour: Doubles
    """(N, 3)"""
    wide: Doubles
    """(N) metres, standard deviation"""

    @staticmethod
    def none() -> Pendants:
        """Nothing hangs."""
        return Pendants(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))

    def __len__(self) -> int:
        return len(self.point)


def pendants(rig: Rig, views: list[PosedView]) -> Pendants:
    """What ``views`` show below the lobes of both ears; of no pieces where nothing hangs there.

    It is narrow: to its left and right the pictures show other colours. It goes where the head goes, so its own colour
    stays the same in all of them, at its depth most of all.
    """
    if "ears" not in rig.regions:
        return Pendants.none()
    ears = rig.template[np.unique(rig.faces[rig.regions["ears"]])].astype(np.float64)
    parts: list[tuple[Doubles, Doubles, float]] = []
    for side in (-1.0, 1.0):
        own = ears[side * ears[:, 0] > 0]
        lobe = own[own[:, 1].argmin()]
        point, colour = _below(rig, views, lobe, side)
        if len(point):
            thread = _thread(lobe, point)
            own_colour = colour[point[:, 1].argmax()]
            parts += [(point, colour, ROUND), (thread, np.broadcast_to(own_colour, thread.shape), THIN)]
    if not parts:
        return Pendants.none()
    points, colours, sizes = zip(*parts, strict=True)
    wide = np.repeat(sizes, [len(point) for point in points])
    return Pendants(np.concatenate(points), np.concatenate(colours), wide)


def pendant_splats(rig: Rig, hung: Pendants, correctives: int) -> Splats:
    """Gaussians of all pieces, bound to the ears, on the CPU."""
    # Two layers, by as much apart as each is thick.
    off = np.outer(hung.wide, [0.0, 0.0, 1.0])
    point = np.concatenate([hung.point + off, hung.point - off])
    colour, count = np.concatenate([hung.colour, hung.colour]), len(point)
    face, barycentric = triangles_near(rig, rig.regions["ears"], point)
    axes = np.broadcast_to(np.eye(3), (count, 3, 3))
    size = np.repeat(np.concatenate([hung.wide, hung.wide])[:, None], 3, 1)
    return placed(rig, face, barycentric, point, axes, size, np.full(count, OPAQUE), colour, correctives)


def without(view: PosedView, rig: Rig, hung: Pendants) -> PosedView:
    """The ``view`` with a matte that is empty where ``hung`` covers what lies behind."""
    import cv2

    if not len(hung):
        return view
    row, column, inside = view.pixels(view.with_head(rig, hung.point))
    covered = np.zeros(view.target.rgba.shape[:2], np.uint8)
    covered[row[inside], column[inside]] = 1
    rgba = view.target.rgba.copy()
    rgba[cv2.dilate(covered, view.disc(STEP + MARGIN)) > 0, 3] = 0
    return replace(view, target=replace(view.target, rgba=rgba))


def _below(rig: Rig, views: list[PosedView], lobe: Doubles, side: float) -> tuple[Doubles, Doubles]:
    """Places (N, 3) and colours (N, 3) of what hangs below the ``lobe`` (3), at the depth where most is sure."""
    down, aside = (np.arange(*span, STEP) for span in (DOWN, ASIDE))
    before = np.array(DEPTHS)[:, None, None]
    places = np.stack(np.broadcast_arrays(side * aside, -down[:, None], before), 3) + lobe
    point = places.reshape(-1, 3)
    asked, shown = np.zeros(len(point)), np.zeros(len(point))
    colours = []
    for view in views:
        posed, across = view.with_head(rig, point), view.target.camera.T_camera_world[0, :3]
        ear = view.with_head(rig, np.stack([lobe, lobe + np.array([side, 0.0, 0.0])]))
        towards = view.target.camera.position - ear[0]
        if (ear[1] - ear[0]) @ towards < -ASKED * np.linalg.norm(towards):
            continue
        rgb, sure = _sampled(view, posed)
        clear = sure & _before_head(view, posed)
        lab, beside = lab_of(rgb), [_sampled(view, posed + way * WIDEST * across)[0] for way in (-1.0, 1.0)]
        asked += clear
        shown += clear & _stands_out(lab, lab_of(beside[0])) & _stands_out(lab, lab_of(beside[1]))
        colours.append(np.where(clear[:, None], rgb, np.nan))
    enough = asked >= max(LEAST * len(views), 1)
    if not enough.any():
        return np.zeros((0, 3)), np.zeros((0, 3))
    usual, share = np.zeros((len(point), 3)), shown / np.maximum(asked, 1)
    usual[enough] = np.nanmedian(np.stack(colours)[:, enough], 0)
    lab = lab_of(usual)
    apart = np.stack([np.linalg.norm(lab_of(np.nan_to_num(rgb)) - lab, axis=1) for rgb in colours])
    apart[np.isnan(np.stack(colours)[..., 0])] = np.nan
    steady = enough & (lab[:, 0] > BLACK)
    steady[steady] = np.nanmedian(apart[:, steady], 0) < SAME
    there = np.stack([_hangs(layer, down) for layer in (steady & (share >= OFTEN)).reshape(places.shape[:3])])
    best = int(np.where(there, share.reshape(there.shape), 0).sum((1, 2)).argmax())
    kept = there[best].reshape(-1)
    return places[best].reshape(-1, 3)[kept], usual.reshape(*there.shape, 3)[best].reshape(-1, 3)[kept]


def _thread(lobe: Doubles, point: Doubles) -> Doubles:
    """Places (N, 3) from the ``lobe`` (3) down to the highest of the pieces ``point`` (M, 3)."""
    top = point[point[:, 1].argmax()]
    along = np.linspace(0, 1, max(round(float(np.linalg.norm(top - lobe)) / (STEP / 2)), 2))[:-1]
    return np.asarray(lobe + along[:, None] * (top - lobe))


def _hangs(there: Mask, down: Doubles) -> Mask:
    """Which cells (H, W) belong to something that begins near the lobe and is long."""
    label, count = ndimage.label(there, np.ones((3, 3)))
    kept = np.zeros_like(there)
    for number in range(1, count + 1):
        own = label == number
        heights = down[own.any(1)]
        if heights.min() < BELOW and np.ptp(heights) + STEP >= TALL:
            kept |= own
    return kept


def _stands_out(lab: Doubles, beside: Doubles) -> Mask:
    """Whether colours (N, 3) are of another kind than those (N, 3) beside them, or lighter: not those in shadow."""
    hue = np.hypot(*(lab[:, 1:] - beside[:, 1:]).T)
    return np.asarray((hue > HUE) | (lab[:, 0] > beside[:, 0] + LIGHTER))


def _before_head(view: PosedView, point: Doubles) -> Mask:
    """Which points (N, 3) the posed body does not hide from the camera, in cells of some pixels."""
    camera = view.target.camera
    cell = CELL * view.pixels_a_metre
    both = np.concatenate([view.vertices.astype(np.float64), point])
    local = both @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    depth = np.maximum(local[:, 2], 1e-6)
    at = np.floor((local @ camera.K.T)[:, :2] / depth[:, None] / cell).astype(np.int64)
    low = at.min(0)
    cells = (at - low) @ [1, int(np.ptp(at[:, 0])) + 1]
    nearest = np.full(cells.max() + 1, np.inf)
    np.minimum.at(nearest, cells[: len(view.vertices)], depth[: len(view.vertices)])
    return np.asarray((depth < nearest[cells] + BEHIND)[len(view.vertices) :])


def _sampled(view: PosedView, point: Doubles) -> tuple[Doubles, Mask]:
    """The colours (N, 3) that a picture shows at ``point`` (N, 3), and where it is sure that they are the person's."""
    row, column, inside = view.pixels(point)
    rgba = view.target.rgba[row, column]
    return rgba[:, :3] / 255.0, inside & (rgba[:, 3] >= SURE)
