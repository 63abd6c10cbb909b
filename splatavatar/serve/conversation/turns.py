"""When somebody begins to speak, and when they have said what they wanted to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from splatavatar.drive.face.acting.ear import TICK
from splatavatar.drive.face.acting.prosody import STEP, Ears
from splatavatar.serve.speech.resampling import Samples

SURE = 0.15
"""seconds of voice that are no cough"""
BEFORE = 0.3
"""seconds before somebody is sure to speak that belong to what they say"""
PAUSE = 0.6
"""seconds of silence after which they have finished"""
LONGEST = 30.0
"""seconds after which they are answered in any case"""


class Mark(Enum):
    """What happens in a turn beside sound."""

    BEGINS = "begins"
    ENDS = "ends"


@dataclass
class Turns:
    """Cuts sound, mono at 16 kHz, into what somebody says at a time.

    A voice is told from noise by its loudness above the room's and by its pitch.
    """

    pause: float = PAUSE

    def __post_init__(self) -> None:
        self._ears = Ears()
        self._rest = np.zeros(0, np.int16)
        self._before: deque[Samples] = deque(maxlen=round((BEFORE + SURE) / STEP))
        self._lasts = 0.0
        self.speaking = False

    def push(self, samples: Samples) -> list[Mark | Samples]:
        """What ``samples`` (N) bring, in order: the beginning of a turn, sound of it, its end."""
        out: list[Mark | Samples] = []
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // TICK * TICK
        self._rest = sound[whole:]
        for tick in sound[:whole].reshape(-1, TICK):
            self._tick(tick, out)
        return out

    def _tick(self, tick: Samples, out: list[Mark | Samples]) -> None:
        heard = self._ears.hear(tick.astype(np.float32) / np.float32(32768))
        if not self.speaking:
            self._before.append(tick)
            if heard.speaking and heard.spoken >= SURE:
                self.speaking, self._lasts = True, 0.0
                out += [Mark.BEGINS, np.concatenate(self._before)]
                self._before.clear()
            return
        out.append(tick)
        self._lasts += STEP
        if heard.pause >= self.pause or self._lasts >= LONGEST:
            self.speaking = False
            out.append(Mark.ENDS)
