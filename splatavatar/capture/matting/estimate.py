"""Mattes of the pictures of one clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats, Mask
from splatavatar.capture.matting.anatomy import disc, signed_distance
from splatavatar.capture.matting.background import Plate, estimate_background
from splatavatar.capture.matting.clean import one_piece, without_wires
from splatavatar.capture.matting.graph_cut import cut
from splatavatar.capture.matting.leaks import departures, weight
from splatavatar.capture.matting.models import Colours, learn
from splatavatar.capture.matting.motion import Layers, find_layers
from splatavatar.capture.matting.padding import continued, outside
from splatavatar.capture.matting.picture import FINE, HeadPicture, prepare, refined
from splatavatar.capture.matting.rembg_matter import rembg_mattes
from splatavatar.capture.matting.soft_edge import soften
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import SettingsError
from splatavatar.progress import ShareProgress

METHODS = ("grabcut", "rembg")
LEARNT_FROM = 40
"""pictures of the clip, spread over it, that the models are learnt from"""
ROUNDS = 3
"""of learning the models from the masks and the masks from the models"""
SHARE_LEARNT, SHARE_FOUND = 0.2, 0.5
"""of the time, when the models are learnt and when the person is found"""
HOLE = 0.1
"""holes smaller than the square of this width of the head are filled"""
WIRE = 0.1
"""widths of the head: what is thinner and outside the rig does not belong to the person"""
CONFIDENT = 1.0
"""log odds from which a pixel teaches the colours"""
RIM = 0.05
"""widths of the head about a mask that may still be the person"""
BAND = 6.0
"""pixels of the fine size about the coarse outline in which the fine one is looked for"""


@dataclass(frozen=True)
class Mattes:
    """The mattes of T pictures."""

    mattes: list[Bytes]
    """T of (S, S): 0 background, 255 the person"""
    weights: NDArray[np.float32]
    """(T) in [0, 1] how far each can be trusted"""


@dataclass(frozen=True)
class Models:
    """What a clip looks like."""

    colours: Colours
    plate: Plate | None
    layers: Layers | None

    def odds(self, picture: HeadPicture) -> Floats:
        """The log odds (H, W) of the person from all that is known."""
        odds = picture.plan.prior + self.colours.odds(picture, self.plate)
        return odds + self.layers.odds(picture, self.plate) if self.layers else odds


def estimate_mattes(
    images: Sequence[Bytes],
    silhouettes: Sequence[Mask],
    windows: Sequence[Crop],
    method: str = "grabcut",
    progress: ShareProgress | None = None,
) -> Mattes:
    """The person in ``images`` (S, S, 3), pictures of one camera in the order of time.

    ``silhouettes`` (S, S) are where the tracked rig is; hair, glasses and clothes are found around them. ``windows``
    say where the pictures lie in the frame. ``method`` is one of METHODS. ``progress(fraction)`` hears of the advance.
    A picture without a silhouette has an empty matte of weight zero.

    Raises:
        SettingsError: an unknown method.
        DependencyError: the method needs a package that is absent.
    """
    import cv2

    if method not in METHODS:
        raise SettingsError(f"unknown matting method '{method}'; known are {', '.join(METHODS)}")
    heard = progress or (lambda fraction: None)
    cv2.setRNGSeed(0)
    pictures = [prepare(*of) for of in zip(images, silhouettes, windows, strict=True)]
    known = [k for k, p in enumerate(pictures) if p]
    seen = [p for p in pictures if p]
    mattes = [np.zeros(image.shape[:2], np.uint8) for image in images]
    weights = np.zeros(len(images), np.float32)
    if method == "rembg":
        found = rembg_mattes([images[k] for k in known], heard)
        masks = [
            cv2.resize(matte, p.bins.shape[::-1], interpolation=cv2.INTER_AREA) > 127
            for matte, p in zip(found, seen, strict=True)
        ]
        trust = [weight(d.area, d.area) for d in departures(seen, masks)]
    else:
        found, trust = _by_grabcut([images[k] for k in known], [windows[k] for k in known], seen, heard)
    for k, matte, trusted in zip(known, found, trust, strict=True):
        mattes[k] = np.where(outside(images[k], windows[k]), 0, matte).astype(np.uint8)
        weights[k] = trusted
    return Mattes(mattes, weights)


def _by_grabcut(
    images: Sequence[Bytes], windows: Sequence[Crop], pictures: Sequence[HeadPicture], heard: ShareProgress
) -> tuple[list[Bytes], list[float]]:
    """Mattes (S, S) and weights."""
    if not pictures:
        return [], []
    chosen = np.unique(np.linspace(0, len(pictures) - 1, LEARNT_FROM).astype(int))
    models = learn_models([pictures[k] for k in chosen])
    heard(SHARE_LEARNT)
    odds = [models.odds(p) for p in pictures]
    masks = [segment(p, o) for p, o in zip(pictures, odds, strict=True)]
    heard(SHARE_FOUND)
    before = departures(pictures, masks)
    suspect = [k for k, d in enumerate(before) if d.area > 0]
    for k in suspect:
        masks[k] = segment(pictures[k], odds[k] + before[k].odds)
    trust = [1.0] * len(pictures)
    for k, after in zip(suspect, departures(pictures, masks, suspect), strict=True):
        trust[k] = weight(before[k].area, after.area)
    fine = [refined(pictures[k], images[k], windows[k]) for k in chosen]
    plate = see_behind(fine, [enlarged(masks[k]) for k in chosen])
    mattes = []
    for k, (picture, image, window) in enumerate(zip(pictures, images, windows, strict=True)):
        motion = models.layers.odds(picture, models.plate) if models.layers else np.zeros_like(odds[k])
        mask = outline(refined(picture, image, window), masks[k], motion, models.colours, plate)
        mattes.append(np.rint(255 * soften(mask, image)).astype(np.uint8))
        heard(SHARE_FOUND + (1 - SHARE_FOUND) * (k + 1) / len(images))
    return mattes, trust


def learn_models(pictures: Sequence[HeadPicture]) -> Models:
    """From pictures of the clip at the coarse size."""
    still = estimate_background(
        [p.colours for p in pictures], [~p.plan.sure & ~p.padded for p in pictures], [p.offset for p in pictures]
    )
    layers = find_layers(pictures, still) if still else None
    colours = learn(pictures, [p.plan.core for p in pictures], [p.plan.never for p in pictures])
    models = Models(colours, None, layers)
    for _ in range(ROUNDS - 1):
        odds = [models.odds(p) for p in pictures]
        masks = [segment(p, o) for p, o in zip(pictures, odds, strict=True)]
        person = [m & (o > CONFIDENT) for m, o in zip(masks, odds, strict=True)]
        behind = [~m & (o < -CONFIDENT) for m, o in zip(masks, odds, strict=True)]
        models = Models(learn(pictures, person, behind), see_behind(pictures, masks), layers)
    return models


def see_behind(pictures: Sequence[HeadPicture], masks: Sequence[Mask]) -> Plate | None:
    """The background that the ``masks`` (H, W) leave."""
    import cv2

    away = [
        ~p.padded & ~(cv2.dilate(m.view(np.uint8), disc(RIM * p.plan.width)) > 0)
        for p, m in zip(pictures, masks, strict=True)
    ]
    return estimate_background([p.colours for p in pictures], away, [p.offset for p in pictures])


def segment(picture: HeadPicture, odds: Floats) -> Mask:
    """The mask (H, W) of the person by their log ``odds`` (H, W)."""
    plan = picture.plan
    mask = cut(odds, picture.colours[..., :2], plan.sure, plan.never, picture.padded)
    mask = continued(mask, picture.padded)
    mask = without_wires(mask, plan.sure, WIRE * plan.width)
    return one_piece(mask, plan.sure, (HOLE * plan.width) ** 2)


def enlarged(mask: Mask) -> Mask:
    """A coarse ``mask`` at the fine size (FINE, FINE)."""
    import cv2

    return np.asarray(cv2.resize(mask.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_NEAREST) > 0)


def outline(picture: HeadPicture, coarse: Mask, motion: Floats, colours: Colours, plate: Plate | None) -> Mask:
    """The mask (FINE, FINE) of the person, whose outline is near that of the ``coarse`` mask."""
    import cv2

    distance = signed_distance(enlarged(coarse))
    odds = colours.odds(picture, plate) + picture.plan.prior + cv2.resize(motion, (FINE, FINE))
    sure, never = (distance < -BAND) | picture.plan.sure, distance > BAND
    mask = cut(odds, picture.colours[..., :2], sure, never & ~sure, picture.padded)
    mask = continued(mask, picture.padded)
    return one_piece(mask, picture.plan.sure, (HOLE * picture.plan.width) ** 2)
