"""Which frames become pictures: sharp ones, as different from each other as can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.faces.landmarks import Landmarks

BLURRED = 0.5
"""of the sharpness of the frames around a frame: less is motion blur"""
AROUND = 7
"""frames to each side"""
TURN = 3.0
"""weight of a radian of head rotation beside a unit of a score"""
WAY = 0.5
"""weight of an eye span of way beside them"""


def choose_frames(landmarks: Landmarks, count: int, allowed: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """The chosen ``count`` frames, ascending, or as many as show the face and are ``allowed`` (T).

    Farthest-point selection (Gonzalez 1985) over head rotation, expression scores and place, from the most restful
    frame on: extremes come first, then what lies between them. Frames that are blurred against their neighbours stay
    out while there are others.
    """
    usable = landmarks.found if allowed is None else landmarks.found & allowed
    frames = np.flatnonzero(usable)
    if len(frames) <= count:
        return frames
    sharpness = landmarks.sharpness[frames] / np.maximum(_around(landmarks.sharpness[frames]), 1e-9)
    enough = min(BLURRED, float(np.sort(sharpness)[-count]))
    frames = frames[sharpness >= enough]
    points = landmarks.points[frames]
    span = np.median(np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=1))
    turn = landmarks.transform[frames, :3, 2]  # where the face looks
    place = points[:, :, :2].mean(1) / span
    features = np.concatenate([landmarks.scores[frames], TURN * turn, WAY * place], 1).astype(np.float64)
    turned = TURN * np.linalg.norm(turn - np.median(turn, axis=0), axis=1)
    chosen = [int((landmarks.scores[frames].sum(1) + turned).argmin())]
    distance = np.full(len(frames), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, ((features - features[chosen[-1]]) ** 2).sum(1))
        distance[chosen[-1]] = -1.0
        chosen.append(int(distance.argmax()))
    return np.sort(frames[chosen])


def _around(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The median of each value and its neighbours."""
    padded = np.pad(values.astype(np.float64), AROUND, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1), axis=1))
