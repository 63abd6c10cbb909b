"""What a landmark detector sees of one face in one frame."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.array_types import Floats
from splatavatar.capture.faces.landmarks import Landmarks


@dataclass(frozen=True)
class Seen:
    """One face in one frame."""

    points: Floats
    """(478, 3) pixels of the frame, from its corner; depth away from the camera in the same unit"""
    scores: Floats
    """(52) in [0, 1], ``arkit.NAMES`` order; there is no tongueOut"""
    transform: Floats
    """(4, 4) from MediaPipe's canonical face to its camera (right, up, back), centimetres"""
    width: int
    """pixels of the frame"""
    height: int


def seen_at(landmarks: Landmarks, frame: int) -> Seen | None:
    """The face in one frame of a clip; None where it was not found."""
    if not landmarks.found[frame]:
        return None
    points, scores, transform = landmarks.points[frame], landmarks.scores[frame], landmarks.transform[frame]
    return Seen(points, scores, transform, landmarks.width, landmarks.height)
