"""One picture's time of a talking face."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.drive.signal import FaceSignal
from splatavatar.serve.speech.resampling import Samples


@dataclass(frozen=True)
class Moment:
    """What is seen and heard from ``signal.time`` on for the time of one picture.

    Who hands it on later asks whether ``cleared`` is still that of the face: else it is of before an interruption, and
    its sound is not to be heard.
    """

    signal: FaceSignal
    """its time is seconds since the first moment, evenly spaced"""
    sound: Samples | None
    """(N) mono, 16 bits, at the rate of the face: those of one picture, fewer at the end of a segment and
    where it stalls; None where nobody speaks
    """
    segment: int | None
    """which segment, counted from 0, the sound is of; None without sound"""
    position: float
    """seconds of that segment that have been heard when this is over; 0 without sound"""
    begins: bool
    """whether the sound is the first of its segment"""
    ended: tuple[int, ...]
    """the segments that are over after this, in order; one that had no sound is among them"""
    cleared: int
    """interruptions so far"""
