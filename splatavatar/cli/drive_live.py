"""What ``splatavatar drive`` says while something live is at either end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.drive.live.stats import Stats
    from splatavatar.drive.session import Session


def drive_live(session: Session, stats: bool) -> None:
    """Runs ``session`` to its end. Raises SourceError, OutputError or DependencyError."""
    session.calibrated = _kept
    last = session.run(_report if stats else None)
    settings = session.settings
    width, height = settings.size
    drawn = settings.window or settings.virtual_camera or settings.outputs
    what = f"pictures of {width}x{height}" if drawn else "faces"
    tell(f"{last.rendered} {what}: {last.line()}")


def _kept(source: str, path: Path) -> None:
    tell(f"calibrated: {path}", err=True)


def _report(stats: Stats) -> None:
    tell(stats.line(), err=True)
