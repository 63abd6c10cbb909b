"""Tells who receives when sound and pictures belong together, by the one clock that both are made on.

aiortc says of each stream when the packet that it sent last was sent. A picture takes longer to be drawn than its sound
to be encoded, and so would be shown that much later. Here both reports say when the moment of the packet was due.
Of another version of aiortc, whose inner names differ, reports stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TICK = 1 << 32
"""of a second in a time of NTP"""


def keep_together(sender: Any, rate: int, began: Callable[[], float], level: Callable[[], int] | None = None) -> None:
    """Have the reports of ``sender`` say when its packets were due.

    Args:
        sender: an RTCRtpSender that has not begun.
        rate: ticks a second of its timestamps.
        began: seconds since 1900 (as NTP has them) at which the stream's clock was 0.
        level: the loudness of what is sent, for streams of sound.
    """
    following, send = getattr(sender, "_next_encoded_frame", None), getattr(sender, "_send_rtcp", None)
    if following is None or send is None:
        return
    sent: float | None = None  # seconds of the stream of what was sent last

    async def followed(codec: Any) -> Any:
        nonlocal sent
        frame = await following(codec)
        if frame is not None:
            sent = frame.timestamp / rate
            if level is not None:
                frame.audio_level = level()
        return frame

    async def reported(packets: list[Any]) -> None:
        for packet in packets:
            told = getattr(packet, "sender_info", None)
            if told is not None and sent is not None:
                told.ntp_timestamp = round((began() + sent) * TICK)
        await send(packets)

    sender._next_encoded_frame, sender._send_rtcp = followed, reported
