"""What a Python member learns of the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import FaceSignal
from splatavatar.viewer.room.messages import Person


class RoomListener:
    """Told of everything by the thread of the member, which waits for each method. Override what you need."""

    def joined(self, person: Person) -> None:
        """Somebody is there; called at the beginning for those who were there before, too."""

    def changed(self, person: Person) -> None:
        """Somebody is muted or speaks again."""

    def left(self, person: Person, reason: str) -> None:
        """Somebody has gone; ``reason`` is '' where they left by themselves."""

    def lost(self, why: str) -> None:
        """The connection with the room is gone, and is looked for; ``left`` was called for everybody before."""

    def returned(self) -> None:
        """One is in the room again; ``joined`` was called for those who are there."""

    def face(self, person: Person, signal: FaceSignal) -> None:
        """The face of somebody; ``signal.time`` is in seconds of a clock of their own."""

    def sound(self, person: Person, samples: NDArray[np.float32], moment: float) -> None:
        """Hears samples (n) at 48 kHz of somebody's voice; ``moment`` is of the first, on the clock of their faces.

        Exact for what comes through the server, and to a few hundredths of a second for what comes directly.
        """
