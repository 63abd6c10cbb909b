"""VP8, which every WebRTC has (RFC 7742), as cheap as it can be made for a face before a plain ground."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from splatavatar.extras import required

KEYFRAMES = 3000
"""pictures after which a whole one is sent unasked; who lost one asks"""
CHANGE = 0.1
"""share by which the bitrate has to change before the encoder is opened anew"""
PER_PIXEL = 0.12
"""bits of a pixel of a picture"""
LEAST, MOST = 150_000, 4_000_000
"""bits a second"""


def bits(width: int, height: int, fps: float) -> int:
    """Bits a second of good pictures of that size and rate: 800,000 for 512x512 pixels, 25 a second."""
    return round(min(max(width * height * fps * PER_PIXEL, LEAST), MOST))


def vp8_encoder(rate: int) -> Any:
    """An encoder as aiortc has them, for pictures in yuv420p; ``rate`` bits a second at most.

    It is asked for less where who receives says that less comes through. One thread, the quickest search and no filter
    against noise, which a drawn picture has none of: half the time of the encoder of aiortc, and a picture as good.

    Raises DependencyError without aiortc.
    """
    av = required("av")
    required("aiortc")
    from aiortc.codecs.vpx import Vp8Encoder
    from aiortc.mediastreams import VIDEO_TIME_BASE, convert_timebase

    class CheapVp8(Vp8Encoder):
        def __init__(self) -> None:
            super().__init__()
            self._wanted = rate
            self._opened = 0

        @property
        def target_bitrate(self) -> int:
            return self._wanted

        @target_bitrate.setter
        def target_bitrate(self, bitrate: int) -> None:
            self._wanted = max(LEAST, min(bitrate, rate))

        def encode(self, frame: Any, force_keyframe: bool = False) -> tuple[list[bytes], int]:
            if self.codec is None or abs(self._wanted - self._opened) > CHANGE * self._opened:
                self.codec, self._opened = _opened(av, frame.width, frame.height, self._wanted), self._wanted
            frame.pict_type = av.video.frame.PictureType.I if force_keyframe else av.video.frame.PictureType.NONE
            content = b"".join(bytes(packet) for packet in self.codec.encode(frame))
            payloads = self._packetize(content, self.picture_id)
            self.picture_id = (self.picture_id + 1) % (1 << 15)
            return payloads, convert_timebase(frame.pts, frame.time_base, VIDEO_TIME_BASE)

    return CheapVp8()


def _opened(av: Any, width: int, height: int, rate: int) -> Any:
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height = width, height
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, 90_000)
    codec.bit_rate = rate
    codec.gop_size = KEYFRAMES
    codec.qmin, codec.qmax = 2, 56
    codec.thread_count = 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-16",
        "lag-in-frames": "0",
        "minrate": str(rate),
        "maxrate": str(rate),
        "bufsize": str(rate),
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "static-thresh": "1",
        "partitions": "0",
    }
    return codec
