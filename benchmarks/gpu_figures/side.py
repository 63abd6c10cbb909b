"""``side_by_side.py`` in the time that there is."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import side_by_side
from published.comparison import Row
from published.smaller_capture import write_smaller

from gpu_figures.session import Session

SCORING = 45.0
"""seconds that a method may need beside its bake: scores of all pictures, frames a second"""
SMALL, SMALL_SECONDS = 32, 4.0


def run(session: Session) -> None:
    """Prints and keeps a row a method; where time is short, all are given the same share of theirs."""
    wanted = {name: seconds for name, (_, seconds) in side_by_side.METHODS.items()}
    room = max(session.left - SCORING * len(wanted), 1.0)
    share = min(1.0, room / sum(wanted.values()))
    if share < 1 and not session.rehearse:
        session.say(f"each method has {share:.0%} of its seconds: there is no time for more")
    session.keep(share_of_seconds=share)
    place = "cpu" if session.rehearse else "cuda"
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        capture = session.capture
        if session.rehearse:
            capture = Path(folder) / "capture"
            write_smaller(session.capture, capture, SMALL)
        for name, (method, seconds) in side_by_side.METHODS.items():
            if session.left <= 0:
                session.say(f"{name}: no time left")
                continue
            out = Path(folder) / name
            out.mkdir()
            rows.append(method(capture, SMALL_SECONDS if session.rehearse else share * seconds, place, out))
            session.keep(rows=[asdict(row) for row in rows])
            session.say(f"{name}: done")
    title = f"{session.capture.name} on {side_by_side.machine(place)}"
    session.console.print(side_by_side.table(rows, title), width=200)
