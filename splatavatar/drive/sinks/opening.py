"""Which sink a path asks for: those of the package, and those that other packages add.

A plug-in declares an entry point of the group ``splatavatar.sinks``: its name is a suffix (``.mkv``), its object takes
the arguments of ``open_sink`` and returns a ``Sink``. Other names are those of live sinks, see ``named``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.drive.sinks.sink import Sink
from splatavatar.errors import OutputError
from splatavatar.plugins import called, plugins

if TYPE_CHECKING:
    from splatavatar.drive.sinks.soundtrack import Soundtrack
    from splatavatar.trust.credentials.marker import Marker

GROUP = "splatavatar.sinks"
KINDS = (".mp4", ".webm", ".png")
"""of outputs, by the suffix of their path"""


def open_sink(
    path: str | Path,
    fps: float,
    width: int,
    height: int,
    transparent: bool,
    sound: Soundtrack | None = None,
    marker: Marker | None = None,
) -> Sink:
    """The sink for ``path``: ``x.mp4`` and ``x.webm`` are videos with ``sound``, ``folder/%05d.png`` numbered pictures;
    other suffixes are those of plug-ins.

    >>> import splatavatar as sa
    >>> sink = sa.open_sink("frames/%03d.png", fps=30, width=64, height=64, transparent=False)
    >>> performer = sa.Performer(sa.load_avatar("demo"))
    >>> sink.write(performer.draw(None, performer.camera(64, 64)))
    >>> sink.close()

    Args:
        path: what is written.
        fps: pictures a second.
        width, height: pixels of every picture.
        transparent: whether the pictures have alpha.
        sound: what is heard with them.
        marker: gives them content credentials.

    Raises:
        OutputError: unknown kind, nowhere to write, or what such a file cannot hold.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    point = _plugins().get(suffix)
    if point is not None:
        what = f"{path}: the writer of {suffix} files"
        sink: Sink = called(point, what, OutputError, path, fps, width, height, transparent, sound)
        if marker is None:
            return sink
        from splatavatar.drive.sinks.marked import MarkedSink

        return MarkedSink(sink, path, marker)
    if suffix == ".mp4":
        if transparent:
            raise OutputError(
                f"{path}: an mp4 cannot be transparent; give a background colour, or write out.webm or frames/%05d.png."
            )
        from splatavatar.drive.sinks.encoded import MP4, EncodedVideo

        return EncodedVideo(path, frame_rate(fps), width, height, MP4, sound, marker)
    if suffix == ".webm":
        from splatavatar.drive.sinks.encoded import WEBM, EncodedVideo

        return EncodedVideo(path, frame_rate(fps), width, height, WEBM, sound, marker)
    if suffix == ".png":
        from splatavatar.drive.sinks.frames import FramesSink

        return FramesSink(path, marker)
    raise _unknown(path)


def check_kind(path: Path) -> None:
    """Raises OutputError as ``open_sink`` does for a path that is none of a sink."""
    if path.suffix.lower() not in (*KINDS, *_plugins()):
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


def _plugins() -> dict[str, EntryPoint]:
    named = {name.lower(): point for name, point in plugins(GROUP).items() if name.startswith(".")}
    return {suffix: point for suffix, point in named.items() if suffix not in KINDS}


def frame_rate(fps: float) -> Fraction:
    """The fraction that a container stores for ``fps``: NTSC rates by their exact name (29.97 is 30000/1001)."""
    ntsc = Fraction(round(fps * 1001 / 1000) * 1000, 1001)
    if ntsc > 0 and abs(float(ntsc) - fps) < 2e-4 * fps and abs(round(fps) - fps) > 1e-6 * fps:
        return ntsc
    return Fraction(fps).limit_denominator(1000)
