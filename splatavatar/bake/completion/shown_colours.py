"""Keeps the skin of one camera's pictures to the colours that the pictures show there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from splatavatar.bake.completion.samples import SKIN, Samples, on_surface, outer
from splatavatar.bake.completion.seen import sighted
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

AROUND = 0.003
"""metres around the place of a Gaussian that a picture is asked about: it stands off the surface, and moves"""
MARGIN = 0.06
"""beyond the darkest and the brightest there: of two that overlap one may be too dark and the other too bright"""
USUAL = 0.25, 0.75
"""quantiles, over the pictures, of the darkest and of the brightest: in one of them anything may pass by"""
SQUARE = 0.35
"""cosine of normal and view below which a picture is not asked"""
LIKELY = 0.4
"""likeness to skin of a place, see ``Survey.skin``"""


def within_shown_colours(splats: Splats, rig: Rig, found: Survey, views: list[PosedView]) -> Splats:
    """The ``splats``, on the CPU, in which no Gaussian on skin is darker or brighter than what ``views`` show there.

    One that others hide from the camera, or that it sees edge on, takes any colour and loses nothing by it; from aside
    it is a speck. Colours may lie ``MARGIN`` beyond those of most pictures.
    """
    import cv2

    face, barycentric = splats.face.numpy(), splats.barycentric.numpy()
    point = on_surface(rig, face, barycentric)
    near = found.samples.nearest(point, 1)[:, 0]
    skin = outer(rig)[face] & (found.samples.material[near] == SKIN) & (found.skin[near] > LIKELY)
    rows = np.flatnonzero(skin)
    if not len(rows):
        return splats
    normal, size = (value[face[rows]] for value in triangle_frames(rig.template, rig.faces))
    places = Samples(
        face[rows].astype(np.int64),
        barycentric[rows].astype(np.float64),
        np.full(len(rows), SKIN),
        point[rows],
        normal[:, :, 1].astype(np.float64),
        splats.position[rows, 1].numpy().astype(np.float64) * size,
    )
    low, high = np.full((2, len(views), len(rows), 3), np.nan, np.float32)
    for number, view in enumerate(views):
        sight = sighted(places, rig, view)
        asked = sight.shown & (sight.square > SQUARE)
        rgb = np.ascontiguousarray(view.target.rgba[..., :3])
        kernel = view.disc(AROUND)
        at = sight.row[asked], sight.column[asked]
        low[number, asked] = cv2.erode(rgb, kernel)[at] / 255.0
        high[number, asked] = cv2.dilate(rgb, kernel)[at] / 255.0
    known = np.isfinite(low[..., 0]).any(0)
    darkest, brightest = (np.nanquantile(v[:, known], q, axis=0) for v, q in zip((low, high), USUAL, strict=True))
    colour = splats.colour.clone()
    before = colour[rows[known]].numpy()
    colour[rows[known]] = torch.from_numpy(before.clip(darkest - MARGIN, brightest + MARGIN).astype(np.float32))
    return replace(splats, colour=colour)
