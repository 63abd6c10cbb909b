"""Frames in which the face was lost: they are left out, and said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import Extraction, landmarks_path
from splatavatar.printable import printable

LISTED = 8
"""stretches of frames that a sentence names"""


def lost_sentences(folder: Path, extraction: Extraction) -> list[str]:
    """One for each clip with frames that show no face.

    Raises:
        CaptureError: the landmarks are damaged.
    """
    sentences = []
    for clip, (info, first) in enumerate(zip(extraction.clips, extraction.first, strict=True)):
        landmarks = Landmarks.load(landmarks_path(folder, clip))
        lost = np.flatnonzero(landmarks.lost) + first
        if len(lost):
            where = stretches(lost.tolist())
            name = printable(info["name"])
            sentences.append(
                f"No face in {len(lost)} of {(landmarks.faces >= 0).sum()} frames of {name}, left out: {where}"
            )
    return sentences


def stretches(frames: Iterable[int]) -> str:
    """A text such as ``3, 7-9`` for the ascending ``frames`` 3, 7, 8 and 9."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], frame]
        else:
            runs.append([frame, frame])
    named = [_run(run) for run in runs[:LISTED]]
    return ", ".join([*named, f"and {len(runs) - LISTED} more"] if len(runs) > LISTED else named)


def _run(run: Sequence[int]) -> str:
    return str(run[0]) if run[0] == run[1] else f"{run[0]}-{run[1]}"
