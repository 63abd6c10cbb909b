"""What takes pictures and faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splatavatar.output import check_writable, make_folder

if TYPE_CHECKING:
    from splatavatar.drive.signal import FaceSignal
    from splatavatar.drive.sinks.live_sound import LiveSoundtrack


@dataclass(frozen=True)
class Beginning:
    """The place of the beginning of something that was broken off."""

    place: Path
    instead: Path | None = None
    """where it would have been, had nothing been there"""


class Sink(Protocol):
    """Takes the frames of one playback in order."""

    def write(self, image: NDArray[np.uint8]) -> None:
        """Take one picture (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha; it is not kept. Raises OutputError."""

    def close(self) -> None:
        """Finish what has been written so far and put it in its place. Raises OutputError."""

    def keep(self) -> Beginning:
        """Finish what has been written so far, the beginning of something that was broken off. Raises OutputError."""

    def discard(self) -> None:
        """Give up: leave nothing half-written behind."""


@runtime_checkable
class LiveSink(Protocol):
    """Shows pictures as they come and may miss some."""

    name: str
    """as messages and figures call it"""
    main_thread: bool
    """whether it can only be used from the main thread, as windows can"""

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        """Show one picture (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha; it is not changed and not kept.

        ``moment`` is the time that it shows, seconds of the clock of the drive. ``age`` is the seconds since the newest
        signal in it was captured, None where it shows no signal. Raises OutputError.
        """

    def close(self) -> None:
        """Let go of the device; may be called again."""


@runtime_checkable
class SoundingSink(Protocol):
    """What a live or signal sink offers beside that if it plays sound with its pictures or faces."""

    def hear(self, sound: LiveSoundtrack) -> None:
        """Take what is heard with the pictures, called before the first of them; not where nothing is heard.

        The sink reads it, from any one thread, as fast as it plays, and closes it when it is closed itself. The first
        sample belongs to the time of the first picture or face.
        """


@runtime_checkable
class SignalSink(Protocol):
    """Takes faces as they come: a recording, somebody who draws them elsewhere."""

    def take(self, signal: FaceSignal, now: float) -> None:
        """Take the face of the moment ``now``, seconds of the clock of the drive; returns at once."""

    def close(self) -> None:
        """Finish what has been taken so far; may be called again by who takes pictures too. Raises OutputError."""


def prepare_folder(path: Path) -> None:
    """Make the folder that ``path`` lies in. Raises OutputError when that or writing ``path`` is not possible."""
    make_folder(path.parent)
    check_writable(path)
