"""Black bars are cut off; darkness that was filmed stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.video.bars import content
from splatavatar.capture.video.clips import VideoClip
from support.footage import write_video

WIDTH, HEIGHT = 96, 64


def filmed(seed: int) -> np.ndarray:
    """A bright scene with a dark jacket at the bottom."""
    image = np.random.default_rng(seed).integers(60, 220, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    image[50:, 40:60] = 15
    return image


def barred(image: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """``image`` under bars whose black is a little noisy."""
    noise = np.random.default_rng(0).integers(0, 12, image.shape).astype(np.uint8)
    out = image.copy()
    for rows in (slice(0, top), slice(HEIGHT - bottom, HEIGHT)):
        out[rows] = noise[rows]
    for columns in (slice(0, left), slice(WIDTH - right, WIDTH)):
        out[:, columns] = noise[:, columns]
    return out


@pytest.mark.parametrize(
    "bars",
    [(0, 0, 0, 0), (0, 9, 0, 0), (8, 8, 0, 0), (0, 0, 30, 30), (6, 7, 8, 9)],
    ids=lambda bars: "-".join(map(str, bars)),
)
def test_bars_are_found(bars: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = bars
    pictures = [barred(filmed(seed), *bars) for seed in range(3)]
    assert content(pictures) == (left, top, WIDTH - right, HEIGHT - bottom)


def test_their_soft_edge_goes_too() -> None:
    image = barred(filmed(0), 8, 0, 0, 0)
    image[8] //= 8
    assert content([image])[1] == 9


def test_what_is_dark_in_one_picture_alone_is_no_bar() -> None:
    assert content([barred(filmed(0), 8, 8, 0, 0), filmed(1)]) == (0, 0, WIDTH, HEIGHT)


def test_a_dark_room_has_no_bars() -> None:
    room = np.full((HEIGHT, WIDTH, 3), 8, np.uint8)
    room[20:, 35:60] = 180  # somebody
    assert content([room]) == (0, 0, WIDTH, HEIGHT)
    assert content([np.zeros_like(room)]) == (0, 0, WIDTH, HEIGHT)


def test_little_that_is_left_is_no_picture() -> None:
    assert content([barred(filmed(0), 0, 0, 40, 40)]) == (0, 0, WIDTH, HEIGHT)


def test_a_clip_has_no_bars(tmp_path: Path) -> None:
    frames = [barred(filmed(seed), 16, 0, 0, 8) for seed in range(6)]
    clip = VideoClip(write_video(tmp_path / "v.mp4", frames))
    assert abs(clip.info.height - 48) <= 1 and abs(clip.info.width - 88) <= 1
    shown = [frame.image for frame in clip.frames()]
    assert len(shown) == 6 and {image.shape for image in shown} == {(clip.info.height, clip.info.width, 3)}
    assert min(image[:3].mean() for image in shown) > 60
