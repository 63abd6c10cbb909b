"""A life of a face that neither says nor hears anything."""

from __future__ import annotations

from splatavatar.array_types import Floats
from splatavatar.drive.face.idle import Idle
from splatavatar.drive.signal import FaceSignal


class StillLife:
    """What a face does that neither says nor hears anything: blinks, breath, glances."""

    def __init__(self, seed: int = 0) -> None:
        self._idle = Idle(seed)

    def say(self, samples: Floats) -> None:
        """See ``Life``."""

    def hear(self, samples: Floats) -> None:
        """See ``Life``."""

    def add(self, signal: FaceSignal, t: float) -> FaceSignal:
        """See ``Life``."""
        return self._idle.add(signal, t)

    def clear(self) -> None:
        """See ``Life``."""
