"""The voice that drives, handed to the behaviour when it is heard."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from splatavatar.array_types import Floats
from splatavatar.drive.face.acting.ear import RATE

LEAD = 0.1
"""seconds by which sound that is known before it is heard is said early: beats of the head fall on its syllables"""
LATE = 0.3
"""seconds that sound may be heard late, as after a stall; what is later is left out"""
MOST = 4000
"""pieces that may wait; older ones are dropped"""


class OwnVoice:
    """Takes blocks of sound from the thread of a source, and gives those out that are due."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[tuple[Floats, float]] = deque(maxlen=MOST)
        self._until = -float("inf")

    def take(self, samples: Floats, heard: float) -> None:
        """Take mono samples at 16 kHz, the first of them heard at ``heard`` on the clock of the pictures."""
        with self._lock:
            self._blocks.append((samples, heard))

    def tell(self, say: Callable[[Floats], None], now: float) -> None:
        """Say what is due for the picture of ``now``."""
        with self._lock:
            while self._blocks and self._blocks[0][1] - LEAD <= now:
                samples, heard = self._blocks.popleft()
                begins = max(self._until, now)
                if begins - heard > LATE:
                    continue
                say(samples)
                self._until = begins + len(samples) / RATE
