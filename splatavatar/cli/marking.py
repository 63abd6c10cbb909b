"""The option of the commands that write pictures by which these say nothing of themselves, and what is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.terminal import tell

# No variable of the environment and no file of settings stands for it: whoever leaves the marks out says so each time.
NoMarksOption = Annotated[
    bool, typer.Option("--no-marks", help="Write neither content credentials nor a watermark; says what is lost.")
]


def tell_unmarked(*paths: Path, shown: str = "what was shown") -> None:
    """Print what files lose that are written without marks; without any, what live pictures do, called ``shown``."""
    what = ", ".join(map(str, paths)) or shown
    tell(
        f"{what}: without marks, so neither people's tools nor platforms can tell that it shows an avatar, of whom, or "
        "what made it; where synthetic pictures of people must be marked, the duty is yours",
        err=True,
    )


def tell_unmarked_service() -> None:
    """Print, before anybody watches, what the pictures of a service or an agent lose that are sent without marks."""
    tell_unmarked(shown="what is shown from here")
