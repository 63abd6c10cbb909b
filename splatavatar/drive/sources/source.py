"""What every live source of face signals offers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.drive.signal import FaceSignal

Clock = Callable[[], float]
"""seconds, never going back; ``time.perf_counter`` in real runs"""
Emit = Callable[[FaceSignal], None]


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


@runtime_checkable
class HearingSource(Protocol):
    """What a source offers beside that if it hears a voice."""

    listeners: list[Callable[[Floats, float], None]]
    """take every block of mono samples (N) at 16 kHz, and when the first of them is heard, on the clock"""


def __getattr__(name: str) -> Any:
    """What plug-ins found here before, for one version."""
    if name != "Thread":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from splatavatar.drive.sources.thread import Thread

    warnings.warn(f"{__name__}.Thread is now {Thread.__module__}.Thread", DeprecationWarning, stacklevel=2)
    return Thread
