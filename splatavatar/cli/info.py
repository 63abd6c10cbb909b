"""``splatavatar info``."""

from __future__ import annotations

import typer

from splatavatar.cli.options import AvatarArgument
from splatavatar.cli.playing import open_avatar


def info(avatar: AvatarArgument = None) -> None:
    """Show what an avatar file holds."""
    from splatavatar.avatar.describe import describe

    typer.echo(describe(*open_avatar(avatar)))
