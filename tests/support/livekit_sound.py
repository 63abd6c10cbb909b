"""What goes out of LiveKit's sources of sound and pictures, on their clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from splatavatar.serve.speech.resampling import Samples


@dataclass
class Sent:
    """What was captured by the sources of a test, and when it is heard and seen."""

    sound: list[tuple[float, Samples]] = field(default_factory=list)
    """each piece with the time at which it begins to be heard, seconds of ``time.monotonic``"""
    pictures: list[tuple[float, Any]] = field(default_factory=list)
    cleared: list[float] = field(default_factory=list)

    @property
    def heard(self) -> Samples:
        """All that is heard, without the silence of whole pieces."""
        pieces = [samples for _, samples in self.sound if samples.any()]
        return np.concatenate([np.zeros(0, np.int16), *pieces])

    def loud(self) -> list[tuple[float, Samples]]:
        """The pieces that are not silent."""
        return [(begins, samples) for begins, samples in self.sound if samples.any()]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Records what real sources are given; a clear cuts off what has not been heard by then."""
    record = Sent()
    capture, clear = rtc.AudioSource.capture_frame, rtc.AudioSource.clear_queue
    show = rtc.VideoSource.capture_frame

    async def recorded(source: rtc.AudioSource, frame: rtc.AudioFrame) -> None:
        begins = time.monotonic() + source.queued_duration
        record.sound.append((begins, np.array(np.frombuffer(frame.data, np.int16))))
        await capture(source, frame)

    def cleared(source: rtc.AudioSource) -> None:
        now = time.monotonic()
        record.cleared.append(now)
        kept = []
        for begins, samples in record.sound:
            left = round((now - begins) * source.sample_rate)
            if left > 0:
                kept.append((begins, samples[:left]))
        record.sound[:] = kept
        clear(source)

    def shown(source: rtc.VideoSource, frame: rtc.VideoFrame, **given: Any) -> None:
        record.pictures.append((time.monotonic(), frame))
        show(source, frame, **given)

    monkeypatch.setattr(rtc.AudioSource, "capture_frame", recorded)
    monkeypatch.setattr(rtc.AudioSource, "clear_queue", cleared)
    monkeypatch.setattr(rtc.VideoSource, "capture_frame", shown)
    return record
