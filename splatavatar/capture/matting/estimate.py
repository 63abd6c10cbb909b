"""Mattes of the pictures of one clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.crop import Window
from splatavatar.capture.matting.anatomy import disc, signed_distance
from splatavatar.capture.matting.background import Background, estimate_background
from splatavatar.capture.matting.clean import one_piece, without_wires
from splatavatar.capture.matting.graph_cut import cut
from splatavatar.capture.matting.models import Colours, learn
from splatavatar.capture.matting.motion import Layers, find_layers
from splatavatar.capture.matting.padding import outside
from splatavatar.capture.matting.picture import FINE, Picture, prepare, refined
from splatavatar.capture.matting.soft_edge import soften
from splatavatar.errors import SettingsError

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Progress = Callable[[float], None]

METHODS = ("grabcut",)
LEARNT_FROM = 40
"""pictures of the clip, spread over it, that the models are learnt from"""
ROUNDS = 3
"""of learning the models from the masks and the masks from the models"""
HOLE = 0.1
"""holes smaller than the square of this width of the head are filled"""
WIRE = 0.1
"""widths of the head: what is thinner and outside the rig does not belong to the person"""
CONFIDENT = 1.0
"""log odds from which a pixel teaches the colours"""
RIM = 0.05
"""widths of the head about a mask that may still be the person"""
BAND = 8.0
"""pixels of the fine size about the coarse outline in which the fine one is looked for"""


@dataclass(frozen=True)
class Mattes:
    """Of T pictures."""

    mattes: list[Bytes]
    """T of (S, S): 0 background, 255 the person"""
    weights: NDArray[np.float32]
    """(T) in [0, 1] how far each can be trusted"""


@dataclass(frozen=True)
class Models:
    """What a clip looks like."""

    colours: Colours
    plate: Background | None
    layers: Layers | None

    def odds(self, picture: Picture) -> Floats:
        """(H, W) log odds of the person from all that is known."""
        odds = picture.plan.prior + self.colours.odds(picture, self.plate)
        return odds + self.layers.odds(picture, self.plate) if self.layers else odds


def estimate_mattes(
    images: Sequence[Bytes],
    silhouettes: Sequence[Mask],
    windows: Sequence[Window],
    method: str = "grabcut",
    progress: Progress | None = None,
) -> Mattes:
    """The person in ``images`` (S, S, 3), pictures of one clip in the order of time.

    ``silhouettes`` (S, S) are where the tracked rig is; hair, glasses and clothes are found around them. ``windows``
    say where the pictures lie in the frame. ``progress(fraction)`` hears of the advance.

    Raises:
        SettingsError: an unknown method.
    """
    import cv2

    if method not in METHODS:
        raise SettingsError(f"unknown matting method '{method}'; known are {', '.join(METHODS)}")
    heard = progress or (lambda fraction: None)
    cv2.setRNGSeed(0)
    pictures = [prepare(*of) for of in zip(images, silhouettes, windows, strict=True)]
    known = [k for k, p in enumerate(pictures) if p]
    if not known:
        return Mattes([np.zeros(i.shape[:2], np.uint8) for i in images], np.zeros(len(images), np.float32))
    chosen = [known[k] for k in np.unique(np.linspace(0, len(known) - 1, LEARNT_FROM).astype(int))]
    some = [pictures[k] for k in chosen]
    models = learn_models(some)
    fine = [refined(p, images[k], windows[k]) for k, p in zip(chosen, some, strict=True)]
    masks = [enlarged(segment(p, models)) for p in some]
    plate = see_behind(fine, masks)
    mattes = []
    for k, (picture, image, window) in enumerate(zip(pictures, images, windows, strict=True)):
        matte = np.zeros(image.shape[:2], np.float32)
        if picture:
            coarse = segment(picture, models)
            motion = models.layers.odds(picture, models.plate)
            matte = soften(outline(refined(picture, image, window), coarse, motion, models.colours, plate), image)
        matte[outside(image, window)] = 0
        mattes.append(np.rint(255 * matte).astype(np.uint8))
        heard((k + 1) / len(images))
    return Mattes(mattes, np.array([1.0 if picture else 0.0 for picture in pictures], np.float32))


def learn_models(pictures: Sequence[Picture]) -> Models:
    """From pictures of the clip at the coarse size."""
    still = estimate_background(
        [p.colours for p in pictures], [~p.plan.sure & ~p.padded for p in pictures], [p.offset for p in pictures]
    )
    layers = find_layers(pictures, still) if still else None
    colours = learn(pictures, [p.plan.core for p in pictures], [p.plan.never for p in pictures])
    models = Models(colours, None, layers)
    for _ in range(ROUNDS - 1):
        masks = [segment(p, models) for p in pictures]
        odds = [models.odds(p) for p in pictures]
        person = [m & (o > CONFIDENT) for m, o in zip(masks, odds, strict=True)]
        behind = [~m & (o < -CONFIDENT) for m, o in zip(masks, odds, strict=True)]
        models = Models(learn(pictures, person, behind), see_behind(pictures, masks), layers)
    return models


def see_behind(pictures: Sequence[Picture], masks: Sequence[Mask]) -> Background | None:
    """The background that the ``masks`` (H, W) leave."""
    import cv2

    away = [
        ~p.padded & ~(cv2.dilate(m.view(np.uint8), disc(RIM * p.plan.width)) > 0)
        for p, m in zip(pictures, masks, strict=True)
    ]
    return estimate_background([p.colours for p in pictures], away, [p.offset for p in pictures])


def segment(picture: Picture, models: Models) -> Mask:
    """(H, W) the person."""
    plan = picture.plan
    mask = cut(models.odds(picture), picture.colours[..., :2], plan.sure, plan.never)
    mask = without_wires(mask, plan.sure, WIRE * plan.width)
    return one_piece(mask, plan.sure, (HOLE * plan.width) ** 2)


def enlarged(mask: Mask) -> Mask:
    """(FINE, FINE) of a coarse ``mask``."""
    import cv2

    return np.asarray(cv2.resize(mask.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_NEAREST) > 0)


def outline(picture: Picture, coarse: Mask, motion: Floats, colours: Colours, plate: Background | None) -> Mask:
    """(FINE, FINE) the person, whose outline is near that of the ``coarse`` mask."""
    import cv2

    distance = signed_distance(enlarged(coarse))
    odds = colours.odds(picture, plate) + picture.plan.prior + cv2.resize(motion, (FINE, FINE))
    mask = cut(odds, picture.colours[..., :2], (distance < -BAND) | picture.plan.sure, distance > BAND)
    return one_piece(mask, picture.plan.sure, (HOLE * picture.plan.width) ** 2)
