"""What a sink is, and which one a path asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import OutputError
from splatavatar.output import check_writable, make_folder

if TYPE_CHECKING:
    from splatavatar.drive.sinks.soundtrack import Soundtrack


KINDS = (".mp4", ".webm", ".png")
"""of outputs, by the suffix of their path"""


@dataclass(frozen=True)
class Beginning:
    """Where the beginning of something that was broken off is."""

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


class LiveSink(Protocol):
    """Shows pictures as they come and may miss some."""

    name: str
    """as messages and figures call it"""
    main_thread: bool
    """whether it can only be used from the main thread, as windows can"""

    def write(self, image: NDArray[np.uint8], age: float | None) -> None:
        """Show one picture (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha; it is not changed and not kept.

        ``age`` is the seconds since the newest signal in it was captured, None where it shows no signal. Raises
        OutputError.
        """

    def close(self) -> None:
        """Let go of the device; may be called again."""


def open_sink(
    path: str | Path, fps: float, width: int, height: int, transparent: bool, sound: Soundtrack | None = None
) -> Sink:
    """The sink for ``path``: ``x.mp4`` and ``x.webm`` are videos with ``sound``, ``folder/%05d.png`` numbered pictures.

    Raises OutputError.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        if transparent:
            raise OutputError(
                f"{path}: an mp4 cannot be transparent; give a background colour, or write out.webm or frames/%05d.png."
            )
        from splatavatar.drive.sinks.video import VideoSink

        return VideoSink(path, frame_rate(fps), width, height, sound)
    if suffix == ".webm":
        from splatavatar.drive.sinks.webm import WebmSink

        return WebmSink(path, frame_rate(fps), width, height, sound)
    if suffix == ".png":
        from splatavatar.drive.sinks.frames import FramesSink

        return FramesSink(path)
    raise _unknown(path)


def check_kind(path: Path) -> None:
    """Raises OutputError as ``open_sink`` does for a path that is none of a sink."""
    if path.suffix.lower() not in KINDS:
        raise _unknown(path)


def _unknown(path: Path) -> OutputError:
    return OutputError(
        f"{path}: unknown kind of output, expected a video (out.mp4, out.webm) or numbered pictures (frames/%05d.png)."
    )


def open_sinks(openings: Sequence[Callable[[], Sink]]) -> list[Sink]:
    """The sinks of ``openings``, opened one after the other: all of them or none.

    Where one cannot be opened, those before it are discarded. Raises OutputError.
    """
    with ExitStack() as opened:
        sinks = []
        for opening in openings:
            sinks.append(opening())
            opened.callback(sinks[-1].discard)
        opened.pop_all()
    return sinks


def frame_rate(fps: float) -> Fraction:
    """``fps`` as the fraction that a container stores: NTSC rates by their exact name (29.97 is 30000/1001)."""
    ntsc = Fraction(round(fps * 1001 / 1000) * 1000, 1001)
    if ntsc > 0 and abs(float(ntsc) - fps) < 2e-4 * fps and abs(round(fps) - fps) > 1e-6 * fps:
        return ntsc
    return Fraction(fps).limit_denominator(1000)


def prepare_folder(path: Path) -> None:
    """Make the folder that ``path`` lies in. Raises OutputError when that or writing ``path`` is not possible."""
    make_folder(path.parent)
    check_writable(path)
