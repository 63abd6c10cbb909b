"""``splatavatar consent``: the record of whose face an avatar shows, and who says that it may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.consent_spoken import check, say
from splatavatar.cli.signing import SigningKeyOption, signs
from splatavatar.cli.terminal import tell

consent = typer.Typer(help="Say whose face an avatar shows, and what it may be used for.", no_args_is_help=True)

consent.command("say")(say)
consent.command("check")(check)


@consent.command("set")
def set_(
    avatar: Annotated[Path, typer.Argument(metavar="AVATAR", help="A .splatavatar file.", show_default=False)],
    record: Annotated[
        Path, typer.Option("--consent", metavar="FILE.toml", help="The record of consent.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Avatar file to write.", show_default=False)],
    key: SigningKeyOption = None,
) -> None:
    """Add a record of consent to an avatar, or replace the one that it has, and sign it.

    A signature of before goes: it is of what the file said then.
    """
    from dataclasses import replace

    from splatavatar.avatar.file import load_avatar, save_avatar
    from splatavatar.errors import TrustError
    from splatavatar.output import outputs_ready
    from splatavatar.trust.consent_file import read_consent
    from splatavatar.trust.policy import notice_of

    given = read_consent(record)
    if given.hash_sources:
        raise TrustError(f"{record}: hash_sources is for a bake, which has the footage; an avatar has not.")
    person = load_avatar(avatar)
    with outputs_ready(out), signs(key) as sign:
        said = replace(person, metadata={**person.metadata, "consent": given.consent.to_json()})
        save_avatar(out, said, sign)
    tell(f"{out}: {notice_of(said)}")
