"""What every live source of face signals offers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES

Clock = Callable[[], float]
"""seconds, never going back; ``time.perf_counter`` in real runs"""
Emit = Callable[[FaceSignal], None]

MOUTH, EYES, BROWS, HEAD, GAZE = "mouth", "eyes", "brows", "head", "gaze"
FACE: frozenset[str] = frozenset({MOUTH, EYES, BROWS, HEAD, GAZE})
"""the channels of a source that sees a whole face"""
VOICE: frozenset[str] = frozenset({MOUTH})
"""the channels of a source that hears a voice"""

JOIN_SECONDS = 5.0
"""that a thread gets to end before it is left alone (a camera driver may hang)"""


class Source(Protocol):
    """Emits face signals from a thread of its own."""

    name: str
    """as messages and figures call it: "webcam 0", "livelink 11111" """
    fps: float
    """nominal signals a second"""
    channels: frozenset[str]
    """what it measures, of mouth, eyes, brows, head, gaze"""
    ended: bool
    """whether nothing more will come"""

    def start(self, emit: Emit, clock: Clock) -> None:
        """Open the source, and call ``emit`` from a thread until ``stop``.

        The time of a signal is when it was captured, on ``clock``. A confidence of 0 says that the face is not there;
        the other values are then 0. Once started a source never raises: it says what is wrong and goes on.

        Raises:
            SourceError: it cannot be opened.
            DependencyError: a package or a model that it needs is absent.
        """
        ...

    def stop(self) -> None:
        """End the thread and let go of the device. May be called again, and before ``start``."""
        ...


@runtime_checkable
class PictureSource(Protocol):
    """What a source offers beside that if it sees pictures."""

    def picture(self) -> NDArray[np.uint8] | None:
        """The newest picture (H, W, 3) RGB, the same array until there is another one, never written to again; None
        before the first.
        """
        ...


class Thread:
    """A daemon thread that runs ``work`` until it returns or is told to stop."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=work, args=(self._stopping,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell ``work`` to stop and wait for it; from the thread itself only tell it."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(JOIN_SECONDS)


def nobody(time: float) -> FaceSignal:
    """The signal of a frame that shows no face."""
    return FaceSignal(
        time,
        np.zeros(len(NAMES), np.float32),
        np.zeros(3, np.float32),
        np.zeros(3, np.float32),
        np.zeros((2, 2), np.float32),
        0.0,
    )
