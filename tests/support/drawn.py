"""A clip of a drawn person, of whom everything is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.video.crop import Crop

SIZE = 256
SKIN, HAIR, SHIRT = (205, 160, 135), (50, 40, 35), (40, 60, 110)


@dataclass(frozen=True)
class Drawn:
    """Pictures of a head that sways in front of a room."""

    images: list[NDArray[np.uint8]]
    silhouettes: list[NDArray[np.bool_]]
    windows: list[Crop]
    truth: list[NDArray[np.bool_]]


def room(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A wall with pictures, and a door frame as dark as the hair."""
    out = np.full((SIZE, SIZE, 3), (190, 195, 180), np.uint8)
    for _ in range(14):
        x, y = (int(v) for v in rng.integers(0, SIZE, 2))
        cv2.rectangle(out, (x, y), (x + 30, y + 22), tuple(int(v) for v in rng.integers(60, 255, 3)), -1)
    cv2.rectangle(out, (178, 0), (187, SIZE), HAIR, -1)
    return out


def draw(count: int, side: int = 0) -> Drawn:
    """``count`` pictures; the last ``side`` columns of each lie outside the frame."""
    rng = np.random.default_rng(7)
    behind = room(rng)
    images, silhouettes, truth = [], [], []
    for k in range(count):
        x = 128 + round(18 * np.sin(0.9 * k))
        parts = [np.zeros((SIZE, SIZE), np.uint8) for _ in range(5)]
        hair, face, neck, chest, bare = parts
        cv2.ellipse(bare, (x, 106), (42, 58), 0, 0, 360, 1, -1)
        cv2.ellipse(hair, (x, 98), (52, 66), 0, 0, 360, 1, -1)
        cv2.ellipse(face, (x, 122), (38, 45), 0, 0, 360, 1, -1)
        cv2.rectangle(neck, (x - 20, 140), (x + 20, 190), 1, -1)
        cv2.ellipse(chest, (128, 270), (105, 92), 0, 0, 360, 1, -1)
        image = behind.copy()
        for part, colour in ((chest, SHIRT), (neck, SKIN), (hair, HAIR), (face, SKIN)):
            image[part > 0] = colour
        image = cv2.GaussianBlur(image, (3, 3), 0.7).astype(np.float32) + rng.normal(0, 2, image.shape)
        image = image.clip(0, 255).astype(np.uint8)
        person = np.any(parts, axis=0)
        if side:
            image[:, -side:] = image[:, -side - 1 : -side]
            person[:, -side:] = False
        images.append(image)
        silhouettes.append((bare | neck) > 0)
        truth.append(person)
    return Drawn(images, silhouettes, [Crop(0, 0, SIZE, SIZE)] * count, truth)


def overlap(matte: NDArray[np.uint8], truth: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    mask = matte > 127
    return float((mask & truth).sum() / (mask | truth).sum())
