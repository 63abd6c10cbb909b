"""The sound of a talking face as packets of Opus, silence included, each at its place on one clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.serve.speech.resampling import Samples
from splatavatar.viewer.room.opus import AHEAD, PACKET, RATE, OpusEncoder, level

SILENT = -127
"""dB of the full scale"""


@dataclass(frozen=True)
class SoundPacket:
    """20 ms of sound."""

    content: bytes
    at: int
    """the sample of the stream, 48,000 a second, that it begins with"""
    level: int
    """dB of the full scale, -127 to 0"""


class SoundPackets:
    """Cuts the sound of moments, of any length each, into packets of 20 ms."""

    def __init__(self) -> None:
        """Raises DependencyError without PyAV."""
        self._encoder: OpusEncoder | None = OpusEncoder()
        self._left = np.zeros(0, np.int16)
        self._at = 0

    @property
    def at(self) -> int:
        """The sample of the stream that the next packet begins with, as it is heard."""
        return self._at - AHEAD

    def push(self, sound: Samples | None, count: int) -> list[SoundPacket]:
        """The packets that the ``count`` samples of a moment complete: ``sound``, and silence after it."""
        heard = np.zeros(0, np.int16) if sound is None else sound[:count]
        samples = np.concatenate([self._left, heard, np.zeros(count - len(heard), np.int16)])
        packets = []
        while self._encoder is not None and len(samples) >= PACKET:
            piece, samples = samples[:PACKET].astype(np.float32) / np.float32(32768), samples[PACKET:]
            loudness = level(piece) if piece.any() else SILENT
            packets += [SoundPacket(content, self.at, loudness) for content in self._encoder.encode(piece)]
            self._at += PACKET
        self._left = samples
        return packets

    def close(self) -> None:
        """Nothing more is pushed: the encoder, with the threads that PyAV has for it, goes now and not some day."""
        self._encoder = None

    def clear(self) -> None:
        """What was not sent is silent."""
        self._left = np.zeros_like(self._left)


def samples_of(moment: int, fps: float) -> int:
    """How many samples the ``moment``-th picture's time has, as ``SpeakingFace`` counts them."""
    return round((moment + 1) * RATE / fps) - round(moment * RATE / fps)
