"""The voice that drives, handed to the behaviour when it is heard."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable

from splatavatar.array_types import Floats
from splatavatar.drive.face.acting.ear import RATE

LEAD = 0.1
"""seconds by which sound that is known before it is heard is said early: beats of the head fall on its syllables"""
PICTURE = 0.05
"""seconds before it is due that sound is said: the next picture may come later"""
MOST_AHEAD = 0.4
"""seconds of sound that may wait to be acted on; blocks that come on top, as after a stall, are left out"""
MOST = 400
"""blocks that may wait; older ones are dropped"""


class OwnVoice:
    """Takes blocks of sound from the thread of a source, and gives those out that are due."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[tuple[Floats, float]] = deque(maxlen=MOST)
        self._until = -math.inf
        """when what was said ends"""

    def take(self, samples: Floats, heard: float) -> None:
        """Take mono samples at 16 kHz, the first of them heard at ``heard`` on the clock of the pictures."""
        with self._lock:
            self._blocks.append((samples, heard))

    def tell(self, say: Callable[[Floats], None], now: float) -> None:
        """Say what is due for the picture of ``now``.

        The sound of a microphone has been heard when it comes, and is acted on at once; that of a file is on its clock.
        """
        with self._lock:
            while self._blocks and self._blocks[0][1] - LEAD <= now + PICTURE:
                samples, heard = self._blocks.popleft()
                begins, place = max(self._until, now), heard - LEAD
                if begins - now > MOST_AHEAD:
                    continue
                if place < begins < place + len(samples) / RATE:
                    samples = samples[round((begins - place) * RATE) :]
                say(samples)
                self._until = begins + len(samples) / RATE
