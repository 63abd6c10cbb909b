"""Combs of interlaced video are gone, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.video.video import Video
from support.footage import numbered, woven_bar, write_video


def combs(image: np.ndarray) -> float:
    """How much neighbouring lines differ beyond those of one field."""
    grey = image[..., 0].astype(float)[8:-8, :160]
    return float(np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean())


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("marked", [True, False])
def test_one_moment_in_every_picture(
    tmp_path: Path, top_first: bool, marked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    params = f"interlaced=1:{'tff' if top_first else 'bff'}=1"
    pictures = woven_bar(30, top_first)
    path = write_video(tmp_path / "v.mp4", pictures, options={"x264-params": params} if marked else {})
    video = Video(path)
    shown = list(video.frames())
    assert [time for _, time, _ in shown] == pytest.approx([k / 25 for k in range(30)])
    assert combs(pictures[10]) > 5
    assert max(combs(image) for _, _, image in shown[1:-1]) < 1
    # The first field of each picture is kept: its moment is that of the picture.
    edge = [int(np.argmax(image[48, :, 0] > 140)) for _, _, image in shown]
    assert edge[1:15] == pytest.approx([10 + 8 * k for k in range(1, 15)], abs=2)
    list(video.frames())
    said = "interlaced" if marked else "interlaced, although it does not say so"
    assert caplog.messages == [f"{path}: {said}; it is deinterlaced."]


@pytest.mark.parametrize("marked", [True, False])
def test_film_that_was_taken_whole_stays_whole(tmp_path: Path, marked: bool) -> None:
    """Cameras mark it as interlaced all the same; its finest lines are not combs."""
    pictures = []
    for k in range(30):
        image = np.full((96, 192, 3), 60, np.uint8)
        image[40:56:2, 8 + 4 * k : 40 + 4 * k] = 200  # lines, one pixel thick
        image[60:90, 8 + 4 * k : 40 + 4 * k] = 200
        pictures.append(image)
    options = {"x264-params": "interlaced=1", "crf": "1"} if marked else {"crf": "1"}
    path = write_video(tmp_path / "v.mp4", pictures, options=options)
    for _, _, image in list(Video(path).frames())[5:25]:
        assert np.ptp(image[40:56, :, 1].astype(int), axis=0).max() > 100


def test_noise_is_no_comb(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    list(Video(write_video(tmp_path / "v.mp4", numbered(60))).frames())
    assert caplog.messages == []
