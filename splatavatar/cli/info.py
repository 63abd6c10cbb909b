"""``splatavatar info``."""

from __future__ import annotations

from typing import Annotated

import typer

from splatavatar.cli.options import AvatarArgument
from splatavatar.cli.playing import open_avatar


def info(
    avatar: AvatarArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Show what an avatar file holds."""
    import json

    from splatavatar.avatar.describe import as_text, describe
    from splatavatar.trust.policy import describe_consent
    from splatavatar.trust.verification import describe_signature

    person, path = open_avatar(avatar)
    facts = {**describe(person, path), "signed": describe_signature(person), "consent": describe_consent(person)}
    typer.echo(json.dumps(facts, indent=2) if as_json else as_text(facts))
