"""Whether the skin of an avatar is the person's from every side.

Its colours are learnt where they can be trusted: on what a frontal camera sees squarely of the face. From other sides
every pixel of the face, the ears and the upper half of the neck must have one of them. Where these are is known by the
Gaussians: each belongs to a triangle of the rig and so to a region, and a picture in which they have the colour of
their region says what a pixel shows. Hair bound to the scalp hides what is behind it, as it does for the eye.

Left out are what is skin of another colour or none: lips and lids, what lies near brows, nostrils and the scalp, and
what the front already shows to be covered: by glasses, by a strand of hair. Hair that hangs over ears or neck counts as
not skin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from splatavatar.array_types import Bytes, Doubles, Floats, Ints, Mask
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.scoring.picture_grid import Cell, on_grey, picture_grid
from splatavatar.bake.scoring.skin_colour import SkinColour
from splatavatar.errors import RigError
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.rig import PoseParameters, Rig

YAWS = (0, -30, 30, -60, 60, -90, 90, 180)
"""degrees to the subject's left"""
REGIONS = ("face", "ears", "neck")
"""what is tested, in the order of the channels of a picture of them"""
SIZE, CELL = 512, 256
"""pixels of a picture, and of one on the sheet"""
FEWEST = 500
"""pixels of the face from which skin is learnt"""
BROWS, NOSTRILS = range(17, 27), range(31, 36)
"""of the 68 landmarks of iBUG"""
AWAY = 0.009
"""metres from brows, nostrils, lips and scalp within which nothing is tested"""
SQUARE, TURNED = 0.7, 0.4
"""cosines between the normal of a triangle and the way to the frontal camera from which on its skin is learnt from, and
from which on what covers it is believed"""
MOSTLY, HARDLY = 128, 12
"""levels of 255: share of a pixel that regions must have, and that hair may have"""
SOLID = 240
"""level of alpha from which on a pixel is tested: at an outline colours are those of what lies behind, too"""
MARGIN = 2
"""pixels around what covers the face in front"""
MARK = np.array([255, 0, 255], np.uint8)


@dataclass(frozen=True)
class SkinView:
    """What one side shows; shares are in [0, 1], None where none of it is in the picture."""

    yaw: int
    """degrees"""
    pixels: int
    """that were tested"""
    not_skin: float | None
    """share of them whose colour is none of the skin's"""
    face: float | None
    """the same of the pixels of the face alone"""
    ears: float | None
    neck: float | None
    alpha: float | None
    """mean alpha where the rig has a head: below 1 one sees through it"""


@dataclass(frozen=True)
class SkinCheck:
    """All sides of one avatar."""

    views: tuple[SkinView, ...]
    sheet: Bytes
    """(height, width, 3) RGB: each side, and below it what is not skin in magenta, what was not tested darker"""

    @property
    def not_skin(self) -> float:
        """Share of all tested pixels but those of the front, from which skin was learnt; 0 where none shows any."""
        others = [view for view in self.views if view.yaw and view.not_skin is not None]
        if not others:
            return 0.0
        return float(np.average([view.not_skin for view in others], weights=[view.pixels for view in others]))

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON holds them."""
        return {"not_skin": self.not_skin, "views": [asdict(view) for view in self.views]}


def check_skin(renderer: Renderer) -> SkinCheck:
    """Tests the avatar of ``renderer`` at rest from ``YAWS``.

    Raises:
        RigError: its rig knows no skin, or shows too little of it from the front.
    """
    avatar, rest = renderer.avatar, PoseParameters.neutral(renderer.avatar.rig)
    vertices, front = renderer.vertices(rest), default_camera(avatar, SIZE, SIZE)
    tested = faces_to_check(avatar.rig)
    if not tested["face"].any():
        raise RigError(f"the rig {avatar.rig.kind} does not say where it has skin, so that the views cannot be tested")
    square = facing(vertices, avatar.rig, front)
    hair = np.isin(np.arange(len(square)), avatar.rig.regions.get("scalp", []))
    others = open_renderer(_in_colours_of(avatar, [hair, tested["face"] & (square > SQUARE)]), renderer.kind)
    skin = _learnt(renderer.render(rest, front), others.render(rest, front), avatar.rig)
    covered = _covered(skin, renderer.render(rest, front), front, vertices, avatar.rig) & (square > TURNED)
    of_region = open_renderer(_in_colours_of(avatar, [tested[name] & ~covered for name in REGIONS]), renderer.kind)
    head = _head(avatar.rig)
    views, pictures, marked = [], [], []
    for yaw in YAWS:
        camera = default_camera(avatar, SIZE, SIZE, math.radians(yaw))
        picture, regions = renderer.render(rest, camera), of_region.render(rest, camera)
        shown = _shown(regions, others.render(rest, camera))
        tested_here = np.asarray(shown.any(2))
        wrong = tested_here.copy()
        wrong[wrong] = ~skin.holds(picture[wrong][:, :3])
        inside = silhouette(vertices, head, camera)
        alpha = float(picture[..., 3][inside].mean() / 255) if inside.any() else None
        face, ears, neck = (_share(wrong, shown[..., channel]) for channel in range(len(REGIONS)))
        share = _share(wrong, tested_here)
        views.append(SkinView(yaw, int(tested_here.sum()), share, face, ears, neck, alpha))
        pictures.append(Cell(f"yaw {yaw:+d}", _smaller(on_grey(picture))))
        said = "" if share is None else f"{share:.2%} not skin"
        marked.append(Cell(said, _smaller(_marked(picture, tested_here, wrong))))
    return SkinCheck(tuple(views), picture_grid([pictures, marked]))


def facing(vertices: Floats, rig: Rig, camera: Camera) -> Doubles:
    """The cosine (F) between the normal of each triangle, posed as ``vertices`` (V, 3), and the way to ``camera``."""
    a, b, c = (vertices[rig.faces[:, corner]].astype(np.float64) for corner in range(3))
    normal, towards = np.cross(b - a, c - a), camera.position - (a + b + c) / 3
    length = np.linalg.norm(normal, axis=1) * np.linalg.norm(towards, axis=1)
    return np.asarray((normal * towards).sum(1) / np.maximum(length, 1e-12))


def _shown(regions: Bytes, others: Bytes) -> Mask:
    """(H, W, 3) the pixels that show one of ``REGIONS``, and no hair to speak of."""
    share = regions[..., :3].astype(np.int64)
    tested = (share.sum(2) >= MOSTLY) & (others[..., 0] <= HARDLY) & (regions[..., 3] >= SOLID)
    return np.asarray(tested[..., None] & (np.arange(3) == share.argmax(2)[..., None]))


def _learnt(picture: Bytes, others: Bytes, rig: Rig) -> SkinColour:
    """The skin that a frontal ``picture`` shows where the second channel of ``others`` says so. Raises RigError."""
    pixels = picture[(others[..., 1] >= MOSTLY) & (picture[..., 3] >= SOLID)][:, :3]
    if len(pixels) < FEWEST:
        raise RigError(f"from the front only {len(pixels)} pixels show the face of the {rig.kind}, expected {FEWEST}")
    return SkinColour.of(np.ascontiguousarray(pixels))


def _covered(skin: SkinColour, picture: Bytes, front: Camera, vertices: Floats, rig: Rig) -> Mask:
    """(F) the triangles in whose place the frontal ``picture`` shows no skin."""
    import cv2

    other = (~skin.holds(picture[..., :3])).astype(np.uint8)
    other = np.asarray(cv2.dilate(other, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)), np.uint8)
    centre = vertices[rig.faces].mean(1).astype(np.float64)
    local = centre @ front.T_camera_world[:3, :3].T + front.T_camera_world[:3, 3]
    column, row = ((local @ front.K.T)[:, :2] / np.maximum(local[:, 2:], 1e-6)).astype(np.int64).T
    return np.asarray(other[row.clip(0, SIZE - 1), column.clip(0, SIZE - 1)] > 0)


def faces_to_check(rig: Rig) -> dict[str, Mask]:
    """The faces (F) of each of ``REGIONS`` that are tested."""
    found = {name: np.isin(np.arange(len(rig.faces)), rig.regions.get(name, [])) for name in rig.regions}
    none = np.zeros(len(rig.faces), bool)
    skin, scalp, ears, neck = (found.get(name, none) for name in ("skin", "scalp", "ears", "neck"))
    for name in ("scalp", "eyelids", "torso"):
        skin = skin & ~found.get(name, none)
    centre = rig.template[rig.faces].mean(1).astype(np.float64)
    apart = _away(centre, np.concatenate([centre[scalp], centre[found.get("lips", none)], _marks(rig)]))
    neck = neck & skin
    upper = centre[:, 1] >= np.median(centre[neck, 1]) if neck.any() else none
    return {"face": skin & ~ears & ~neck & apart, "ears": skin & ears & apart, "neck": neck & upper & apart}


def _marks(rig: Rig) -> Doubles:
    """The landmarks (L, 3) of brows and nostrils, metres."""
    points = rig.landmarks.get("ibug68")
    if points is None:
        return np.zeros((0, 3))
    chosen = [*BROWS, *NOSTRILS]
    corners = rig.template[rig.faces[points.face[chosen]]].astype(np.float64)
    return np.asarray((points.barycentric[chosen, :, None] * corners).sum(1))


def _away(points: Doubles, others: Doubles) -> Mask:
    """(N) whether ``points`` (N, 3) are further than ``AWAY`` from all ``others`` (M, 3)."""
    from scipy.spatial import KDTree

    if not len(others):
        return np.ones(len(points), bool)
    return np.asarray(KDTree(others).query(points)[0] > AWAY)


def _in_colours_of(avatar: Avatar, regions: Sequence[Mask]) -> Avatar:
    """The ``avatar`` whose Gaussians have red, green or blue for up to three ``regions`` (F), and black elsewhere."""
    colours = np.zeros((len(avatar.rig.faces), 3), np.float32)
    for channel, region in enumerate(regions):
        colours[region, channel] = 1
    g, c = avatar.gaussians, avatar.correctives
    return replace(
        avatar,
        gaussians=replace(g, colour=colours[g.face], sh=np.zeros_like(g.sh)),
        correctives=replace(c, colour=np.zeros_like(c.colour)),
    )


def _head(rig: Rig) -> Ints:
    """The faces (F', 3) of all that is tested and the scalp: what a silhouette of the head is made of."""
    inside = np.any(list(faces_to_check(rig).values()), 0)
    inside[rig.regions.get("scalp", [])] = True
    return np.ascontiguousarray(rig.faces[inside])


def _share(wrong: Mask, of: Mask) -> float | None:
    return float(wrong[of].mean()) if of.any() else None


def _marked(picture: Bytes, tested: Mask, wrong: Mask) -> Bytes:
    flat = on_grey(picture)
    out = np.where(tested[..., None], flat, flat // 3)
    out[wrong] = MARK
    return np.asarray(out, np.uint8)


def _smaller(picture: Bytes) -> Bytes:
    import cv2

    return np.asarray(cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_AREA), np.uint8)
