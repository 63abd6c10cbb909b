"""What ``splatavatar drive`` says of a session while it runs and when it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.marking import tell_unmarked
from splatavatar.cli.progress import progress_bars
from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.drive.live.stats import Stats
    from splatavatar.drive.session import Session


def drive_live(session: Session, stats: bool) -> None:
    """Runs ``session`` to its end, printing figures twice a second with ``stats``."""
    session.calibrated = _kept
    last = session.run(_report if stats else None)
    width, height = session.settings.size
    what = f"pictures of {width}x{height}" if last.dropped else "faces"
    tell(f"{last.rendered} {what}: {last.line()}")
    if not session.settings.marks:
        tell_unmarked(*map(Path, session.settings.outputs))


def drive_film(session: Session) -> None:
    """Plays the file of ``session`` frame by frame."""
    with progress_bars("reading the face", "driving") as (reading, drawing):
        film = session.film(reading, drawing)
    settings = session.settings
    width, height = settings.size
    if settings.record is not None:
        tell(f"{settings.record}: {film.frames} frames at {film.fps:.5g} a second")
    if film.played is None:
        return
    how = f"{width}x{height} at {film.fps:.5g} a second, rendered at {film.played.render_fps:.0f} FPS"
    for out in settings.outputs:
        tell(f"{out}: {film.played.frames} frames of {how}")
    if not settings.marks:
        tell_unmarked(*map(Path, settings.outputs))


def _kept(source: str, path: Path) -> None:
    tell(f"calibrated: {path}", err=True)


def _report(stats: Stats) -> None:
    tell(stats.line(), err=True)
