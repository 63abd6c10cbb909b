from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.inspection.lost import lost_sentences, stretches
from splatavatar.capture.preparation.folder import Extraction, landmarks_path
from splatavatar.capture.video.crop import Crop
from support.faces import good_landmarks, without


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], ""),
        ([4], "4"),
        ([3, 7, 8, 9], "3, 7-9"),
        ([0, 1, 3, 4, 6], "0-1, 3-4, 6"),
        (range(0, 40, 2), "0, 2, 4, 6, 8, 10, 12, 14, and 12 more"),
    ],
)
def test_stretches(frames: list[int], expected: str) -> None:
    assert stretches(frames) == expected


def test_each_clip_with_lost_frames_is_named(tmp_path: Path) -> None:
    (tmp_path / "landmarks").mkdir()
    whole = good_landmarks()
    lost = without(whole, "found", slice(10, 13), False)
    held_out = lost.kept(np.arange(250) >= 50)  # is no loss
    for clip, landmarks in enumerate((whole, lost, held_out)):
        landmarks.save(landmarks_path(tmp_path, clip))
    clips = [{"name": name} for name in ("a.mp4", "b.mp4", "c.mp4")]
    extraction = Extraction(clips, False, [0, 200, 0], [(0, 0)], [Crop(0, 0, 9, 9)], 0.44)
    assert lost_sentences(tmp_path, extraction) == [
        "No face in 3 of 250 frames of b.mp4, left out: 210-212",
        "No face in 3 of 203 frames of c.mp4, left out: 10-12",
    ]
