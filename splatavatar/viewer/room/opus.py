"""Voices as Opus packets of 20 ms, by FFmpeg."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.errors import SignalError
from splatavatar.extras import required

RATE = 48000
"""Hz"""
PACKET = 960
"""samples of a packet: 20 ms"""
BITS = 24_000
"""a second"""
AHEAD = 312
"""samples that the encoder hears before those of its packet: what comes out begins so much earlier"""
SILENT = 3
"""bytes of a packet in which there is nothing to be heard, at most; FFmpeg's encoder has no setting for DTX"""


class OpusEncoder:
    """Mono sound to packets. Raises DependencyError without PyAV."""

    def __init__(self) -> None:
        av = required("av")
        self._frame = av.AudioFrame
        self._codec: Any = av.CodecContext.create("libopus", "w")
        self._codec.bit_rate = BITS
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = RATE
        self._codec.time_base = Fraction(1, RATE)
        self._codec.options = {"application": "voip", "fec": "1", "packet_loss": "5"}
        self._count = 0

    def encode(self, samples: Floats) -> list[bytes]:
        """The packets of (960,) samples in [-1, 1]: one, none at the beginning."""
        frame = self._frame.from_ndarray(integers(samples)[None], "s16", "mono")
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self._count
        self._count += PACKET
        return [bytes(packet) for packet in self._codec.encode(frame)]


class OpusDecoder:
    """Packets to mono sound. Raises DependencyError without PyAV."""

    def __init__(self) -> None:
        av = required("av")
        self._packet, self._failure = av.Packet, av.error.FFmpegError
        self._codec: Any = av.CodecContext.create("libopus", "r")
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = RATE

    def decode(self, packet: bytes) -> Floats:
        """Decodes samples (n) in [-1, 1]. Raises SignalError for what is no Opus."""
        try:
            frames = self._codec.decode(self._packet(packet))
        except (self._failure, ValueError) as error:
            raise SignalError("sound that is no Opus.") from error
        samples: Floats = np.concatenate([np.zeros(0, np.float32), *(mono(frame) for frame in frames)])
        return samples


def level(samples: Floats) -> int:
    """The loudness of samples in [-1, 1] in dB of the full scale, -127 (silence) to 0 (RFC 6464)."""
    power = float(np.mean(np.square(samples), dtype=np.float64))
    return max(round(10 * math.log10(power)), -127) if power > 1e-12 else -127


def mono(frame: Any) -> Floats:
    """The mean (n) of the channels of a frame of FFmpeg in 16-bit integers."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels)).astype(np.float32)
    mixed: Floats = (samples.mean(axis=1) / np.float32(32768)).astype(np.float32)
    return mixed


def integers(samples: Floats) -> NDArray[np.int16]:
    """Samples in [-1, 1] as 16-bit integers."""
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
