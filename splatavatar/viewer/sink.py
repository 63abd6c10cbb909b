"""A driver's faces on their way to viewers."""

from __future__ import annotations

from splatavatar.drive.signal import FaceSignal
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.protocol import encode


class ViewerSink:
    """Sends each face of a drive to whoever follows ``hub``; see ``SignalSink``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sequence = 0
        self._start: float | None = None

    def take(self, signal: FaceSignal, now: float) -> None:
        """See ``SignalSink``. What is sent as the time is that since the first face."""
        if self._start is None:
            self._start = now
        self._hub.publish(encode(signal, self._sequence, max(now - self._start, 0.0)))
        self._sequence += 1

    def close(self) -> None:
        """Nothing is left to be done."""
