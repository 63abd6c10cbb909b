"""What a phone makes of the pictures: ``python -m made_person.film PICTURES ROOM.png OUT.mp4``.

The room lies behind every picture as its wall moves before the camera, then come the lens, the sensor's noise, a
little sharpening and H.264.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from made_person import cameras
from made_person.performance import FPS, PICTURES

Picture = NDArray[np.float32]

LENS = 0.55
"""pixels: standard deviation of what lens and mosaic blur"""
FRINGE = 0.9
"""pixels: standard deviation of what is smoothed where hair and room mix"""
READ, SHOT = 0.0055, 0.011
"""standard deviations of the noise in the dark, and what full brightness adds (of a picture in 0 to 1)"""
SHARPENED = 0.55
"""how much of the difference from a blurred picture is added"""
QUALITY = "26"
"""constant rate factor of H.264"""


def composed(picture: Picture, room: Picture, time: float) -> Picture:
    """``picture`` (H, W, 4) with straight alpha over the room as the phone saw it at a time in seconds."""
    width, height = cameras.CLIP_SIZE
    warp = cameras.homography(cameras.plate(), cameras.phone(time))
    behind = cv2.warpPerspective(room, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    person = softened(picture)
    return np.asarray(person[..., :3] + behind[..., :3] * (1 - person[..., 3:]), np.float32)


def softened(picture: Picture) -> Picture:
    """``picture`` (H, W, 4) with its colours multiplied by alpha, smooth where few paths say how much hair there is."""
    person = np.concatenate([picture[..., :3] * picture[..., 3:], picture[..., 3:]], 2)
    soft = cv2.GaussianBlur(person, (0, 0), FRINGE)
    mixed = (soft[..., 3:] > 0.02) & (soft[..., 3:] < 0.98)
    return np.asarray(np.where(mixed, soft, person), np.float32)


def filmed(picture: Picture, random: np.random.Generator) -> NDArray[np.uint8]:
    """``picture`` (H, W, 3) through lens, sensor and sharpening."""
    soft = cv2.GaussianBlur(picture, (0, 0), LENS)
    deviation = np.sqrt(READ**2 + SHOT**2 * soft.clip(0, 1))
    # A phone smooths noise before it sharpens: what is left is coarser than a pixel.
    noise = cv2.GaussianBlur(random.normal(0, 1, soft.shape).astype(np.float32), (0, 0), 0.7) * 2.2
    noisy = soft + deviation * noise
    sharp = noisy + SHARPENED * (noisy - cv2.GaussianBlur(noisy, (0, 0), 1.3))
    return np.asarray(sharp.clip(0, 1) * 255 + 0.5, np.uint8)


def opened(path: Path) -> Picture:
    """A picture (H, W, 4), RGB with straight alpha, in 0 to 1."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]] / np.float32(255), np.float32)


def spacing(there: set[int]) -> int:
    """The smallest number so that every picture that is a multiple of it is among those ``there``."""
    return next(step for step in range(1, PICTURES + 1) if there.issuperset(range(0, PICTURES, step)))


def main(pictures: Path, room: Path, out: Path) -> None:
    behind, random = opened(room), np.random.default_rng(1)
    there = {int(path.stem) for path in pictures.glob("[0-9]*.png")}
    step = spacing(there)
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS, step))
        stream.width, stream.height = cameras.CLIP_SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": QUALITY, "preset": "slow"}
        for number in range(0, PICTURES, step):
            picture = opened(pictures / f"{number:04d}.png")
            seen = filmed(composed(picture, behind, number / FPS), random)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(seen, "rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
