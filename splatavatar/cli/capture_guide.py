"""``splatavatar capture guide``."""

from __future__ import annotations

import typer


def guide() -> None:
    """Print how to film yourself in 60 seconds."""
    from splatavatar.capture.inspection.guide import guide as text

    typer.echo(text())
