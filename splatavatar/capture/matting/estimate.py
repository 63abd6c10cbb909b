"""Mattes of the pictures of one clip.

A network says where the person is, in 256 x 256 pixels. What the clip looks like, the colours of the person and of what
is behind, then finds the outline near the one that the network gives, and a guided filter its soft edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats, Mask
from splatavatar.capture.matting.anatomy import disc, signed_distance
from splatavatar.capture.matting.background import Plate, estimate_background
from splatavatar.capture.matting.clean import one_piece
from splatavatar.capture.matting.foreign import is_foreign
from splatavatar.capture.matting.graph_cut import cut
from splatavatar.capture.matting.leaks import Departure, departures, weight
from splatavatar.capture.matting.models import Colours, learn
from splatavatar.capture.matting.padding import continued, outside
from splatavatar.capture.matting.picture import FINE, HeadPicture, prepare, refined
from splatavatar.capture.matting.rembg_matter import rembg_mattes
from splatavatar.capture.matting.segmentation import one_thread_each, person_odds
from splatavatar.capture.matting.soft_edge import soften
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import SettingsError
from splatavatar.progress import ShareProgress

T = TypeVar("T")
EDITIONS = {"grabcut": 2, "rembg": 1}
"""of each method: another way to find the same mattes has another"""
METHODS = tuple(EDITIONS)
LEARNT_FROM = 40
"""pictures of the clip, spread over it, that the colours are learnt from"""
SHARE_SEEN, SHARE_LEARNT = 0.4, 0.5
"""of the time, when the network has seen all pictures and when the colours are learnt"""
THREADS = 2
"""pictures that are looked at at a time"""
HOLE = 0.1
"""holes smaller than the square of this width of the head are filled"""
CONFIDENT = 3.0
"""log odds of the network from which a pixel teaches the colours"""
RIM = 0.05
"""widths of the head about a mask that may still be the person"""
BAND = 6.0
"""pixels of the fine size about the outline that the network gives in which the true one is looked for"""
SEED = 4.0
"""log odds that the network may weigh"""
HELP = 0.4
"""weight of the log odds of the colours beside those of the network"""
HESITANT = 3.0
"""log odds of the network within which the colours decide, however far from its outline"""
UNSURE = 0.9
"""of a matte where the network hesitates: the person, as far as can be told, but less than what a bake takes colours
from"""
DENIED = -2.0
"""log odds below which the network is believed that even within the rig there is something else"""
BLIND = 0.5
"""share of the rig that is denied from which on the network is taken not to see this person"""


@dataclass(frozen=True)
class Mattes:
    """The mattes of T pictures."""

    mattes: list[Bytes]
    """T of (S, S): 0 background, 255 the person"""
    weights: NDArray[np.float32]
    """(T) in [0, 1] how far each can be trusted"""
    foreign: NDArray[np.bool_]
    """(T) whether a hand or a thing comes before the person, or somebody beside them"""


@dataclass(frozen=True)
class Seen:
    """What the network sees in one picture."""

    picture: HeadPicture
    odds: Floats
    """(FINE, FINE) log odds of the person, within SEED"""
    mask: Mask
    """(H, W) the person, at the coarse size"""
    foreign: bool
    """see ``is_foreign``"""


def edition_of(method: str) -> str:
    """What a capture notes of its mattes: those of another edition are cut again."""
    return f"{method}-{EDITIONS[method]}"


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
    pictures = each(prepare, images, silhouettes, windows)
    known = [k for k, p in enumerate(pictures) if p]
    seen = [p for p in pictures if p]
    mattes = [np.zeros(image.shape[:2], np.uint8) for image in images]
    weights, foreign = np.zeros(len(images), np.float32), np.zeros(len(images), bool)
    if method == "rembg":
        found = rembg_mattes([images[k] for k in known], heard)
        masks = [
            cv2.resize(matte, p.bins.shape[::-1], interpolation=cv2.INTER_AREA) > 127
            for matte, p in zip(found, seen, strict=True)
        ]
        trust = [weight(d.area, d.area) for d in departures(seen, masks)]
    else:
        found, trust, foreign[known] = _by_network([images[k] for k in known], [windows[k] for k in known], seen, heard)
    for k, matte, trusted in zip(known, found, trust, strict=True):
        mattes[k] = np.where(outside(images[k], windows[k]), 0, matte).astype(np.uint8)
        weights[k] = trusted
    return Mattes(mattes, weights, foreign)


def _by_network(
    images: Sequence[Bytes], windows: Sequence[Crop], pictures: Sequence[HeadPicture], heard: ShareProgress
) -> tuple[list[Bytes], list[float], list[bool]]:
    """Mattes (S, S), weights, and whether something foreign is there."""
    import cv2

    if not pictures:
        return [], [], []
    with one_thread_each():
        odds = each(seed, images, windows, heard=lambda share: heard(SHARE_SEEN * share))
    seen = each(see, odds, pictures)
    masks = [s.mask for s in seen]
    departed = departures(pictures, masks)
    chosen = np.unique(np.linspace(0, len(seen) - 1, LEARNT_FROM).astype(int))
    colours = learn_colours([seen[k] for k in chosen])
    plate = see_behind([refined(pictures[k], images[k], windows[k]) for k in chosen], [seen[k] for k in chosen])
    heard(SHARE_LEARNT)

    def cut_out(image: Bytes, window: Crop, of: Seen, departure: Departure) -> Bytes:
        odds = of.odds + cv2.resize(departure.odds, (FINE, FINE)) if departure.area > 0 else of.odds
        matte = soften(outline(refined(of.picture, image, window), odds, colours, plate), image)
        doubt = cv2.resize(doubtful(odds).view(np.uint8), matte.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        return np.asarray(np.rint(255 * np.where(doubt, np.minimum(matte, UNSURE), matte)), np.uint8)

    rest = SHARE_LEARNT, 1 - SHARE_LEARNT
    mattes = each(cut_out, images, windows, seen, departed, heard=lambda share: heard(rest[0] + rest[1] * share))
    return mattes, [weight(d.area, d.area) for d in departed], [s.foreign for s in seen]


def seed(image: Bytes, window: Crop) -> Floats:
    """The network's log odds (FINE, FINE) of the person in ``image`` (S, S, 3), continued outside the frame.

    The network is shown the frame alone: what repeats its border looks like a curtain to it.
    """
    import cv2

    shown = ~outside(image, window)
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if len(rows) == 0 or shown.all():
        return person_odds(image)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    inner = cv2.resize(person_odds(image[top:bottom, left:right]), (int(right - left), int(bottom - top)))
    borders = (int(top), len(image) - int(bottom), int(left), len(image) - int(right))
    odds = cv2.copyMakeBorder(inner, *borders, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(odds, (FINE, FINE), interpolation=cv2.INTER_AREA), np.float32)


def each(do: Callable[..., T], *of: Sequence[Any], heard: ShareProgress | None = None) -> list[T]:
    """What ``do`` makes of each picture, several at a time; in their order."""
    out = []
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for result in pool.map(do, *of):
                out.append(result)
                if heard:
                    heard(len(out) / len(of[0]))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return out


def see(odds: Floats, picture: HeadPicture) -> Seen:
    """The person by the network's log ``odds`` (FINE, FINE) and what else is known of the ``picture``."""
    import cv2

    size = picture.bins.shape[::-1]
    coarse = cv2.resize(odds, size, interpolation=cv2.INTER_AREA)
    plan = picture.plan
    sure = plan.sure & ~picture.padded
    if (coarse[sure] < DENIED).mean() < BLIND:
        sure &= coarse > DENIED
    mask = continued(((coarse > 0) | sure) & ~plan.never, picture.padded)
    mask = one_piece(mask, sure, (HOLE * plan.width) ** 2)
    # What the anatomy forbids, other people and islands are not the person, whatever the network says.
    kept = cv2.resize(mask.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_LINEAR) > 0
    rig = cv2.resize(sure.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_NEAREST) > 0
    odds = np.clip(np.where(rig, np.maximum(odds, HESITANT), odds), -SEED, SEED)
    return Seen(picture, np.where(kept, odds, -SEED).astype(np.float32), mask, is_foreign(picture, coarse))


def learn_colours(seen: Sequence[Seen]) -> Colours:
    """Of the person and of what is behind, from what the network is sure of."""
    import cv2

    coarse = [cv2.resize(s.odds, s.mask.shape[::-1], interpolation=cv2.INTER_AREA) for s in seen]
    person = [s.mask & (odds > CONFIDENT) for s, odds in zip(seen, coarse, strict=True)]
    behind = [~s.mask & (odds < -CONFIDENT) for s, odds in zip(seen, coarse, strict=True)]
    return learn([s.picture for s in seen], person, behind)


def see_behind(pictures: Sequence[HeadPicture], seen: Sequence[Seen]) -> Plate | None:
    """The background that the persons who were ``seen`` leave in ``pictures``, the same at the fine size."""
    import cv2

    away = [
        ~p.padded & ~(cv2.dilate(enlarged(s.mask).view(np.uint8), disc(RIM * p.plan.width)) > 0)
        for p, s in zip(pictures, seen, strict=True)
    ]
    return estimate_background([p.colours for p in pictures], away, [p.offset for p in pictures])


def enlarged(mask: Mask) -> Mask:
    """A coarse ``mask`` at the fine size (FINE, FINE)."""
    import cv2

    return np.asarray(cv2.resize(mask.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_NEAREST) > 0)


def doubtful(odds: Floats) -> Mask:
    """Where (H, W) the network hesitates, by its ``odds`` (H, W), over more than the width of an edge."""
    import cv2

    hesitates = (np.abs(odds) < HESITANT).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(hesitates, cv2.MORPH_OPEN, disc(0.5 * BAND)) > 0)


def outline(picture: HeadPicture, odds: Floats, colours: Colours, plate: Plate | None) -> Mask:
    """The mask (FINE, FINE) of the person, whose outline is near that of the network's ``odds``."""
    distance = signed_distance(odds > 0)
    sure, never = distance < -BAND, distance > BAND
    hesitates = np.abs(odds) < HESITANT
    near = (hesitates | ~(sure | never)) & ~picture.padded
    sure, never = sure & ~near, never & ~near
    total = odds.copy()
    total[near] += HELP * colours.odds(picture, plate, near)
    mask = cut(total, picture.colours[..., :2], sure, never, picture.padded)
    mask = continued(mask, picture.padded)
    return one_piece(mask, sure & picture.plan.sure, (HOLE * picture.plan.width) ** 2)
